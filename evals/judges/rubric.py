"""Rubrics: what a judge decides, by which criteria, and what it sees; Markdown with TOML front matter."""

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from state.canonical import digest
from state.errors import UsageError

Seen: TypeAlias = Literal["input", "answer", "evidence", "calls", "reference"]
Kind: TypeAlias = Literal["binary", "pairwise"]

FRONT_MATTER = re.compile(r"\A\+\+\+\r?\n(?P<head>.*?)^\+\+\+\s*$(?P<body>.*)\Z", re.DOTALL | re.MULTILINE)
SHAPE = (
    "A rubric is TOML between two lines of +++ (name, kind, question, labels, sees), then its criteria; "
    "see docs/judges.md."
)
PAIR = ("first", "second")


class Rubric(BaseModel):
    """One question that a judge answers with one of two labels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    kind: Kind = "binary"
    question: str = Field(min_length=1)
    labels: tuple[Annotated[str, Field(min_length=1, max_length=40)], ...] = ("pass", "fail")
    """The good label and the bad one; a pairwise rubric has none of its own: the judge names the better."""
    sees: tuple[Seen, ...] = Field(min_length=1)
    """What the judge is shown; anything else of the item is kept from it."""
    criteria: str = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(set(self.labels)) != 2:
            raise ValueError("labels are two different words")
        if "answer" not in self.sees:
            raise ValueError("sees must hold answer: it is what is judged")
        if self.kind == "pairwise" and "labels" in self.model_fields_set:
            raise ValueError("a pairwise rubric has no labels, since the judge names the better answer")
        return self

    @property
    def verdicts(self) -> tuple[str, ...]:
        """What the judge may say."""
        return (*PAIR, "tie") if self.kind == "pairwise" else self.labels

    @property
    def digest(self) -> str:
        """Content hash of the rubric with the instructions around it: all that a judge is told."""
        return digest({"rubric": self.model_dump(mode="json"), "instructions": instructions()})


def instructions() -> str:
    """What every judge is told before the rubric."""
    return files("evals.judges").joinpath("instructions.md").read_text(encoding="utf-8")


def shipped() -> list[str]:
    """Names of the rubrics that come with the application."""
    folder = files("evals.judges").joinpath("rubrics")
    return sorted(entry.name.removesuffix(".md") for entry in folder.iterdir() if entry.name.endswith(".md"))


def load(name: str) -> Rubric:
    """The rubric of a shipped name or of a file.

    Raises:
        UsageError: there is none, or it is not a rubric.
    """
    if name in shipped():
        text = files("evals.judges").joinpath("rubrics", f"{name}.md").read_text(encoding="utf-8")
        return parse(text, name)
    try:
        return parse(Path(name).read_text(encoding="utf-8-sig"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"Cannot read the rubric {name}: {getattr(error, 'strerror', None) or error}.",
            f"Name a file, or one of {', '.join(shipped())}.",
        ) from error


def parse(text: str, origin: str) -> Rubric:
    """The rubric that a text holds: Markdown with front matter.

    Raises:
        UsageError: it is not a rubric.
    """
    found = FRONT_MATTER.match(text)
    if found is None:
        raise UsageError(f"{origin} has no front matter.", SHAPE)
    try:
        head = tomllib.loads(found["head"])
        return Rubric.model_validate({**head, "criteria": found["body"].strip()})
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The front matter of {origin} is not TOML: {error}.", SHAPE) from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'rubric'}: {e['msg']}" for e in error.errors()
        )
        raise UsageError(f"{origin} is not a rubric: {problems}.", SHAPE) from error
