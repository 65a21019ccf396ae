"""`warrant eval`: know whether it got better or worse."""

import typer

from app import eval_judge

commands = typer.Typer(
    help="Run suites of cases, score calls, compare versions, calibrate judges, draw reports.",
    no_args_is_help=True,
)
commands.add_typer(eval_judge.commands, name="judge")
