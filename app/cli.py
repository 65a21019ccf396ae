"""The command line `warrant`. Command modules import what is heavy inside their functions."""

import sys

import typer

from app import ask, effects, evaluate, gate, index, replay, serve, tools, trace
from state.errors import WarrantError

cli = typer.Typer(
    name="warrant",
    help="LangGraph agents that act only under warrant.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.command("ask", epilog=ask.EPILOG)(ask.ask)
cli.add_typer(index.commands, name="index")
cli.add_typer(tools.commands, name="tools")
cli.add_typer(gate.commands, name="gate")
cli.add_typer(trace.commands, name="trace")
cli.add_typer(evaluate.commands, name="eval")
cli.command("replay", epilog=replay.EPILOG)(replay.replay)
cli.add_typer(effects.commands, name="effects")
cli.command("serve", epilog=serve.EPILOG)(serve.serve)


def main() -> None:
    """Run the command line; an expected error is one clear line on stderr and its own exit code."""
    try:
        cli()
    except WarrantError as error:
        sys.stderr.write(f"warrant: {error}\n")
        raise SystemExit(error.exit_code) from error
