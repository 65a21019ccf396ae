"""Parts that a test picks instead of the real ones; each has the shape of what it stands for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph.runtime import Runtime

from graphs.wiring import Parts
from models.chat import ModelError, Prompt, Reply
from models.gate.classifier import Finding
from models.sections import parse
from state.agent import Context, Terms
from state.policy import Policy
from state.schema import violations
from state.usage import Usage
from state.verdict import Decision, Place, Verdict
from tools.capability import Caller, Capability
from tools.registry import Registry

RUNTIME: Runtime[Context] = Runtime()


def NOBODY(_runtime: Runtime[Context]) -> Caller:  # noqa: N802 - stands for a constant
    """A caller who holds nothing."""
    return Caller()


@dataclass
class ScriptedChat:
    """Replies with the next value of its script; an exception is raised, a function is called."""

    script: dict[str, list[Any]]
    name: str = "scripted"
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def reply(self, prompt: Prompt) -> Reply:
        sections = parse(str(prompt.messages[-1].text))
        self.asked.append((prompt.task, sections))
        value = self.script[prompt.task].pop(0)
        if callable(value):
            value = value(sections)
        if isinstance(value, ModelError):
            raise value
        broken = tuple(violations(prompt.schema, value))
        return Reply(str(value), value, broken, self.name, "prompted", Usage(model_calls=1, input_tokens=10))

    def sections(self, task: str) -> list[dict[str, Any]]:
        return [sections for asked, sections in self.asked if asked == task]


@dataclass
class MemoryClaim:
    state: str
    output: Any = None
    error: str = ""
    claimed_at: str = ""
    running: bool = False


@dataclass
class MemoryLedger:
    """A ledger in memory."""

    rows: dict[str, MemoryClaim] = field(default_factory=dict)

    def claim(self, key: str, **effect: Any) -> MemoryClaim:
        if key in self.rows:
            return self.rows[key]
        self.rows[key] = MemoryClaim("claimed", running=True)
        return MemoryClaim("new")

    def retake(self, key: str, claimed_at: str, seconds: float) -> bool:
        return False

    def finish(self, key: str, output: Any) -> None:
        self.rows[key] = MemoryClaim("done", output)

    def fail(self, key: str, error: str) -> None:
        del self.rows[key]

    def lose(self, key: str, error: str) -> None:
        self.rows[key] = MemoryClaim("unknown", error=error)


def judge(**words: Decision) -> Callable[[str, Place], Any]:
    """A gate that decides by words: `FORBIDDEN` refuses, unless others are given."""
    decisions = words or {"FORBIDDEN": "refuse"}

    async def decide(text: str, place: Place) -> Verdict:
        word = next((one for one in decisions if one in text), None)
        return Verdict(
            place=place,
            decision=decisions[word] if word else "allow",
            category="secret" if word else "ok",
            score=1.0 if word else 0.0,
            threshold=0.5,
            classifier="test",
            reason=f"it says the {word.lower()} word" if word else "",
        )

    return decide


class Silent:
    """A classifier that finds nothing; a policy names it `tests.fakes:Silent`."""

    name = "silent"
    digest = "sha256:silent"
    categories = frozenset[str]()

    def classify(self, text: str, place: Place) -> Sequence[Finding]:
        return ()


def parts(
    chat: ScriptedChat,
    tools: Iterable[Capability] = (),
    policy: dict[str, Any] | None = None,
    ledger: MemoryLedger | None = None,
    **terms: int,
) -> Parts:
    """Parts of a graph with a scripted model; every tool that is not in the policy is a `read` tool."""
    tools = list(tools)
    entries = {tool.name: {"effect": "read"} for tool in tools} | (policy or {}).pop("tools", {})
    checked = Policy.model_validate({**(policy or {}), "tools": entries})
    agreed = Terms(
        model="scripted", plan_retries=2, answer_retries=2, replans=1, passages=3, answer_schema=None
    )

    def given(context: Context) -> Terms:
        return Terms(**{**agreed, **terms, **context.model_dump(exclude_none=True)})

    return Parts(
        policy=checked,
        chat=lambda _: chat,
        registry=Registry(tools, checked, ledger or MemoryLedger()),
        judge=judge(),
        caller=lambda _: Caller(labels=frozenset({"public"})),
        terms=given,
        stamp=lambda model: {"models": {"chat": model}},
        plan_instructions="plan",
        answer_instructions="answer",
        rewording_instructions="reword",
        thinking_instructions={"extract": "extract", "compose": "compose"},
    )
