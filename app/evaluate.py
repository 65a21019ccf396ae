"""`warrant eval`: know whether it got better or worse."""

import typer

from app import eval_calls

commands = typer.Typer(
    help="Run suites of cases, score calls, compare versions, calibrate judges, draw reports.",
    no_args_is_help=True,
)
commands.command("calls", epilog=eval_calls.EPILOG)(eval_calls.calls)
