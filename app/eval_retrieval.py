"""`warrant eval retrieval`: how well documents are found, on a collection with judgements."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from state.errors import UsageError

if TYPE_CHECKING:
    from evals.retrieval.collection import Collection
    from evals.retrieval.comparing import Comparison
    from evals.retrieval.metrics import Gain
    from evals.retrieval.results import Measured
    from evals.retrieval.summary import Summary

EPILOG = """Exit codes: 0 measured, nothing got worse; 1 --compare shows that it did; 2 usage; 3 cannot tell.

Example: warrant eval retrieval --corpus corpus.jsonl.gz --queries queries.jsonl.gz --qrels qrels.tsv"""
LINE_SECONDS = 10.0
"""Between two lines of progress."""


def retrieval(
    corpus: Annotated[
        Path, typer.Option(exists=True, help="JSON Lines (_id, title, text), or a folder of documents.")
    ],
    queries: Annotated[Path, typer.Option(exists=True, help="JSON Lines: _id, text.")],
    qrels: Annotated[
        Path, typer.Option(exists=True, help="Judgements: of BEIR, of TREC, or spans of characters.")
    ],
    index: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Keep the index in this folder, and take it from there again."),
    ] = None,
    run: Annotated[
        Path | None, typer.Option(exists=True, help="Score this run in TREC's format, not our search.")
    ] = None,
    candidates: Annotated[
        int | None, typer.Option(min=1, max=1_000, help="Of each leg; the policy's number if left out.")
    ] = None,
    gain: Annotated[
        Literal["linear", "exponential"], typer.Option(help="Of a grade in nDCG; trec_eval's is linear.")
    ] = "linear",
    out: Annotated[Path | None, typer.Option(help="Keep what each query found as JSON Lines.")] = None,
    compare: Annotated[
        list[Path] | None,
        typer.Option(exists=True, help="A file that --out kept before: is this worse? May be repeated."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="A measure that decides; may be repeated. nDCG@10 by default, for spans hit@1."),
    ] = None,
    max_drop: Annotated[
        float | None, typer.Option(min=0, help="How much worse a measure may be; asks for evidence of it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Index a corpus, search each query as the product does, and score what is found.

    Nothing of it touches the index of WARRANT_HOME. Compressed files are read as they are.
    """
    from evals.retrieval import results, trec
    from evals.retrieval.collection import load
    from evals.retrieval.summary import summary

    if run is not None and (index is not None or candidates is not None):
        raise UsageError("--run takes what another system found.", "Leave out --index and --candidates.")
    earlier = {str(path): results.read(path) for path in compare or ()}
    collection = load(corpus, queries, qrels)
    if run is not None:
        found = trec.measure(collection, run, gain)
    else:
        found = _searched(collection, index, candidates, gain)
    compared = _compared(earlier, found, metric or [], max_drop)
    if out is not None:
        results.write(out, found)
    _print(summary(found), compared, as_json=as_json)
    raise typer.Exit(_exit_code(compared))


def _searched(
    collection: "Collection", folder: Path | None, candidates: int | None, gain: "Gain"
) -> "Measured":
    from evals.retrieval.indexed import index
    from evals.retrieval.measuring import Configuration, measure
    from models.embeddings.names import resolve
    from state.policy import load_policy
    from state.settings import settings
    from tools.index.ingest import Summary

    policy = load_policy(settings().policy)
    wanted = policy.retrieval
    if candidates is not None:
        wanted = wanted.model_copy(update={"candidates": candidates})
    embedder = resolve(policy.models.embedding)
    line = _Lines()

    def indexing(done: Summary, _files: int) -> None:
        line(
            f"indexing: {done.added + done.changed + done.unchanged:,} documents, {done.passages:,} passages"
        )

    with _folder(folder) as place:
        indexed = index(collection, embedder, place, indexing)
        for problem in indexed.summary.broken[:3]:
            sys.stderr.write(f"not indexed: {problem.source}: {problem.error}\n")
        chosen = Configuration(wanted, settings().held_labels(), gain)
        return measure(
            collection, indexed, embedder, chosen, lambda done, total: line(f"{done}/{total} queries")
        )


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    with TemporaryDirectory(prefix="warrant-retrieval-") as made:
        yield Path(made)


class _Lines:
    """Progress on stderr, a line now and then."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, text: str) -> None:
        if time.monotonic() - self._last >= LINE_SECONDS:
            self._last = time.monotonic()
            sys.stderr.write(text + "\n")


def _compared(
    earlier: "dict[str, Measured]", found: "Measured", metrics: list[str], max_drop: float | None
) -> "list[Comparison]":
    from evals.retrieval.comparing import compare

    return [compare(base, found, name, metrics, max_drop=max_drop) for name, base in earlier.items()]


def _print(found: "Summary", compared: "list[Comparison]", *, as_json: bool) -> None:
    from app.drawing import show
    from app.eval_retrieval_drawn import Printed, drawn

    if as_json:
        sys.stdout.write(Printed(measured=found, compared=compared).model_dump_json(indent=2) + "\n")
    else:
        show(*drawn(found, compared))


def _exit_code(compared: "list[Comparison]") -> int:
    """A regression outweighs what cannot be told."""
    from app.eval_compare import EXIT

    codes = {EXIT[one.decision] for one in compared}
    return next((code for code in (1, 3) if code in codes), 0)
