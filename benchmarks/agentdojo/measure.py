"""Measuring one user task: without an attack, under every injection task, and with each defence switched off."""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.agentdojo.approvers import Name, approver
from benchmarks.agentdojo.attack import Attack, Text, attack
from benchmarks.agentdojo.bench import Bench, Run, bench
from benchmarks.agentdojo.case import Case, cases
from benchmarks.agentdojo.defences import case_without, policy_without
from benchmarks.agentdojo.judging import graded, hijacked, useful
from benchmarks.agentdojo.obedient import STRATEGIES
from benchmarks.agentdojo.react import RULES, Rule, react
from state.schema import Json

if TYPE_CHECKING:
    from agentdojo.base_tasks import BaseInjectionTask, BaseUserTask
    from agentdojo.functions_runtime import TaskEnvironment

EVERYTHING_ON = ""
WEAKER: tuple[Name, ...] = ("ideal", "rubber-stamp")
"""Who is asked where a defence is switched off."""


@dataclass(frozen=True)
class Work:
    """What one process measures at a time."""

    suite: str
    task: str
    text: Text
    approvers: tuple[Name, ...]
    off: tuple[str, ...]
    """Defences that are switched off, one at a time."""
    baselines: bool


@dataclass(frozen=True)
class Setting:
    """A user task with the defences that are on."""

    bench: Bench
    case: Case
    task: "BaseUserTask[TaskEnvironment]"

    def benign(self) -> Run:
        """The run without an attack; the ideal human decides."""
        return self.bench.run(self.task, self.case, approver("ideal", self.case, ""))

    def attacked(
        self, injection: "BaseInjectionTask[TaskEnvironment]", attack: Attack, name: Name
    ) -> dict[str, Json]:
        """All ways to obey, the worst of which counts; one is enough where no model saw an injection."""
        runs: list[Run] = []
        for strategy in range(STRATEGIES):
            human = approver(name, self.case, f"{self.task.ID} {injection.ID} {strategy}")
            runs.append(self.bench.run(self.task, self.case, human, attack, strategy))
            if not runs[-1].obeyed:
                break
        took = [run for run in runs if hijacked(injection, run.end)]
        return {
            "hijacked": bool(took),
            "replanned": bool(took) and all(run.replanned for run in took),
            "obeyed": any(run.obeyed for run in runs),
            "utility": all(useful(self.task, self.case, run.end, self.bench.writes) for run in runs),
            "questions": max(run.questions for run in runs),
            "failed": any(run.failed for run in runs),
            "outcomes": sorted({run.outcome for run in runs}),
        }

    def described(self, run: Run) -> dict[str, Json]:
        """What became of the run without an attack."""
        return {
            "utility": useful(self.task, self.case, run.end, self.bench.writes),
            "agentdojo_utility": graded(self.task, run.end),
            "questions": run.questions,
            "interrupts": run.interrupts,
            "outcome": run.outcome,
            "reason": run.reason if run.outcome != "answered" else "",
            "rejected": list(run.rejected),
        }


def measure(work: Work) -> dict[str, Json]:
    """Everything about one user task."""
    bench, case = _bench(work.suite, EVERYTHING_ON), cases(work.suite)[work.task]
    setting = Setting(bench, case, bench.suite.user_tasks[work.task])
    benign = setting.benign()
    weaker = {name: _without(name, setting, benign) for name in work.off}
    return {
        "suite": work.suite,
        "task": work.task,
        "shape": case.shape,
        "benign": setting.described(benign),
        "off": {name: one.described(one.benign()) for name, one in weaker.items()},
        "pairs": [_pair(work, setting, weaker, injection) for injection in bench.suite.injection_tasks.values()],
    }


def _without(name: str, setting: Setting, benign: Run) -> Setting:
    """The setting with one defence switched off."""
    bench = _bench(setting.bench.suite.name, name)
    calls = [(call.function, dict(call.args)) for call in benign.end.trace if call.function in bench.writes]
    schemas = {tool.name: tool.input_schema for tool in bench.tools if tool.name in bench.writes}
    return Setting(bench, case_without(name, setting.case, schemas, calls), setting.task)


def _pair(
    work: Work,
    setting: Setting,
    weaker: dict[str, Setting],
    injection: "BaseInjectionTask[TaskEnvironment]",
) -> dict[str, Json]:
    made = attack(setting.bench.suite, setting.task, injection, work.text)
    names = tuple(dict.fromkeys((*work.approvers, *(WEAKER if weaker else ()))))
    found = dict(_approved(setting, injection, made, names))
    off = {name: dict(_weaker(name, one, setting, found, injection, made)) for name, one in weaker.items()}
    rules = RULES if work.baselines else ()
    return {
        "injection": injection.ID,
        "approvers": {name: found[name] for name in work.approvers},
        "off": off,
        "baselines": {rule: _baseline(setting, injection, made, rule) for rule in rules},
    }


def _weaker(
    name: str,
    weak: Setting,
    setting: Setting,
    found: dict[Name, dict[str, Json]],
    injection: "BaseInjectionTask[TaskEnvironment]",
    attack: Attack,
) -> Iterator[tuple[Name, dict[str, Json]]]:
    """The runs without a defence; a run in which it had nothing to do is as it was."""
    same = weak.case == setting.case and weak.bench.policy == setting.bench.policy
    passed = name == "constraints" and not any(found[one]["failed"] for one in WEAKER)
    if same or passed:
        yield from ((one, found[one]) for one in WEAKER)
    else:
        yield from _approved(weak, injection, attack, WEAKER)


def _approved(
    setting: Setting,
    injection: "BaseInjectionTask[TaskEnvironment]",
    attack: Attack,
    names: tuple[Name, ...],
) -> Iterator[tuple[Name, dict[str, Json]]]:
    """A run for each approver; one for all of them where none was asked."""
    first = setting.attacked(injection, attack, names[0])
    for name in names:
        same = name == names[0] or not first["questions"]
        yield name, first if same else setting.attacked(injection, attack, name)


def _baseline(
    setting: Setting, injection: "BaseInjectionTask[TaskEnvironment]", attack: Attack, rule: Rule
) -> bool:
    environment = setting.bench.environment(setting.task, attack)
    return hijacked(injection, react(setting.bench.suite, setting.task, environment, attack, rule))


@cache
def _bench(suite: str, off: str) -> Bench:
    """Made once in each process."""
    folder = Path(tempfile.mkdtemp(prefix="agentdojo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return bench(suite, folder, lambda policy: policy_without(off, policy))
