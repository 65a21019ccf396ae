"""Calibration: a judge measured against labels, as an artefact that is bound to what was measured."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from evals.judges.agreement import Estimate, kappa_estimate, rate
from evals.judges.item import Labelled, check_classes, data_digest
from evals.judges.judge import Judge, Judgement
from evals.statistics.kappa import Table
from state.errors import UsageError
from state.usage import Usage


class Bound(BaseModel):
    """What a calibration holds for: digests, and names for people."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    """Digest of the judge model's name and settings."""
    model_name: str
    rubric: str
    rubric_name: str
    data: str


class Artefact(BaseModel):
    """What `warrant eval judge calibrate` writes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(default=1, ge=1, le=1)
    created: AwareDatetime
    bound: Bound
    n: int
    """Labelled items."""
    prevalence: float
    """Share of them that people call good."""
    undefined: dict[str, int]
    """Items without a verdict, by why; they count in no rate."""
    table: Table
    kappa: Estimate
    tpr: Estimate
    """How often the judge calls good what is good."""
    tnr: Estimate
    """How often it calls bad what is bad."""
    repeats: int
    unanimous: Estimate | None = None
    """Self-consistency: share of items on which all repeats agree; None for a single repeat."""
    kept_to_a_side: dict[str, int] | None = None
    """Position bias of a pairwise judge: how often it named `first`, or `second`, in both orders."""
    usage: Usage
    """What this calibration has spent, without votes that were kept from before."""


async def calibrate(
    judge: Judge,
    labelled: Sequence[Labelled],
    created: datetime,
    done: Callable[[int], None] = lambda _count: None,
) -> Artefact:
    """Judge labelled items and compare.

    Raises:
        UsageError: all labels are alike.
        ModelError, BoundExceededError: judging had to stop; finished votes are kept.
    """
    check_classes(labelled, "the calibration set")
    judgements = await judge.judge_all([one.item for one in labelled], done)
    table = confusion(labelled, judgements)
    bound = Bound(
        model=judge.model,
        model_name=judge.chat.name,
        rubric=judge.rubric.digest,
        rubric_name=judge.rubric.name,
        data=data_digest(labelled),
    )
    return Artefact(
        created=created,
        bound=bound,
        n=len(labelled),
        prevalence=sum(one.good for one in labelled) / len(labelled),
        undefined=dict(sorted(Counter(one.undefined for one in judgements if one.undefined).items())),
        table=table,
        kappa=kappa_estimate(table),
        tpr=rate(table.true_good, table.good),
        tnr=rate(table.true_bad, table.bad),
        repeats=judge.repeats,
        unanimous=_unanimous(judgements) if judge.repeats > 1 else None,
        kept_to_a_side=_sides(judgements) if judge.rubric.kind == "pairwise" else None,
        usage=judge.budget.spent,
    )


def confusion(labelled: Sequence[Labelled], judgements: Sequence[Judgement]) -> Table:
    """The confusion matrix of the items that have a verdict."""
    seen = Counter((one.good, said.good) for one, said in zip(labelled, judgements, strict=True))
    return Table(seen[True, True], seen[True, False], seen[False, True], seen[False, False])


def read_artefact(path: Path) -> Artefact:
    """An artefact of a file.

    Raises:
        UsageError: it cannot be read or is none.
    """
    way_out = "Write one: warrant eval judge calibrate LABELS --rubric NAME --model NAME --out FILE."
    try:
        return Artefact.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"Cannot read the calibration {path}: {error.strerror}.", way_out) from error
    except ValidationError as error:
        raise UsageError(f"{path} is no calibration: {error.errors()[0]['msg']}.", way_out) from error


def _unanimous(judgements: Sequence[Judgement]) -> Estimate:
    return rate(sum(one.unanimous for one in judgements), len(judgements))


def _sides(judgements: Sequence[Judgement]) -> dict[str, int]:
    kept = Counter(side for one in judgements for side in one.sides)
    return {"first": kept["first"], "second": kept["second"]}
