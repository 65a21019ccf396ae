"""Drawings on stdout: as wide as the terminal, or in a pipe uncut and without colours."""

import io
import sys

from rich.console import Console, RenderableType

PIPED = 1_000
"""Characters of a line in a pipe."""


def show(*drawings: RenderableType) -> None:
    """Write drawings one below the other."""
    if sys.stdout.isatty():
        Console(highlight=False, emoji=False).print(*drawings, sep="\n")
    else:
        sys.stdout.write(text_of(*drawings))


def text_of(*drawings: RenderableType, width: int = PIPED) -> str:
    """The drawings as plain text, no line of which ends in white space."""
    console = Console(file=io.StringIO(), width=width, highlight=False, emoji=False)
    with console.capture() as drawn:
        console.print(*drawings, sep="\n")
    return "".join(line.rstrip() + "\n" for line in drawn.get().splitlines())
