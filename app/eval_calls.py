"""`warrant eval calls`: judge function calls against possible answers, as BFCL does or by our matching."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from state.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from evals.cases.bfcl import Line

EPILOG = """Examples:

warrant eval calls calls.jsonl

warrant eval calls bfcl.jsonl.gz --mode bfcl --json

Each line has the fields of BFCL: id, category, functions, possible_answer, model_output. Where it has `valid`
too, the agreement is printed on stderr. docs/calls.md says where the modes differ.

Exit codes: 0 every line was judged, 2 some line cannot be read; the others are judged all the same."""


class Mode(StrEnum):
    """Whose rules decide."""

    DEFAULT = "default"
    BFCL = "bfcl"


def calls(
    file: Annotated[Path, typer.Argument(help="JSON Lines, also gzipped; - for stdin.", show_default=False)],
    mode: Annotated[
        Mode, typer.Option(help="Our own matching, or the rules of the Berkeley checker, quirks included.")
    ] = Mode.DEFAULT,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON line for each: id, valid, error.")
    ] = False,
) -> None:
    """Judge function calls against possible answers, line by line."""
    tally = Tally()
    for number, text in enumerate(_lines(file), start=1):
        if not text.strip():
            continue
        try:
            line = _read(text)
            error = _judged(line, mode)
        except ValueError as problem:
            tally.unreadable += 1
            sys.stderr.write(f"warrant: line {number}: {problem}\n")
            continue
        tally.count(line, error)
        if as_json:
            sys.stdout.write(json.dumps({"id": line.id, "valid": error is None, "error": error}) + "\n")
        elif error is not None:
            sys.stdout.write(f"{line.id}: {error}\n")
    sys.stderr.write(tally.summary(with_types=mode is Mode.BFCL))
    if tally.unreadable:
        raise typer.Exit(ExitCode.USAGE)


@dataclass
class Tally:
    """How many lines were judged, and how."""

    judged: int = 0
    valid: int = 0
    unreadable: int = 0
    known: int = 0
    """Lines that say themselves whether they are valid."""
    agreed: int = 0
    agreed_type: int = 0

    def count(self, line: "Line", error: str | None) -> None:
        """Add a line."""
        self.judged += 1
        self.valid += error is None
        self.known += line.valid is not None
        self.agreed += line.valid is (error is None)
        self.agreed_type += line.valid is (error is None) and line.error_type == error

    def summary(self, *, with_types: bool) -> str:
        """For a human."""
        text = f"{self.valid} of {self.judged} valid\n"
        if self.known:
            text += f"{self.agreed} of {self.known} verdicts as the file says"
            text += f", {self.agreed_type} with the same error type\n" if with_types else "\n"
        return text + (f"{self.unreadable} lines cannot be read\n" if self.unreadable else "")


def _lines(file: Path) -> Iterator[bytes]:
    """Each line; of a gzipped file too, whatever its name."""
    from evals.packed import UNREADABLE, unpacked, why

    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as raw, unpacked(raw) as lines:
            yield from lines
    except UNREADABLE as error:
        raise UsageError(f"{file} cannot be read: {why(error)}.", "Name a file of JSON Lines.") from error


def _read(text: bytes) -> "Line":
    from pydantic import ValidationError

    from evals.cases.bfcl import Line

    try:
        return Line.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        at = "/".join(map(str, first["loc"]))
        raise ValueError(f"{at}: {first['msg']}" if at else first["msg"]) from error


def _judged(line: "Line", mode: Mode) -> str | None:
    """Why the calls are wrong; None if they are not."""
    from evals.cases.bfcl import expectation, trajectory
    from evals.cases.case import Case
    from evals.scorers.bfcl import verdict
    from evals.scorers.calls import tool_calls

    if mode is Mode.BFCL:
        return verdict(line)
    score, *_ = tool_calls(Case(id=line.id, input=None, expect=expectation(line)), trajectory(line))
    return None if score.passed else score.reason
