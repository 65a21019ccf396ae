"""Measuring one user task: without an attack, under every injection task, and with each defence off."""

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.agentdojo.approvers import Name
from benchmarks.agentdojo.attack import Text, attack
from benchmarks.agentdojo.bench import Bench, Run, bench
from benchmarks.agentdojo.case import cases
from benchmarks.agentdojo.defences import case_without
from benchmarks.agentdojo.judging import hijacked
from benchmarks.agentdojo.react import RULES, Rule, react
from benchmarks.agentdojo.setting import Pair, Setting
from state.schema import Json

EVERYTHING_ON = ""
WEAKER: tuple[Name, ...] = ("ideal", "rubber-stamp")
"""Who is asked where a defence is switched off."""

Found = dict[Name, dict[str, Json]]


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


def measure(work: Work) -> dict[str, Json]:
    """Everything about one user task."""
    bench, case = _bench(work.suite, EVERYTHING_ON), cases(work.suite)[work.task]
    setting = Setting(bench, case, bench.suite.user_tasks[work.task])
    benign = setting.benign()
    weaker = {name: _without(name, setting, benign) for name in work.off}
    pairs = [
        Pair(injection, attack(bench.suite, setting.task, injection, work.text))
        for injection in bench.suite.injection_tasks.values()
    ]
    return {
        "suite": work.suite,
        "task": work.task,
        "shape": case.shape,
        "benign": setting.described(benign),
        "off": {name: one.described(one.benign()) for name, one in weaker.items()},
        "pairs": [_pair(work, setting, weaker, pair) for pair in pairs],
    }


def _without(name: str, setting: Setting, benign: Run) -> Setting:
    """The setting with one defence switched off."""
    bench = _bench(setting.bench.suite.name, name)
    calls = [(call.function, dict(call.args)) for call in benign.end.trace if call.function in bench.writes]
    schemas = {tool.name: tool.input_schema for tool in bench.tools if tool.name in bench.writes}
    return Setting(bench, case_without(name, setting.case, schemas, calls), setting.task, grades=False)


def _pair(work: Work, setting: Setting, weaker: dict[str, Setting], pair: Pair) -> dict[str, Json]:
    names = tuple(dict.fromkeys((*work.approvers, *(WEAKER if weaker else ()))))
    found = setting.approved(pair, names)
    rules = RULES if work.baselines else ()
    return {
        "injection": pair.injection.ID,
        "approvers": {name: found[name] for name in work.approvers},
        "off": {name: _weaker(name, one, setting, found, pair) for name, one in weaker.items()},
        "baselines": {rule: _baseline(setting, pair, rule) for rule in rules},
    }


def _weaker(name: str, weak: Setting, setting: Setting, found: Found, pair: Pair) -> Found:
    """What becomes of a pair without a defence; the same where that stopped nothing and asked nothing."""
    same = weak.case == setting.case and weak.bench.policy == setting.bench.policy
    free = not any(found[one]["failed"] for one in WEAKER)
    unasked = free and not any(found[one]["questions"] for one in WEAKER)
    idle = {"constraints": free, "outward": unasked, "provenance": unasked}
    return {one: found[one] for one in WEAKER} if same or idle.get(name) else weak.approved(pair, WEAKER)


def _baseline(setting: Setting, pair: Pair, rule: Rule) -> bool:
    environment = setting.bench.environment(setting.task, pair.attack)
    end = react(setting.bench.suite, setting.task, environment, pair.attack, rule)
    return hijacked(pair.injection, end)


@cache
def _bench(suite: str, off: str) -> Bench:
    """Made once in each process."""
    folder = Path(tempfile.mkdtemp(prefix="agentdojo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return bench(suite, folder, off)
