"""Calibration of judges of known abilities, what it says, and the trust that follows from it."""

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evals.cases.case import Case, Expectation, ExpectedAnswer
from evals.judges.calibration import calibrate, read_artefact
from evals.judges.item import data_digest, read_labels
from evals.judges.rubric import load
from evals.judges.scorer import judge_scorer
from evals.judges.trust import Trust, trusted
from evals.judges.votes import Budget
from evals.statistics.kappa import Table
from evals.trajectory import Call, Retrieved, Trajectory
from state.errors import UsageError
from tests.evals.judges.conftest import Bench, Sections, labelled, says
from tests.servers.openai_server import Behaviour, fails, obeys

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KNOWN = Table(27, 3, 2, 18)
"""The judge of `by_number` on `LABELS`, which refuses two of each kind besides."""


def by_number(seen: Sections) -> Behaviour:
    kind, number = seen["answer"].split()
    if int(number) >= 50:
        return obeys("I will not say.")
    right = int(number) >= {"good": KNOWN.false_bad, "bad": KNOWN.false_good}[kind]
    return says("supported" if (kind == "good") == right else "unsupported")


LABELS = [
    labelled(f"{kind} {number}", f"{kind} {number}", good=kind == "good", evidence="…")
    for kind, count in (("good", 30), ("bad", 20))
    for number in (*range(count), 50, 51)
]


def test_a_calibration_finds_the_judges_confusion_matrix_and_counts_the_undefined_apart(bench: Bench) -> None:
    judge = bench.judge(by_number, concurrency=8)
    found = asyncio.run(calibrate(judge, LABELS, NOW))
    assert found.table == KNOWN
    assert found.undefined == {"invalid": 4}
    assert (found.n, found.kappa.n, found.tpr.n, found.tnr.n) == (54, 50, 30, 20)
    assert (found.tpr.value, found.tnr.value) == (0.9, 0.9)
    assert found.kappa.value == pytest.approx(0.384 / 0.484, abs=1e-12)
    assert found.bound.model == judge.model
    assert found.bound.rubric == load("faithful").digest
    assert found.bound.data == data_digest(LABELS[::-1]) != data_digest(LABELS[1:])
    assert found.usage.model_calls == 50 + 4 * 3
    assert type(found).model_validate_json(found.model_dump_json()) == found


def test_repeats_measure_self_consistency(bench: Bench) -> None:
    asked = dict[str, int]()

    def wavering(seen: Sections) -> Behaviour:
        number = asked[seen["answer"]] = asked.get(seen["answer"], 0) + 1
        return says("unsupported" if seen["answer"] == "good 1" and number == 1 else "supported")

    items = [labelled(f"good {n}", f"good {n}", good=n < 3, evidence="…") for n in range(4)]
    found = asyncio.run(calibrate(bench.judge(wavering, repeats=3), items, NOW))
    assert found.unanimous is not None
    assert (found.unanimous.value, found.unanimous.n) == (0.75, 4)
    assert found.table == Table(3, 0, 1, 0)


def test_a_judge_that_prefers_a_side_is_found_out(bench: Bench) -> None:
    pairs = [labelled(str(n), "long" if n % 2 else "short", good=n % 2 == 0, other="both") for n in range(6)]

    def first_unless_long(seen: Sections) -> Behaviour:
        return says("second" if seen["first"] == "long" else "first")

    found = asyncio.run(calibrate(bench.judge(first_unless_long, "better"), pairs, NOW))
    assert found.kept_to_a_side == {"first": 3, "second": 0}
    assert found.undefined == {"orders disagree": 3}
    assert found.table == Table(0, 0, 0, 3)
    assert found.kappa.value is None


def test_labels_of_one_kind_are_refused_before_a_model_is_asked(bench: Bench) -> None:
    with pytest.raises(UsageError, match="All 32 labels of the calibration set are good"):
        asyncio.run(calibrate(bench.judge(by_number), LABELS[:32], NOW))
    assert bench.requests == 0


def test_a_judge_gates_only_by_a_fresh_calibration_of_exactly_itself_above_the_level(bench: Bench) -> None:
    judge = bench.judge(by_number)
    found = asyncio.run(calibrate(judge, LABELS, NOW))
    assert found.kappa.low is not None
    level, model, rubric = found.kappa.low - 0.01, judge.model, judge.rubric.digest

    def said(
        artefact: Any = found, m: str = model, r: str = rubric, now: datetime = NOW, **more: Any
    ) -> Trust:
        return trusted(artefact, m, r, now, **{"level": level, **more})

    assert said().gates
    for doubt, why in (
        (said(None), "no calibration"),
        (said(m="sha256:other"), "another model"),
        (said(r="sha256:other"), "rubric has changed"),
        (said(now=NOW + timedelta(days=91)), "2026-11-24"),
        (said(now=NOW - timedelta(days=1)), "2026-11-24"),
        (said(level=found.kappa.low), "lower bound"),
        (said(level=float("nan")), "lower bound"),
    ):
        assert not doubt.gates
        assert why in doubt.reason
        assert "warrant eval judge calibrate" in doubt.reason


