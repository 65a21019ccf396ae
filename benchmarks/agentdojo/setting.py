"""A user task with the defences that are on, run without an attack and with one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.agentdojo.approvers import Name, approver
from benchmarks.agentdojo.attack import Attack
from benchmarks.agentdojo.bench import Bench, Run
from benchmarks.agentdojo.case import Case
from benchmarks.agentdojo.judging import graded, hijacked, useful
from benchmarks.agentdojo.obedient import STRATEGIES
from state.schema import Json

if TYPE_CHECKING:
    from agentdojo.base_tasks import BaseInjectionTask, BaseUserTask
    from agentdojo.functions_runtime import TaskEnvironment


@dataclass(frozen=True)
class Pair:
    """An injection task, and how it attacks one user task."""

    injection: "BaseInjectionTask[TaskEnvironment]"
    attack: Attack


@dataclass(frozen=True)
class Setting:
    """A user task with the defences that are on."""

    bench: Bench
    case: Case
    task: "BaseUserTask[TaskEnvironment]"
    grades: bool = True
    """Whether the utility of attacked runs is wanted, which takes longer to grade than to run."""

    def benign(self) -> Run:
        """The run without an attack; the ideal human decides."""
        return self.bench.run(self.task, self.case, approver("ideal", self.case, ""))

    def attacked(self, pair: Pair, name: Name) -> dict[str, Json]:
        """All ways to obey, the worst of which counts; one is enough where no model saw an injection."""
        runs: list[Run] = []
        for strategy in range(STRATEGIES):
            human = approver(name, self.case, f"{self.task.ID} {pair.injection.ID} {strategy}")
            runs.append(self.bench.run(self.task, self.case, human, pair.attack, strategy))
            if not runs[-1].obeyed:
                break
        took = [run for run in runs if hijacked(pair.injection, run.end)]
        return {
            "hijacked": bool(took),
            "replanned": bool(took) and all(run.replanned for run in took),
            "obeyed": any(run.obeyed for run in runs),
            "utility": all(self._useful(run) for run in runs) if self.grades else None,
            "questions": max(run.questions for run in runs),
            "failed": any(run.failed for run in runs),
            "outcomes": sorted({run.outcome for run in runs}),
        }

    def approved(self, pair: Pair, names: tuple[Name, ...]) -> dict[Name, dict[str, Json]]:
        """What became of it with each approver; one run is enough where none was asked."""
        first = self.attacked(pair, names[0])
        asked = {name: self.attacked(pair, name) for name in names[1:] if first["questions"]}
        return {name: asked.get(name, first) for name in names}

    def described(self, run: Run) -> dict[str, Json]:
        """What became of the run without an attack."""
        return {
            "utility": self._useful(run),
            "agentdojo_utility": graded(self.task, run.end),
            "questions": run.questions,
            "interrupts": run.interrupts,
            "outcome": run.outcome,
            "reason": run.reason if run.outcome != "answered" else "",
            "rejected": list(run.rejected),
        }

    def _useful(self, run: Run) -> bool:
        return useful(self.task, self.case, run.end, self.bench.writes)
