"""The judges of a suite: each a scorer that is asked over the network, and what is known of it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from evals.judges.calibration import Artefact, read_artefact
from evals.judges.judge import Judge, named_judge
from evals.judges.rubric import load
from evals.judges.scorer import AsyncScorer, judge_scorer
from evals.judges.trust import trusted
from evals.judges.votes import Budget, VoteFile
from evals.statistics.kappa import Table
from evals.suites.results import RunJudge
from evals.suites.suite import JudgeSection, Suite
from state.errors import UsageError
from state.models_policy import ModelsPolicy
from state.policy import load_policy
from state.settings import Settings

VOTES = "votes.jsonl"


@dataclass(frozen=True)
class SuiteJudge:
    """A judge, ready to score."""

    score: AsyncScorer
    known: RunJudge


def judges_of(suite: Suite, folder: Path, chosen: Settings) -> list[SuiteJudge]:
    """The judges that a suite names; their votes are kept in the run's folder, so none is asked for twice.

    Raises:
        UsageError: a rubric or a calibration cannot be read, or two judges give the same score.
        ModelError: a model's name has no known form.
    """
    if not suite.judges:
        return []
    models = load_policy(suite.agent.policy or chosen.policy).models
    votes = VoteFile.open(folder / VOTES)
    found = [_judge(section, models, votes, chosen) for section in suite.judges]
    names = [judge.known.score for judge in found]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"Two judges give the score {twice}.", "Give one of the rubrics another name.")
    return found


def _judge(section: JudgeSection, models: ModelsPolicy, votes: VoteFile, chosen: Settings) -> SuiteJudge:
    judge = replace(
        named_judge(section.model, load(section.rubric), models, chosen),
        votes=votes,
        budget=Budget(section.max_calls),
    )
    artefact = read_artefact(section.calibration) if section.calibration is not None else None
    trust = trusted(
        artefact,
        judge.model,
        judge.rubric.digest,
        datetime.now(UTC),
        level=section.level,
        max_age_days=section.max_age_days,
    )
    known = RunJudge(
        score=f"judge_{judge.rubric.name}",
        model=judge.chat.name,
        rubric=judge.rubric.digest,
        gates=trust.gates,
        trust=trust.reason,
        calibration=_table(artefact, judge),
    )
    return SuiteJudge(judge_scorer(judge, trust), known)


def _table(artefact: Artefact | None, judge: Judge) -> Table | None:
    """How the judge errs; a calibration of another model or rubric does not say it."""
    if artefact is None or (artefact.bound.model, artefact.bound.rubric) != (
        judge.model,
        judge.rubric.digest,
    ):
        return None
    return artefact.table
