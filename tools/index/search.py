"""Finding passages: what the legs propose of what the caller may read, ranked."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from models.embeddings.names import Embedder
from state.errors import WarrantError
from state.passage import Passage
from tools.index.access import check_rules
from tools.index.backend import Backend, Reader
from tools.index.errors import OtherModelError
from tools.index.local.backend import opened
from tools.index.ordering import Ordering

Found = TypeVar("Found")

NOTHING = "The index is empty. Add documents to it: `warrant index add PATH`."


class UnknownSourceError(WarrantError):
    """No such source, or none that the caller may read: the two look alike."""


class Index:
    """An index open for searching. It blocks and is thread-safe; nothing is opened before the first search.

    Each search sees one consistent version of the index, also while another process writes.
    """

    def __init__(
        self,
        where: Backend | Path,
        embedder: Embedder,
        ordering: Ordering | None = None,
        resolve: Callable[[str], Embedder] | None = None,
        rules: str = "",
    ) -> None:
        """Open nothing yet.

        Args:
            where: An index, or the folder in which it lies.
            embedder: The model that it is searched with.
            ordering: Puts in order what is found; by default by the features of the index.
            resolve: Makes a model by its name, so that searching goes on while and after the index is rebuilt
                with another one; without it that is an error.
            rules: Digest of the label rules of this process; an index that has others is not searched.
        """
        self._backend = opened(where)
        self._resolve = resolve
        self._rules = rules
        self._searched = False
        self._embedder = embedder
        self._ordering = ordering or Ordering()

    def search(self, query: str, passages: int, candidates: int, labels: frozenset[str]) -> list[Passage]:
        """The best passages, best first.

        Args:
            query: What is looked for.
            passages: How many are returned at most.
            candidates: How many each of the two legs proposes.
            labels: ACL labels that the caller holds; other passages take part in nothing.

        Raises:
            UsageError: the index was made with another embedding model.
            WarrantError: the index is damaged or cannot be opened.
        """
        return self._following(lambda embedder: self._search(embedder, query, passages, candidates, labels))

    def _following(self, use: Callable[[Embedder], Found]) -> Found:
        """Use the index with our model, or with that which took its place."""
        try:
            return use(self._embedder)
        except OtherModelError as error:
            return use(self._successor(error))

    def _successor(self, error: OtherModelError) -> Embedder:
        """The model of an index that was rebuilt since the last search, or is being rebuilt with ours.

        Any other difference is a mistake in the policy, and stays an error.
        """
        if self._resolve is None or not (
            self._searched or self._embedder.name in self._backend.rebuilt_with()
        ):
            raise error
        made_with = self._resolve(error.made_with)
        if self._searched:
            self._embedder = made_with
        return made_with

    def _search(
        self, embedder: Embedder, query: str, passages: int, candidates: int, labels: frozenset[str]
    ) -> list[Passage]:
        with self._backend.reading(embedder, labels) as reader:
            if reader is None:
                return []
            self._searched = True
            self._check(reader)
            proposal = reader.propose(query, embedder.embed([query])[0], candidates)
            if proposal is None:
                return []
            return self._ordering.best(proposal, reader, passages)

    def source_text(self, source: str, labels: frozenset[str]) -> str:
        """The extracted text of a source, to which the offsets of its passages refer.

        Raises:
            UnknownSourceError: there is none that this caller may read.
        """
        text = self._following(lambda embedder: self._text(embedder, source, labels))
        if text is None:
            raise UnknownSourceError(f"There is no source {source!r}.", "See `warrant index status`.")
        return text

    def _text(self, embedder: Embedder, source: str, labels: frozenset[str]) -> str | None:
        with self._backend.reading(embedder, labels) as reader:
            if reader is None:
                return None
            self._check(reader)
            return reader.source_text(source)

    def _check(self, reader: Reader) -> None:
        check_rules(reader.rules(), self._rules)

    def is_empty(self, labels: frozenset[str] | None = None) -> bool:
        """Whether there is nothing to be found by a holder of these labels; None: whoever asks."""
        return self._backend.is_empty(labels)
