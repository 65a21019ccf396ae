"""`warrant eval`: know whether it got better or worse."""

import typer

from app import eval_case, eval_compare, eval_dataset, eval_run

commands = typer.Typer(
    help="Run suites of cases, score calls, compare versions, calibrate judges, draw reports.",
    no_args_is_help=True,
)
commands.command("compare", epilog=eval_compare.EPILOG)(eval_compare.compare)
commands.command("run", epilog=eval_run.RUN_EPILOG)(eval_run.run)
commands.command("list", epilog=eval_run.LIST_EXAMPLE)(eval_run.list_runs)
commands.add_typer(eval_case.commands, name="case")
commands.add_typer(eval_dataset.commands, name="dataset")
