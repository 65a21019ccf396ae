"""`warrant eval`: know whether it got better or worse."""

import typer

from app import (
    eval_calls,
    eval_case,
    eval_compare,
    eval_dataset,
    eval_judge,
    eval_report,
    eval_retrieval,
    eval_run,
    eval_upload,
)

commands = typer.Typer(
    help="Run suites of cases, score calls and retrieval, compare versions, calibrate judges, draw reports.",
    no_args_is_help=True,
)
commands.command("run", epilog=eval_run.RUN_EPILOG)(eval_run.run)
commands.command("list", epilog=eval_run.LIST_EXAMPLE)(eval_run.list_runs)
commands.command("compare", epilog=eval_compare.EPILOG)(eval_compare.compare)
commands.command("report", epilog=eval_report.EPILOG)(eval_report.report)
commands.command("retrieval", epilog=eval_retrieval.EPILOG)(eval_retrieval.retrieval)
commands.add_typer(eval_case.commands, name="case")
commands.add_typer(eval_dataset.commands, name="dataset")
commands.command("calls", epilog=eval_calls.EPILOG)(eval_calls.calls)
commands.add_typer(eval_judge.commands, name="judge")
commands.command("upload", epilog=eval_upload.EPILOG)(eval_upload.upload)
