"""The local tools that the policy has configured."""

from state.errors import UsageError
from state.policy import Policy
from state.settings import Settings
from tools.capability import Capability
from tools.clock import current_time, date_span

SECTIONS = {
    "query_database": "[sql] with its tables, and WARRANT_SQL_URL or sql.url",
    "fetch_url": "[web] with its hosts",
    "list_files": "[files] with its root",
    "read_file": "[files] with its root",
    "write_file": "[files] with its root",
}
"""What each tool needs that does not exist without it."""


def local_tools(chosen: Settings, policy: Policy) -> list[Capability]:
    """The tools that are configured.

    Raises:
        UsageError: the policy allows one that is not, or the URL of the database cannot be used.
    """
    tools = [current_time(), date_span(), *_sql(chosen, policy), *_web(policy), *_files(policy)]
    made = {tool.name for tool in tools}
    if missing := [name for name in policy.tools if name in SECTIONS and name not in made]:
        raise UsageError(
            f"The policy allows {missing[0]}, which is not configured.",
            f"Add {SECTIONS[missing[0]]}, or take tools.{missing[0]} out of the policy.",
        )
    return tools


def _sql(chosen: Settings, policy: Policy) -> list[Capability]:
    # The environment goes first, since only there the URL may hold a password.
    url = chosen.sql_url or (policy.sql and policy.sql.url)
    if not policy.sql or not url:
        return []
    from tools.sql import query_database

    return [query_database(url, policy.sql)]


def _web(policy: Policy) -> list[Capability]:
    if not policy.web:
        return []
    from tools.web import fetch_url

    return [fetch_url(policy.web)]


def _files(policy: Policy) -> list[Capability]:
    if not policy.files:
        return []
    from tools.files import list_files, read_file, write_file
    from tools.root import Root

    root = Root(policy.files)
    return [list_files(root), read_file(root), write_file(root)]
