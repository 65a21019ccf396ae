"""Retrieve: runs one search under its warrant; each passage passes the gate on its own."""

import asyncio
from dataclasses import dataclass, replace

from langgraph.runtime import Runtime

from nodes.callers import Callers
from nodes.evidence import passages
from nodes.gate import Judge
from nodes.rewording import Rewording
from nodes.running import ended, started
from state.agent import AgentState, Context, Task
from state.passage import Passage
from state.verdict import Verdict
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
        found: list[Passage] = []
        verdicts: list[Verdict] = []
        if result.status == "done":
            found = [p for p in passages(result.output) if caller.labels.issuperset(p.labels)]
            verdicts = await asyncio.gather(*(self.judge(passage.text, "result") for passage in found))
            kept = {"passages": _kept(found, verdicts)}
            result = result.model_copy(update={"output": kept, "retrieved": True})
        read = {passage.source: list(passage.labels) for passage in found}
        return {**ended(result, verdicts, runtime, passages=len(found)), "read": read, **spent}


def _kept(found: list[Passage], verdicts: list[Verdict]) -> list[dict[str, object]]:
    pairs = zip(found, verdicts, strict=True)
    return [passage.model_dump(mode="json") for passage, v in pairs if not v.withholds]
