"""`warrant gate`: judge texts, and measure and train what judges them."""

import typer

from app import gate_check, gate_eval, gate_report, gate_scope, gate_score, gate_status, gate_train

commands = typer.Typer(help="Judge texts, and measure and train what judges them.", no_args_is_help=True)
commands.command("check", epilog=gate_check.EPILOG)(gate_check.check)
commands.command("score", epilog=gate_score.EPILOG)(gate_score.score)
commands.command("eval", epilog=gate_eval.EPILOG)(gate_eval.evaluate)
commands.command("train", epilog=gate_train.EPILOG)(gate_train.train)
commands.command("report", epilog=gate_report.EPILOG)(gate_report.report)
commands.command("status", epilog=gate_status.EPILOG)(gate_status.status)
commands.command("scope", epilog=gate_scope.EPILOG)(gate_scope.scope)
