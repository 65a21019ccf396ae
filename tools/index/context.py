"""Widening what was found: a passage together with those beside it, or with its section."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from state.canonical import digest_text
from state.passage import Passage

Context: TypeAlias = Literal["none", "neighbours", "section"]


class _Span(NamedTuple):
    start: int
    end: int


def widen(
    passages: Sequence[Passage],
    siblings: Sequence[Sequence[Passage]],
    texts: Mapping[str, str],
    context: Context,
    chars: int,
) -> list[Passage]:
    """The passages, each grown to a longer exact span of its source; those that then overlap become one.

    A passage grows by whole neighbours, first the one after it, as long as it has at most `chars` characters;
    what was found is never cut. One that overlaps a better one joins it, so merged ones may have more. The
    result stands in the order of the ranking, and keeps the id, title, labels and scores of its best passage.

    Args:
        passages: What a search returned, best first.
        siblings: For each of them, passages of its source around it, in the order of the text without a gap.
        texts: By name, the text of each source; passages of an absent one stay as they are.
        context: `neighbours` takes the passage before and the one after, `section` those of its headings.
        chars: Characters of a widened passage.
    """
    if context == "none":
        return list(passages)
    spans = [
        _grown(one, beside, context, chars) if one.source in texts else _Span(one.start, one.end)
        for one, beside in zip(passages, siblings, strict=True)
    ]
    return [
        _merged(passages[group[0]], [spans[one] for one in group], texts)
        for group in _groups(passages, spans)
    ]


def _grown(passage: Passage, beside: Sequence[Passage], context: Context, chars: int) -> _Span:
    place = next((at for at, one in enumerate(beside) if one.start == passage.start), None)
    if place is None:
        return _Span(passage.start, passage.end)
    after = _joining(passage, beside[place + 1 :], context)
    before = _joining(passage, beside[:place][::-1], context)
    span = _Span(passage.start, passage.end)
    while after or before:
        for side in (after, before):
            if side:
                one = side.pop(0)
                larger = _Span(min(span.start, one.start), max(span.end, one.end))
                if larger.end - larger.start > chars:
                    side.clear()
                else:
                    span = larger
    return span


def _joining(passage: Passage, side: Sequence[Passage], context: Context) -> list[Passage]:
    """The neighbours on one side that may join, nearest first."""
    if context == "neighbours":
        return list(side[:1])
    last = next((at for at, one in enumerate(side) if one.title != passage.title), len(side))
    return list(side[:last])


def _groups(passages: Sequence[Passage], spans: Sequence[_Span]) -> list[list[int]]:
    """Places of the passages whose spans overlap; groups and what is in them in the order of the ranking."""
    order = sorted(range(len(passages)), key=lambda place: (passages[place].source, spans[place]))
    groups = [order[:1]] if order else []
    reached = spans[order[0]].end if order else 0
    for before, place in pairwise(order):
        same = passages[before].source == passages[place].source
        if same and spans[place].start < reached:
            groups[-1].append(place)
        else:
            groups.append([place])
        reached = max(reached if same else 0, spans[place].end)
    return sorted(sorted(group) for group in groups)


def _merged(best: Passage, spans: Sequence[_Span], texts: Mapping[str, str]) -> Passage:
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    if (start, end) == (best.start, best.end):
        return best
    text = texts[best.source][start:end]
    return best.model_copy(update={"text": text, "start": start, "end": end, "digest": digest_text(text)})
