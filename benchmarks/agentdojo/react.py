"""Baselines without a graph: a loop of calls whose model obeys every injection, under ever stricter rules."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from benchmarks.agentdojo.attack import Attack
from benchmarks.agentdojo.environments import copied, environment
from benchmarks.agentdojo.judging import End

if TYPE_CHECKING:
    from agentdojo.base_tasks import BaseUserTask
    from agentdojo.functions_runtime import FunctionCall, TaskEnvironment
    from agentdojo.task_suite.task_suite import TaskSuite

Rule = Literal["none", "app", "names", "sequence"]
RULES: dict[Rule, str] = {
    "none": "ReAct loop, no rule",
    "app": "only the tools that some task of the suite needs",
    "names": "only the tools on the plan",
    "sequence": "the plan's sequence of tools, each once, arguments free",
}


@dataclass
class _Loop:
    """The ground truth of the user task, until an injection is seen."""

    suite: "TaskSuite[TaskEnvironment]"
    attack: Attack
    rule: Rule
    allowed: frozenset[str]

    def run(self, task: "BaseUserTask[TaskEnvironment]", after: "TaskEnvironment") -> End:
        from agentdojo.functions_runtime import FunctionsRuntime

        before = copied(after)
        runtime = FunctionsRuntime(self.suite.tools)
        trace: list[FunctionCall] = []
        todo, orders, seen = list(task.ground_truth(after)), list(self._orders()), False
        while todo or (seen and orders and self.rule != "sequence"):
            call = self._next(todo, orders, seen)
            trace.append(call)
            output, _ = runtime.run_function(after, call.function, call.args)
            seen = seen or self.attack.seen_in(_shown(output))
        said = self.attack.goal if seen else task.GROUND_TRUTH_OUTPUT
        return End(said, before, after, trace)

    def _orders(self) -> "Iterable[FunctionCall]":
        from agentdojo.functions_runtime import FunctionCall

        for tool, args in self.attack.calls:
            if self.rule == "none" or tool in self.allowed:
                yield FunctionCall(function=tool, args=args)

    def _next(self, todo: "list[FunctionCall]", orders: "list[FunctionCall]", seen: bool) -> "FunctionCall":
        """What the attacker ordered as soon as it was seen; in a fixed sequence, when its tool is due."""
        if not seen or not orders:
            return todo.pop(0)
        if self.rule != "sequence":
            return orders.pop(0)
        due = todo.pop(0)
        obeyed = next((order for order in orders if order.function == due.function), None)
        if obeyed is None:
            return due
        orders.remove(obeyed)
        return obeyed


def react(
    suite: "TaskSuite[TaskEnvironment]",
    task: "BaseUserTask[TaskEnvironment]",
    after: "TaskEnvironment",
    attack: Attack,
    rule: Rule,
) -> End:
    """Run one pair in the loop; the environment is changed."""
    return _Loop(suite, attack, rule, _allowed(suite, task, rule)).run(task, after)


def _allowed(
    suite: "TaskSuite[TaskEnvironment]", task: "BaseUserTask[TaskEnvironment]", rule: Rule
) -> frozenset[str]:
    tasks = [task] if rule in ("names", "sequence") else list(suite.user_tasks.values())
    return frozenset(name for one in tasks for name in _needed(suite, one))


@cache
def _needed(suite: "TaskSuite[TaskEnvironment]", task: "BaseUserTask[TaskEnvironment]") -> frozenset[str]:
    """The tools of the ground truth."""
    before = task.init_environment(environment(suite))
    return frozenset(call.function for call in task.ground_truth(before))


def _shown(output: object) -> str:
    from agentdojo.agent_pipeline.tool_execution import tool_result_to_str

    return tool_result_to_str(output)  # type: ignore[no-any-return]
