"""`warrant eval dataset`: look after files of cases."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from state.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evals.cases.case import Case

CHECK_EXAMPLE = "Example: warrant eval dataset check cases.jsonl"
HASH_EXAMPLE = "Example: warrant eval dataset hash cases.jsonl"
DEDUPE_EXAMPLE = "Example: warrant eval dataset dedupe cases.jsonl --out unique.jsonl"
SPLIT_EXAMPLE = "Example: warrant eval dataset split cases.jsonl --first dev.jsonl --second test.jsonl"

commands = typer.Typer(help="Check, hash, de-duplicate and split files of cases.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="JSON Lines of cases, also .gz.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


@commands.command(epilog=CHECK_EXAMPLE)
def check(file: File, as_json: AsJson = False) -> None:
    """Say every mistake with its line and JSON Pointer; the exit code is then 2."""
    from evals.cases.dataset import listed, read

    dataset, problems = read(file)
    if as_json:
        found = {"cases": len(dataset.cases), "problems": [one._asdict() for one in problems]}
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    elif not problems:
        sys.stdout.write(f"{len(dataset.cases)} cases, no mistake\n")
    if problems:
        raise UsageError(listed(file, problems), "docs/cases.md describes a case.")


@commands.command("hash", epilog=HASH_EXAMPLE)
def content_hash(file: File) -> None:
    """Print the dataset's version: the hash of its content, whatever the order of its lines."""
    from evals.cases.dataset import load

    sys.stdout.write(load(file).version + "\n")


@commands.command(epilog=DEDUPE_EXAMPLE)
def dedupe(
    file: File,
    least: Annotated[
        float, typer.Option(min=0.5, max=1, help="Similarity of two inputs' words; 1 is equal.")
    ] = 0.9,
    out: Annotated[Path | None, typer.Option(help="Write the cases without the later of each pair.")] = None,
    as_json: AsJson = False,
) -> None:
    """Report pairs of cases whose inputs ask the same."""
    from evals.cases.dataset import load
    from evals.cases.duplicates import pairs

    cases = load(file).cases
    found = pairs(cases, least)
    named = [{"first": cases[a].id, "second": cases[b].id, "similarity": round(s, 4)} for a, b, s in found]
    if as_json:
        sys.stdout.write(json.dumps({"cases": len(cases), "pairs": named}, indent=2) + "\n")
    else:
        for one in named:
            sys.stdout.write(f"{one['similarity']:.2f}  {one['first']}  {one['second']}\n")
        sys.stderr.write(f"{len(named)} pairs among {len(cases)} cases\n")
    if out is not None:
        later = {pair.second for pair in found}
        _write(out, (case for at, case in enumerate(cases) if at not in later))


@commands.command(epilog=SPLIT_EXAMPLE)
def split(
    file: File,
    first: Annotated[Path, typer.Option(help="File of the first side.")],
    second: Annotated[Path, typer.Option(help="File of the second side.")],
    share: Annotated[float, typer.Option(min=0, max=1, help="About this much goes to the first side.")] = 0.5,
    seed: Annotated[str, typer.Option(help="Another text gives another split.")] = "",
) -> None:
    """Split into two sides; cases alike, of one source or of one tag `group:…` stay together."""
    from evals.cases.dataset import load
    from evals.cases.duplicates import split as halves

    sides = halves(load(file).cases, share, seed)
    for path, cases in zip((first, second), sides, strict=True):
        _write(path, cases)
        sys.stderr.write(f"{path}: {len(cases)} cases\n")


def _write(path: Path, cases: "Iterable[Case]") -> None:
    from evals.suites.folder import replace

    lines = [case.model_dump_json(exclude_defaults=True) + "\n" for case in cases]
    try:
        replace(path, "".join(lines).encode())
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {error.strerror}.", "Name another file.") from error