def test_a_judge_scores_a_run_and_an_advisory_score_fails_nothing(bench: Bench) -> None:
    seen_by_judge: list[Sections] = []

    def decide(seen: Sections) -> Behaviour:
        seen_by_judge.append(seen)
        return says("unsupported", "Nothing says so.")

    case = Case(id="c", input="?", expect=Expectation(answer=ExpectedAnswer(contains=("blue",))))
    run = Trajectory(
        answer={"text": "It is blue."},
        calls=(Call("look", {}, output={"colour": "red"}), Call("fail", {}, error="down")),
        retrieved=(Retrieved(("p",), ("s",), ("a passage",)),),
    )
    score = judge_scorer(bench.judge(decide), Trust(False, "Advisory, since it has no calibration."))
    (found,) = asyncio.run(score(case, run))
    assert seen_by_judge[0]["evidence"] == ["a passage", {"colour": "red"}]
    assert (found.name, found.value, found.passed, found.gates) == ("judge_faithful", 0.0, False, False)
    assert found.reason == "Nothing says so. Advisory, since it has no calibration."


def test_a_run_that_cannot_be_judged_has_no_value(bench: Bench) -> None:
    trust = Trust(True, "Calibrated.")
    run, case = Trajectory(answer="a"), Case(id="c", input="?")
    for judge in (
        bench.judge(lambda _seen: fails(500)),
        bench.judge(lambda _seen: obeys("no")),
        bench.judge(by_number, budget=Budget(0)),
    ):
        (found,) = asyncio.run(judge_scorer(judge, trust)(case, run))
        assert (found.value, found.passed) == (None, None)
        assert found.reason
    no_json = Trajectory(answer="good 50", calls=(Call("look", {}, output=float("nan")),))
    (found,) = asyncio.run(judge_scorer(bench.judge(by_number), trust)(case, no_json))
    assert (found.value, found.passed) == (None, None)
    assert found.reason.startswith("Not judged: the run")
    with pytest.raises(UsageError, match="compares pairs"):
        judge_scorer(bench.judge(by_number, "better"), trust)


def test_labels_are_read_in_several_spellings(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {"id": "1", "context": ["a", "b"], "response": "ä", "supported": 1, "label": "Fully"},
        {"id": "2", "evidence": "a", "answer": "b", "label": "fail", "input": {"q": 1}},
        {"id": "3", "answer": "b", "label": "unsupported"},
        {"id": "4", "answer": "b", "label": True},
    ]
    path = tmp_path / "labels.jsonl.gz"
    path.write_bytes(gzip.compress("\n\n".join(map(json.dumps, lines)).encode()))
    found = read_labels(path, load("faithful"))
    assert [one.good for one in found] == [True, False, False, True]
    assert found[0].item.evidence == ["a", "b"]
    assert found[0].item.answer == "ä"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("", "holds no labels"),
        (
            '{"id": "1", "answer": "a", "label": 1}\n{"id": "1", "answer": "a", "label": 0}',
            "stands in line 1",
        ),
        ('{"id": "1", "answer": "a", "label": 1}\n{"id": "2", "answer": "a", "label": 1}', "All 2 labels"),
        ('{"id": "1", "answer": "a", "label": "maybe"}', "line 1 has the label 'maybe'"),
        ('{"id": "1", "answer": "a", "label": [1]}', r"line 1 has the label \[1\]"),
        ('{"id": "1", "answer": "a"}', "line 1 has the label None"),
        ('{"id": "1", "label": 1}', "line 1 lacks answer"),
        ('{"id": 1, "answer": "a", "label": 1}', "line 1 is no item: id"),
        ('{"id": "1", "answer": "\\ud800", "label": 1}', "lone surrogate"),
        ('{"id": "1", "answer": NaN, "label": 1}', "NaN"),
        ("[" * 100_000, "line 1 is no item"),
        ("3", "line 1 is not an object"),
        ('{"id": "1"', "line 1 is no item"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_with_their_line(
    tmp_path: Path, lines: str, problem: str
) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(lines)
    with pytest.raises(UsageError, match=problem):
        read_labels(path, load("faithful"))


def test_what_is_no_calibration_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(UsageError, match="Cannot read"):
        read_artefact(path)
    path.write_text("{}")
    with pytest.raises(UsageError, match="is no calibration"):
        read_artefact(path)
