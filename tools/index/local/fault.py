"""One thing that is wrong with an index."""

from pydantic import BaseModel, ConfigDict


class Fault(BaseModel):
    """A part of an index that is not what was written."""

    model_config = ConfigDict(frozen=True)

    part: str
    """Where it lies, relative to the folder of the index."""
    problem: str
    repairable: bool
    """Whether `warrant index check --repair` can make it good."""
