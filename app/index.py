"""`warrant index`: add documents, keep them fresh and safe, look at retrieval alone."""

import typer

from app import index_add, index_search, index_status

commands = typer.Typer(help="Add documents to the index, and look into it.", no_args_is_help=True)
commands.command("add", epilog=index_add.EPILOG)(index_add.add)
commands.command("status", epilog=index_status.EPILOG)(index_status.status)
commands.command("search", epilog=index_search.EPILOG)(index_search.search)
