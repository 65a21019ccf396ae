"""One result from several wordings of a question."""

from collections.abc import Sequence

from state.passage import Passage
from tools.index.ranking.fusion import fuse


def merge(results: Sequence[Sequence[Passage]], count: int) -> list[Passage]:
    """The best passages over all results, by Reciprocal Rank Fusion of their ranks.

    A passage keeps the scores it has in the result where it stands highest; of equal ranks the first
    result's, so that the question as it was put goes before its other wordings.
    """
    if len(results) == 1:
        return list(results[0][:count])
    kept: dict[str, tuple[int, Passage]] = {}
    for result in results:
        for rank, passage in enumerate(result):
            if passage.id not in kept or rank < kept[passage.id][0]:
                kept[passage.id] = rank, passage
    fused = fuse(*([passage.id for passage in result] for result in results))
    return [kept[id_][1] for id_ in list(fused)[:count]]
