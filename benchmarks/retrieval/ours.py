"""Our index, by the policy's settings; and the textbook's fusion of its two rankings."""

from collections.abc import Callable
from functools import partial

from benchmarks.retrieval.system import Corpus, Searching
from evals.retrieval.indexed import index, namer, opened
from evals.retrieval.measuring import DEPTH
from evals.retrieval.metrics import Found
from state.passage import Passage
from state.policy import RetrievalPolicy, load_policy
from state.settings import settings


def ours(corpus: Corpus) -> Searching:
    policy, document = _policy(), namer(corpus.collection)
    search = _search(corpus, policy)

    def found(query: str, passages: int) -> list[Found]:
        return [Found(document(one.source), one.start, one.end) for one in search(query, passages)]

    return Searching(partial(found, passages=DEPTH), partial(found, passages=policy.passages))


def fused(corpus: Corpus) -> Searching:
    """Reciprocal Rank Fusion, k = 60, of the legs that `ours` ranks."""
    document, search = namer(corpus.collection), _search(corpus, _policy())

    def rank(query: str) -> list[Found]:
        passages = sorted(search(query, DEPTH), key=lambda one: -one.scores.fused)
        return [Found(document(one.source), one.start, one.end) for one in passages]

    return Searching(rank)


def _policy() -> RetrievalPolicy:
    return load_policy(settings().policy).retrieval


def _search(corpus: Corpus, policy: RetrievalPolicy) -> Callable[[str, int], list[Passage]]:
    folder = index(corpus.collection, corpus.embedder, corpus.folder).folder
    searched = opened(folder, corpus.embedder, policy)
    return lambda query, passages: searched.search(query, passages, policy.candidates, frozenset())
