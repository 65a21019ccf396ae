"""How far the steps of a plan are: which may run now, with which arguments, and which never can."""

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from nodes.licence import Licence
from nodes.plan_rules import THOUGHTS
from nodes.quarantine import loosely_typed
from state.canonical import digest
from state.expression import ExpressionError, Scope, evaluate, holds
from state.plan import THINKING, Plan, Step, StepResult, StepStatus, Warrant, spoken
from state.provenance import Analysis, origins
from state.schema import Json, Violation, violations
from tools.registry import Registry

SETTLED = ("done", "left_out")
"""What a step that only comes after another one can go on from."""


@dataclass(frozen=True)
class Progress:
    """A plan and what became of its steps so far."""

    plan: Plan
    results: dict[str, StepResult]
    registry: Registry
    request: str
    tainted: bool
    closed: dict[str, StepResult] = field(default_factory=dict)
    """Results that are known without a call."""
    warranted: dict[str, Warrant] = field(default_factory=dict)
    """The warrants given so far."""

    def advance(self) -> tuple[list[Warrant], dict[str, StepResult]]:
        """Warrants for what may run now, and results of what never will."""
        closed = -1
        while len(self.closed) > closed:  # what was closed may close or free a step that stands before it
            closed = len(self.closed)
            for step in self.plan.steps:
                if step.id not in self._known and step.id not in self.warranted:
                    self._next(step)
        return list(self.warranted.values()), self.closed

    def _next(self, step: Step) -> None:
        if not self._may_go_on(step):
            return
        if step.for_each is None:
            self._one(step, Scope(self._outputs), step.id)
        else:
            self._rounds(step)

    def _may_go_on(self, step: Step) -> bool:
        """Whether everything that the step needs is there; it is skipped if that never will be."""
        waits = False
        for before in sorted(step.needs):
            result = self._known.get(before)
            waits = waits or result is None
            wanted = ("done",) if before in step.data else SETTLED
            if result is not None and result.status not in wanted:
                self._close(step, step.id, step.args, f"step {before} gave nothing", "skipped")
                return False
        return not waits

    def _rounds(self, step: Step) -> None:
        """One round for each element; the step is done when all of them are."""
        try:
            elements = evaluate(step.for_each, Scope(self._outputs))
        except ExpressionError as error:
            self._close(step, step.id, step.args, f"for_each: {error}")
            return
        if not isinstance(elements, list) or len(elements) > (step.at_most or 0):
            count = len(elements) if isinstance(elements, list) else "no list of"
            self._close(
                step, step.id, step.args, f"for_each has {count} elements, {step.at_most} are allowed"
            )
            return
        names = [f"{step.id}.{nth}" for nth in range(len(elements))]
        for nth, (name, element) in enumerate(zip(names, elements, strict=True)):
            if name not in self._known and name not in self.warranted:
                self._one(step, Scope(self._outputs, each=element, nth=nth), name)
        if self._known.keys() >= set(names):
            self.closed[step.id] = self._together(step, [self._known[name] for name in names], elements)

    def _together(self, step: Step, found: list[StepResult], elements: list[Json]) -> StepResult:
        """The result of all rounds; one that a human rejected leaves the others as they are."""
        statuses = {one.status for one in found}
        worst: tuple[StepStatus, ...] = ("unknown", "failed", "done", "rejected", "answered")
        status: StepStatus = next((one for one in worst if one in statuses), "done")
        wrong = next((one for one in found if one.status == status != "done"), None)
        pairs = zip(elements, found, strict=True)
        return StepResult(
            step=step.id,
            tool=step.tool,
            args=step.args,
            status=status,
            output=[{"item": item, "output": one.output} for item, one in pairs if one.status == "done"],
            error=wrong.error if wrong else "",
            rounds=len(found),
            fields=self._analysis.made_of(step),
        )

    def _one(self, step: Step, scope: Scope, name: str) -> None:
        """Give the warrant for exactly these arguments, or the result that says why there is none."""
        try:
            if step.when is not None and not holds(step.when, scope):
                return self._close(step, name, step.args, "its condition does not hold", "left_out")
            args = evaluate(spoken(step), scope)
        except ExpressionError as error:
            return self._close(step, name, step.args, str(error))
        if step.tool in THINKING and self._quarantined(step) and (loose := loosely_typed(step.tool, args)):
            return self._close(step, name, args, loose)
        if broken := self._broken(step, args):
            return self._close(step, name, args, "; ".join(f"{v.path}: {v.message}" for v in broken))
        if earlier := self.registry.earlier(step.tool, args, self._before):
            return self._again(step, name, args, earlier)
        self.warranted[name] = self._warrant(step, args, name)
        return None

    def _again(self, step: Step, name: str, args: dict[str, Json], earlier: StepResult) -> None:
        """A read that brought something is not made again; what it gave is taken."""
        if earlier.status == "done" and earlier.output is not None and not self._writes(step):
            self.closed[name] = earlier.model_copy(update={"step": name})
        else:
            error = f"{step.tool} was already called with these arguments"
            self._close(step, name, args, error)

    def _quarantined(self, step: Step) -> bool:
        """Whether a model would read what is in quarantine; the rounds of a step count with it."""
        made = {name.partition(".")[0]: one for name, one in self._known.items() if one.quarantined}
        return not step.data.isdisjoint(made)

    def _broken(self, step: Step, args: dict[str, Json]) -> list[Violation]:
        if step.tool in THINKING:
            return violations(THOUGHTS[step.tool], args)
        if self.registry.find(step.tool) is None:
            return [Violation(path="", message=f"{step.tool} is not an allowed tool")]
        return self.registry.violations(step.tool, args)

    def _warrant(self, step: Step, args: dict[str, Json], name: str) -> Warrant:
        tool = self.registry.find(step.tool)
        licence = Licence(
            self.registry, self._analysis, self.request, self.tainted, list(self.results.values())
        )
        return Warrant(
            step=name,
            tool=step.tool,
            tool_digest=tool.digest() if tool else digest(THOUGHTS[step.tool]),
            args=args,
            args_digest=digest(args),
            plan=self.plan.digest,
            occurrence=self._alike(name, args),
            approved_by="policy",
            origins={key: origins(self._analysis.sources(step.id, key)) for key in args},
            reasons=licence.reasons(step, args) if tool else [],
        )

    def _alike(self, name: str, args: dict[str, Json]) -> int:
        """How many rounds before this one have equal arguments, by their results or warrants."""
        step, _, nth = name.partition(".")
        before = [f"{step}.{number}" for number in range(int(nth or 0))]
        made = {key: one.args for key, one in self._known.items()}
        made |= {key: one.args for key, one in self.warranted.items()}
        return sum(made.get(key) == args for key in before)

    def _writes(self, step: Step) -> bool:
        return step.tool not in THINKING and self.registry.policy_of(step.tool).effect != "read"

    def _close(
        self, step: Step, name: str, args: dict[str, Json], error: str, status: StepStatus = "failed"
    ) -> None:
        self.closed[name] = StepResult(step=name, tool=step.tool, args=args, status=status, error=error)

    @cached_property
    def _known(self) -> ChainMap[str, StepResult]:
        return ChainMap(self.closed, self.results)

    @property
    def _outputs(self) -> Mapping[str, Json]:
        return _Outputs(self._known)

    @cached_property
    def _before(self) -> list[StepResult]:
        """What earlier plans of this turn did."""
        mine = {step.id for step in self.plan.steps}
        return [one for key, one in self.results.items() if key.partition(".")[0] not in mine]

    @cached_property
    def _analysis(self) -> Analysis:
        return Analysis(self.plan, self.results.values(), self.registry.output_schema, tainted=self.tainted)


@dataclass(frozen=True)
class _Outputs(Mapping[str, Json]):
    """The outputs of the steps that are done."""

    results: Mapping[str, StepResult]

    def __getitem__(self, step: str) -> Json:
        if (found := self.results[step]).status != "done":
            raise KeyError(step)
        return found.output

    def __iter__(self) -> Iterator[str]:
        return (step for step, found in self.results.items() if found.status == "done")

    def __len__(self) -> int:
        return sum(1 for _ in self)
