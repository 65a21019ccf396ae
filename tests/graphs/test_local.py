"""Local tools exist where they are configured, and an error says what is missing where they are not."""

from pathlib import Path
from typing import Any

import pytest

from graphs.local import local_tools
from state.errors import UsageError
from state.policy import Policy
from state.settings import Settings

ALWAYS = {"current_time", "date_span"}
SECTIONS: dict[str, dict[str, Any]] = {
    "sql": {"url": "sqlite:////data/orders.db", "tables": {"orders": "id, total"}},
    "web": {"hosts": [{"name": "docs.test"}]},
    "files": {"root": "/data"},
}


def named(policy: Policy, **settings: Any) -> set[str]:
    return {tool.name for tool in local_tools(Settings(**settings), policy)}


@pytest.mark.parametrize(
    ("section", "tools"),
    [
        ("sql", {"query_database"}),
        ("web", {"fetch_url"}),
        ("files", {"list_files", "read_file", "write_file"}),
    ],
)
def test_a_tool_is_offered_where_its_section_is(section: str, tools: set[str]) -> None:
    assert named(Policy()) == ALWAYS
    assert named(Policy.model_validate({section: SECTIONS[section]})) == ALWAYS | tools


@pytest.mark.parametrize(
    ("tool", "way_out"),
    [
        ("query_database", r"WARRANT_SQL_URL"),
        ("fetch_url", r"\[web\]"),
        ("list_files", r"\[files\]"),
        ("read_file", r"\[files\]"),
        ("write_file", r"\[files\]"),
    ],
)
def test_a_tool_that_is_allowed_but_not_configured_says_the_way_out(tool: str, way_out: str) -> None:
    policy = Policy.model_validate({"tools": {tool: {"effect": "read"}}})
    with pytest.raises(UsageError, match=rf"{tool}, which is not configured\. Add .*{way_out}"):
        local_tools(Settings(), policy)


def test_a_url_of_the_environment_goes_before_that_of_the_policy(tmp_path: Path) -> None:
    without = {"tables": {"orders": ""}}
    assert "query_database" in named(
        Policy.model_validate({"sql": without}), sql_url=f"sqlite:///{tmp_path}/x.db"
    )
    assert "query_database" not in named(Policy.model_validate({"sql": without}))
    [tool] = [
        tool
        for tool in local_tools(
            Settings(sql_url="postgresql://u:hush-hush@h/d"), Policy.model_validate({"sql": SECTIONS["sql"]})
        )
        if tool.name == "query_database"
    ]
    assert "PostgreSQL" in tool.description
    assert "orders: id, total" in tool.description
    assert "hush" not in str(tool.definition())
