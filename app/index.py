"""`warrant index`: add documents, keep them fresh and safe, look at retrieval alone."""

import typer

from app import index_add, index_check, index_label, index_search, index_snapshot, index_status, index_watch

commands = typer.Typer(help="Add documents to the index, and look into it.", no_args_is_help=True)
commands.command("add", epilog=index_add.EPILOG)(index_add.add)
commands.command("label", epilog=index_label.EPILOG)(index_label.label)
commands.command("status", epilog=index_status.EPILOG)(index_status.status)
commands.command("watch", epilog=index_watch.EPILOG)(index_watch.watch)
commands.command("check", epilog=index_check.EPILOG)(index_check.check)
commands.command("snapshot", epilog=index_snapshot.SNAPSHOT_EPILOG)(index_snapshot.snapshot)
commands.command("restore", epilog=index_snapshot.RESTORE_EPILOG)(index_snapshot.restore)
commands.command("search", epilog=index_search.EPILOG)(index_search.search)
