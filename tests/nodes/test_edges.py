"""Edges: which of the calls that have a warrant are made at once."""

from typing import Any, cast

import pytest
from pydantic import BaseModel

from nodes.edges import after_approve
from state.agent import AgentState
from state.policy import Policy
from tests.fakes import MemoryLedger
from tools.capability import Caller, typed
from tools.registry import Registry


class Nothing(BaseModel):
    pass


async def never(args: Nothing, caller: Caller) -> Nothing:
    raise AssertionError("an edge calls nothing")


POLICY = Policy.model_validate({"tools": {"look": {"effect": "read"}, "send": {"effect": "outward"}}})
REGISTRY = Registry(
    [typed(name, "A tool.", Nothing, Nothing, never) for name in POLICY.tools], POLICY, MemoryLedger()
)


def made(tool: str, *done: str) -> list[str]:
    names = ["s1.0", "s1.1", "s1.2", "s2"]
    state = {
        "warrants": {name: {"step": name, "tool": tool} for name in names},
        "results": {name: {} for name in done},
        "scope": "",
        "terms": {},
        "usage": {},
    }
    route: Any = after_approve(REGISTRY)(cast(AgentState, state))
    return [send.arg["warrant"]["step"] for send in route]


@pytest.mark.parametrize(
    ("tool", "done", "expected"),
    [
        ("look", (), ["s1.0", "s1.1", "s1.2", "s2"]),
        ("send", (), ["s1.0", "s2"]),
        ("send", ("s1.0",), ["s1.1", "s2"]),
        ("send", ("s1.0", "s1.1", "s2"), ["s1.2"]),
    ],
)
def test_rounds_that_write_keep_the_order_of_the_list(
    tool: str, done: tuple[str, ...], expected: list[str]
) -> None:
    assert made(tool, *done) == expected
