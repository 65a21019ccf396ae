"""Execute: runs one step under its warrant and gates what comes back."""

from dataclasses import dataclass

from langgraph.runtime import Runtime

from nodes.callers import Callers
from nodes.gate import Judge
from nodes.holding import held
from nodes.running import ended, started
from state.agent import AgentState, Context, Task
from state.canonical import canonical
from state.plan import StepResult
from state.verdict import Verdict
from tools.capability import Caller
from tools.registry import Registry


@dataclass(frozen=True)
class Execute:
    """Runs a step; a result that the gate refuses is not seen by any model."""

    registry: Registry
    judge: Judge
    caller: Callers

    async def __call__(self, state: Task, *, runtime: Runtime[Context]) -> AgentState:
        """Call the tool and judge its output."""
        warrant = started(state, runtime)
        caller = self.caller(runtime)
        result = await self.registry.call(warrant, caller, state["scope"])
        if result.status != "done":
            return ended(result, (), runtime)
        text = canonical(result.output)
        verdict = await self.judge(text, "result")
        read = self._read(result, caller)
        if verdict.decision == "ask":
            refused = self._withheld(result, verdict)
            passed: AgentState = {"results": {result.step: result.model_dump(mode="json")}, "read": read}
            told = ended(refused, (verdict,), runtime)
            waits = held(verdict, text, passed, {"results": told.pop("results")})
            return {**told, "held": {result.step: waits}}
        if verdict.decision == "quarantine":
            result = result.model_copy(update={"quarantined": verdict.reason})
        elif verdict.withholds:
            result, read = self._withheld(result, verdict), {}
        return {**ended(result, (verdict,), runtime), "read": read}

    def _read(self, result: StepResult, caller: Caller) -> dict[str, list[str]]:
        """The document whose words the output holds; of its labels the caller holds all, and maybe more."""
        tool = self.registry.find(result.tool)
        if tool is None or not tool.opens or result.output is None:
            return {}
        return {result.output["source"]: sorted(caller.labels)}

    def _withheld(self, result: StepResult, verdict: Verdict) -> StepResult:
        """Without its output; what was written stays done, so that no re-plan writes it again."""
        read = self.registry.policy_of(result.tool).effect == "read"
        error = f"the gate withheld the output: {verdict.reason}"
        return result.model_copy(
            update={"status": "failed" if read else "done", "output": None, "error": error}
        )
