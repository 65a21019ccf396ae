"""What the judges of a run say: the rate as they give it, and the one behind it."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from evals.judges.agreement import Estimate
from evals.judges.correction import corrected_rate
from evals.statistics.intervals import clustered
from evals.statistics.kappa import Table
from evals.suites.measures import values
from evals.suites.results import RunInfo, RunJudge, Trial


class JudgeRate(BaseModel):
    """The share of trials that a judge calls good."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    apparent: Estimate
    """As the judge gives it; Wilson's interval on the effective number of trials, its own errors aside."""
    corrected: Estimate | None
    """By Rogan and Gladen, with an interval for both samples; None without a calibration of this judge."""
    undefined: int
    """Trials without a verdict; they count in no rate."""
    gates: bool
    trust: str
    """Why it gates, or only advises."""


def judge_rates(info: RunInfo, trials: Sequence[Trial]) -> dict[str, JudgeRate]:
    """Score → its rate, for each judge of a run."""
    return {judge.score: _rate(judge, trials) for judge in info.judges}


def _rate(judge: RunJudge, trials: Sequence[Trial]) -> JudgeRate:
    cases = [list(one.values()) for one in values(trials, judge.score).values()]
    count = sum(map(len, cases))
    apparent, corrected = Estimate(value=None, n=0), None
    if cases:
        found = clustered(cases)
        low, high = found.wilson()
        apparent = Estimate(value=found.mean, low=low, high=high, n=count)
        if judge.calibration is not None:
            good = found.mean * found.effective_n
            corrected = corrected_rate(good, found.effective_n, Table(*judge.calibration))
    asked = sum(score.name == judge.score for trial in trials for score in trial.scores)
    return JudgeRate(
        apparent=apparent,
        corrected=corrected,
        undefined=asked - count,
        gates=judge.gates,
        trust=judge.trust,
    )
