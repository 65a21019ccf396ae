"""Retrieve: runs one search under its warrant; each passage passes the gate on its own."""

import asyncio
from dataclasses import dataclass, replace

from langgraph.runtime import Runtime

from nodes.callers import Callers
from nodes.evidence import passages
from nodes.gate import Judge
from nodes.holding import held
from nodes.rewording import Rewording
from nodes.running import ended, started
from state.agent import AgentState, Context, Task
from state.passage import Passage
from state.plan import StepResult
from state.usage import Usage
from state.verdict import Decision, Verdict
from tools.registry import Registry


@dataclass(frozen=True)
class Retrieve:
    """Runs a search; a passage that the gate refuses, or that the caller may not read, is left out."""

    registry: Registry
    judge: Judge
    caller: Callers
    rewording: Rewording

    async def __call__(self, state: Task, *, runtime: Runtime[Context]) -> AgentState:
        """Search, and keep the passages that may be used."""
        warrant = started(state, runtime)
        tool = self.registry.find(warrant.tool)
        query = warrant.args.get("query") if tool and tool.rewords else None
        wordings, spent = await self.rewording(query, state)
        caller = replace(self.caller(runtime), passages=state["terms"]["passages"], wordings=wordings)
        result = await self.registry.call(warrant, caller, state["scope"])
        if result.status != "done":
            return {**ended(result, (), runtime, passages=0), "read": {}, **spent}
        found = [p for p in passages(result.output) if caller.labels.issuperset(p.labels)]
        verdicts = await asyncio.gather(*(self.judge(passage.text, "result") for passage in found))
        pairs = list(zip(found, verdicts, strict=True))
        read = {passage.source: list(passage.labels) for passage in found}
        refused = _holding(result, pairs, ("allow", "flag", "quarantine"))
        told: AgentState = {**ended(refused, verdicts, runtime, passages=len(found)), "read": read}
        before = Usage.model_validate(spent.get("usage", {}))
        told = {**told, **spent, "usage": (before + Usage.model_validate(told["usage"])).model_dump()}
        asked = [(passage, verdict) for passage, verdict in pairs if verdict.decision == "ask"]
        if not asked:
            return told
        passed = _holding(result, pairs, ("allow", "flag", "quarantine", "ask"))
        waits = held(
            asked[0][1],
            "\n\n".join(passage.text for passage, _ in asked),
            {"results": {result.step: passed.model_dump(mode="json")}},
            {"results": told.pop("results")},
        )
        return {**told, "held": {result.step: waits}}


def _holding(
    result: StepResult, pairs: list[tuple[Passage, Verdict]], decisions: tuple[Decision, ...]
) -> StepResult:
    """The result with the passages about which the gate decided so; those in quarantine say it."""
    kept = [(passage, verdict) for passage, verdict in pairs if verdict.decision in decisions]
    why = next((verdict.reason for _, verdict in kept if verdict.decision == "quarantine"), "")
    shown = [
        passage.model_copy(update={"quarantined": verdict.decision == "quarantine"}).model_dump(mode="json")
        for passage, verdict in kept
    ]
    return result.model_copy(update={"output": {"passages": shown}, "retrieved": True, "quarantined": why})
