"""Why a human has to be asked about a call, and whether one may be."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from models.outward import destinations
from state.plan import THINKING, Step, StepResult
from state.provenance import DEFAULT_SOURCES, Analysis, strange, untrusted_controls
from state.schema import Json, pointer
from state.shape import Field
from tools.registry import Registry

ALWAYS = "Policy asks before each call."
TAINTED = "The plan was made after a model had read text that is not yours."


@dataclass(frozen=True)
class Licence:
    """What is known of a turn when a call is about to be made."""

    registry: Registry
    analysis: Analysis
    request: str
    tainted: bool
    results: Iterable[StepResult]

    def reasons(self, step: Step, args: dict[str, Json]) -> list[str]:
        """Why a human must approve a call with these arguments; empty if nobody need be asked."""
        policy = self.registry.policy_of(step.tool)
        shape = self.analysis.args(step.id)
        trusts = self.registry.trusts
        wrong = untrusted_controls(
            policy, shape, args, request=self.request, trusts=trusts, tainted=self.tainted
        )
        found = [ALWAYS] if policy.approval == "always" else []
        found += [TAINTED] if self.tainted and policy.effect != "read" else []
        found += [f"{name} comes from {', '.join(sources)}." for name, sources in wrong.items()]
        if policy.effect != "read":
            free = args.keys() - policy.controls(set(args))
            found += [reason for name in sorted(free) for reason in self._outward(step.id, name, args[name])]
        return found

    def _outward(self, step: str, name: str, value: Json) -> Iterator[str]:
        """What a text of others would lead its reader to that neither the user nor a trusted source named."""
        sources = self.analysis.sources(step, name)
        if not strange(sources, DEFAULT_SOURCES, self.request, self.registry.trusts):
            return
        found = frozenset(one for text in texts(value) for one in destinations(text))
        if found and (unnamed := found - self._named()):
            yield f"{name} names {', '.join(sorted(unnamed))}, which no trusted source named."

    def _named(self) -> frozenset[str]:
        trusted = (text for result in self.results for text in self._trusted_texts(result))
        return frozenset(one for text in (self.request, *trusted) for one in destinations(text))

    def _trusted_texts(self, result: StepResult) -> Iterator[str]:
        if result.status == "done" and result.rounds is None and result.tool not in THINKING:
            for path, text in leaves(result.output):
                if self.registry.trusts(Field(result.tool, path)):
                    yield text


def texts(value: Json) -> Iterator[str]:
    """Every text in a value."""
    yield from (text for _, text in leaves(value))


def leaves(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every text in a value, with a JSON Pointer to it."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from leaves(part, (*path, index))
    elif isinstance(value, str):
        yield pointer(path), value
