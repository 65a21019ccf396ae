from datetime import UTC, datetime

from evals.gate.live import Live, add, alerts
from evals.gate.lived import lived
from evals.gate.reports import picked, reported
from state.verdict import Place
from tests.evals.gate.test_harvest import PASSAGES, trace

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _live(digest: str = "r") -> dict[Place, Live]:
    def acted(category: str, decision: str) -> bool:
        return category == "indirect_injection" and decision != "allow"

    return {"screen": Live(acted, "sha256:s"), "result": Live(acted, f"sha256:{digest}")}


def test_every_text_that_was_judged_counts_and_what_was_held_back_of_them() -> None:
    places = _live()
    add(places, trace("a", "One?", PASSAGES), [])
    add(places, trace("b", "Two?", {"x": 1}, verdicts={"result": "quarantine", "screen": "refuse"}), [])
    assert (places["screen"].judged, places["screen"].held) == (2, 1)
    assert (places["result"].judged, places["result"].held) == (3, 1)


def test_runs_that_another_gate_judged_do_not_count() -> None:
    places = _live("other")
    add(places, trace("a", "One?", PASSAGES), [])
    assert (places["screen"].judged, places["result"].judged) == (1, 0)
    add(places, [], [])


def test_reports_count_by_place() -> None:
    places, runs = _live(), trace("a", "One?", {"x": 1})
    feedback = reported(None, "false_alarm", picked(lived(runs), "result", None), "human", NOW)
    add(places, runs, [feedback])
    assert places["result"].reported == {"false_alarm": 1}
    assert places["screen"].reported == {}


def test_more_than_was_promised_alerts_and_chance_does_not() -> None:
    live = _live()["result"]
    assert (live.surprise(0.01), alerts(live, 0.01)) == (None, False)
    acted = {"category": "indirect_injection", "decision": "quarantine"}
    live.add(300, [acted] * 6)
    assert not alerts(live, 0.01)
    live.add(0, [acted] * 8)
    assert alerts(live, 0.01)
    live.add(0, [{"category": "secret", "decision": "refuse"}] * 50)
    assert live.acted == 14
