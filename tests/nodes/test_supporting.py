"""Verify with a checker: verdicts are recorded, claims dropped, bounds kept, failures said."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from models.embeddings.names import resolve as embedder
from models.faithfulness.checker import Checked, Checker
from models.faithfulness.judge import JudgeChecker
from models.faithfulness.names import resolve
from nodes.supporting import Supporting
from nodes.verify import Verify, VerifyView
from state.agent import Rounds, Terms
from state.errors import UsageError
from state.plan import StepResult
from state.policy import Limits, VerifyPolicy
from state.support import Support
from state.usage import Usage
from tests.fakes import ScriptedChat

GUIDE = Path(__file__).parents[2] / "docs" / "faithfulness.md"
OWN = GUIDE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
TEXT = "The warehouse in Hamburg opened in 1998."


class Says:
    """A checker that says what it was told to."""

    def __init__(self, verdict: Any = "supported", spends: bool = False) -> None:
        self.verdict, self.spends, self.asked = verdict, spends, 0

    async def check(self, claim: str, evidence: Sequence[str]) -> Checked:
        self.asked += 1
        if isinstance(self.verdict, Exception):
            raise self.verdict
        if self.verdict == "sleeps":
            await asyncio.sleep(60)
        return Checked(Support(score=0.5, verdict=self.verdict), Usage(model_calls=int(self.spends)))


def verified(checker: Checker, *claims: str, used: int = 9, limits: Any = None, **policy: Any) -> Any:
    cited = [{"passage": "s1", "quote": "Hamburg"}]
    step = StepResult(step="s1", tool="tool", args={}, status="done", output=TEXT)
    view = VerifyView(
        request="",
        draft={"claims": [{"text": text, "citations": cited} for text in claims], "missing": None},
        attempts=[],
        results={"s1": step.model_dump(mode="json")},
        rounds=Rounds(plan=0, replan=0, answer=used),
        terms=Terms(model="", plan_retries=0, answer_retries=1, replans=0, passages=1, answer_schema=None),
        usage=Usage().model_dump(),
    )
    supporting = Supporting(checker, VerifyPolicy(**policy), limits or Limits())
    return asyncio.run(Verify(supporting)(view))


def test_the_verdict_is_recorded_with_the_claim() -> None:
    features = resolve("features", "default", embedder, lambda _: ScriptedChat({}))
    update = verified(features, TEXT, "It is the biggest warehouse of Europe.")
    first, second = (claim["support"] for claim in update["answer"]["claims"])
    assert (first["verdict"], first["by"]) == ("supported", "features")
    assert second["score"] < first["score"]
    assert second["flags"][0]["text"] == "Europe"
    assert "usage" not in update


def test_flag_keeps_and_drop_drops_what_is_unsupported() -> None:
    assert len(verified(Says("unsupported"), TEXT)["answer"]["claims"]) == 1
    update = verified(Says("unsupported"), TEXT, support="drop")
    assert update["answer"]["claims"] == []
    assert update["violations"][0]["path"] == "/claims/0/text"
    back = verified(Says("unsupported"), TEXT, support="drop", used=0)
    assert back["feedback"][0]["message"] == "the cited evidence does not support it"
    assert back["rounds"]["answer"] == 1
    assert len(verified(Says("unsure"), TEXT, support="drop")["answer"]["claims"]) == 1


@pytest.mark.parametrize(
    ("verdict", "said"), [(RuntimeError("broken"), "broken"), ("sleeps", "verify.timeout_seconds")]
)
def test_a_claim_that_cannot_be_checked_stays_and_the_reason_is_said(verdict: Any, said: str) -> None:
    update = verified(Says(verdict), TEXT, support="drop", timeout_seconds=0.2)
    assert update["answer"]["claims"][0]["support"] is None
    assert said in update["violations"][0]["message"]


def test_a_judge_is_bounded_by_policy_and_by_the_run_and_its_calls_count() -> None:
    judge = Says(spends=True)
    update = verified(judge, "Hamburg.", "Hamburg!", "Hamburg", judge_calls=2)
    assert (judge.asked, update["usage"]["model_calls"]) == (2, 2)
    judge = Says(spends=True)
    update = verified(judge, "Hamburg.", "Hamburg!", limits=Limits(model_calls=1))
    assert (judge.asked, update["usage"]["model_calls"]) == (1, 1)
    assert "limits.model_calls" in update["violations"][0]["message"]


def test_a_model_judges_by_a_schema_and_what_breaks_it_is_no_verdict() -> None:
    replies = [{"reason": "Other year.", "verdict": "unsupported"}, {"verdict": "perhaps"}]
    judge = ScriptedChat({"support": list(replies)})
    update = verified(JudgeChecker(judge), "Hamburg.", "Hamburg!")
    first, second = (claim["support"] for claim in update["answer"]["claims"])
    assert (first["verdict"], first["score"], first["by"]) == ("unsupported", 0.0, "judge:scripted")
    assert second is None
    assert "no valid verdict" in update["violations"][0]["message"]
    assert update["usage"]["model_calls"] == 2
    assert judge.sections("support")[0]["evidence"] == [f'"{TEXT}"']


def test_checkers_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def chat(name: str) -> ScriptedChat:
        return ScriptedChat({}, name=name)

    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_checker.py").write_text(OWN, encoding="utf-8")
    own = resolve("own_checker:mine", "default", embedder, chat)
    assert verified(own, TEXT)["answer"]["claims"][0]["support"]["by"] == "mine"
    assert isinstance(resolve("judge:offline", "default", embedder, chat), JudgeChecker)
    for wrong in ("judge:", "nowhere:none", "json:dumps", "x"):
        with pytest.raises(UsageError, match="Use features"):
            resolve(wrong, "default", embedder, chat)
