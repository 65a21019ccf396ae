"""A model's own refusal: the run ends as refused, in the model's words, and not as a failure."""

from models.gate.refusing import refusing
from state.agent import Ending

REFUSED = "The model refused to answer, and said: {said}"


def refused(said: str) -> Ending | None:
    """How the run ends if the model says that it will not help; None if it says anything else."""
    return Ending(outcome="refused", reason=REFUSED.format(said=said)) if refusing(said) else None
