from datetime import UTC, datetime

from state.passage import Passage, aged

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def passage(read_at: str | None) -> Passage:
    return Passage(id="p", text="Return A.", source="a.md", read_at=read_at)


def test_a_passage_is_stale_when_its_source_was_read_too_long_ago() -> None:
    passages = [passage("2026-03-09T12:00:00+00:00"), passage("2026-03-07T12:00:00+00:00"), passage(None)]
    assert [one.stale for one in aged(passages, 2, NOW)] == [False, True, True]
    assert [one.stale for one in aged(passages, None, NOW)] == [False, False, False]
