"""Trust: a judge gates only where a fresh calibration says that it can."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from evals.judges.calibration import Artefact

CALIBRATE = "Calibrate it: warrant eval judge calibrate LABELS --rubric NAME --model NAME --out FILE."
LEVEL = 0.6
"""Lower bound of kappa; 0.61 is where Landis and Koch (1977) begin to call agreement substantial."""
MAX_AGE_DAYS = 90.0


@dataclass(frozen=True)
class Trust:
    """Whether a judge's score may fail a trial, and why or why not."""

    gates: bool
    reason: str


def trusted(
    artefact: Artefact | None,
    model: str,
    rubric: str,
    now: datetime,
    *,
    level: float = LEVEL,
    max_age_days: float = MAX_AGE_DAYS,
) -> Trust:
    """Whether a calibration lets a judge gate.

    Args:
        artefact: The calibration, if there is one.
        model: Digest of the judge model's name and settings, `Judge.model`.
        rubric: `Rubric.digest`.
        now: With its time zone; a calibration from the future is none.
        level: What the lower bound of kappa has to exceed.
        max_age_days: A model behind a name may change.
    """
    if artefact is None:
        return _advisory("it has no calibration")
    if artefact.bound.model != model:
        return _advisory(f"its calibration is of another model or setting ({artefact.bound.model_name})")
    if artefact.bound.rubric != rubric:
        return _advisory(f"its rubric has changed since the calibration of {artefact.bound.rubric_name}")
    age = now - artefact.created
    if not timedelta(0) <= age <= timedelta(days=max_age_days):
        return _advisory(
            f"its calibration is of {artefact.created:%Y-%m-%d}, not of the last {max_age_days:g} days"
        )
    low = artefact.kappa.low
    if low is None or not low > level:
        found = "undefined" if low is None else f"{low:.2f}"
        return _advisory(f"the lower bound of its kappa is {found}, not above {level:g}")
    return Trust(
        True, f"Calibrated on {artefact.n} labels: kappa {artefact.kappa.value:.2f}, at least {low:.2f}."
    )


def _advisory(why: str) -> Trust:
    return Trust(False, f"Advisory, since {why}. {CALIBRATE}")
