"""`warrant eval`: know whether it got better or worse."""

import typer

from app import eval_report, eval_upload

commands = typer.Typer(
    help="Run suites of cases, score calls, compare versions, calibrate judges, draw reports.",
    no_args_is_help=True,
)
commands.command("report", epilog=eval_report.EPILOG)(eval_report.report)
commands.command("upload", epilog=eval_upload.EPILOG)(eval_upload.upload)
