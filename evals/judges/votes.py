"""Votes: single replies of a judge, kept in a file so that nothing is asked twice, also after a kill."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from state.errors import BoundExceededError, UsageError
from state.usage import Usage


class Vote(BaseModel):
    """What a judge said when it was asked once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: str | None
    """One of the rubric's verdicts; None after a refusal, or where every reply broke the schema."""
    reason: str = ""
    problem: str | None = None
    """Why there is no verdict."""
    usage: Usage = Usage()


@dataclass
class VoteFile:
    """Votes by key: JSON Lines, appended as they come in; without a path they are kept in memory."""

    path: Path | None = None
    votes: dict[str, Vote] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> "VoteFile":
        """Read what is there; a last line that a kill cut off is asked for again.

        Raises:
            UsageError: the file cannot be read, or holds something else.
        """
        try:
            text = path.read_text(encoding="utf-8") if path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"Cannot read the votes {path}: {error}.", "Name another file.") from error
        *whole, rest = text.split("\n")
        votes = dict(_read(line, f"{path}, line {number}") for number, line in enumerate(whole, 1) if line)
        if rest:
            sys.stderr.write(f"{path} ends in a line that was cut off; that vote is asked for again.\n")
            path.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")
        return cls(path, votes)

    def keep(self, key: str, vote: Vote) -> None:
        """Keep a vote, on disk before the next one is asked for."""
        self.votes[key] = vote
        if self.path is None:
            return
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, **vote.model_dump(mode="json")}) + "\n")
        except OSError as error:
            raise UsageError(
                f"Cannot write the votes {self.path}: {error.strerror}.", "Name another file."
            ) from error


@dataclass
class Budget:
    """What judging may cost; checked before each call."""

    model_calls: int
    cost_usd: float | None = None
    """None is no bound, as for models without a price."""
    spent: Usage = field(default_factory=Usage)
    _under_way: int = 0

    def begin(self) -> None:
        """Count a call that is about to be made.

        Raises:
            BoundExceededError: it would exceed a bound.
        """
        if self.spent.model_calls + self._under_way >= self.model_calls:
            raise self._exceeded(f"{self.model_calls} model calls")
        if self.cost_usd is not None and (self.spent.cost_usd or 0.0) >= self.cost_usd > 0:
            raise self._exceeded(f"{self.cost_usd:g} US dollars")
        self._under_way += 1

    def end(self, usage: Usage) -> None:
        """Count what the call has cost."""
        self._under_way -= 1
        self.spent += usage

    def _exceeded(self, bound: str) -> BoundExceededError:
        return BoundExceededError(
            f"The judge's bound of {bound} is reached.",
            "Raise it and run the same again: finished votes are not asked for twice.",
        )


def _read(line: str, where: str) -> tuple[str, Vote]:
    try:
        fields = json.loads(line)
        return str(fields.pop("key")), Vote.model_validate(fields)
    except (ValidationError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UsageError(f"{where} is no vote.", "Name another file, or delete this one.") from error
