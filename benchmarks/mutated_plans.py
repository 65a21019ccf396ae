"""Plans with a defect must be rejected before anything runs, and valid plans must not be.

    python -m benchmarks.mutated_plans --count 100 --json

Every plan goes through the compiled graph, proposed by a model that proposes nothing else; the tools count
their calls. Of the valid plans it counts those that review sends back, and the calls that the others make.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from benchmarks.mutations import DEFECTS
from benchmarks.valid_plans import ANSWER_SCHEMA, POLICY, REQUEST, Json, Plan, capabilities, valid_plan
from graphs.wiring import Parts, wire
from models.chat import Prompt, Reply
from state.agent import AgentInput, Context, Terms
from state.schema import violations
from state.store import Store
from state.usage import Usage
from state.verdict import Place, Verdict
from tools.capability import Caller
from tools.registry import Registry

REPLIES: dict[str, Json] = {"compose": {"text": "Paid."}, "extract": {"no": 12}}
DRAFT: dict[str, Json] = {"claims": [], "missing": None, "data": {"total": 1, "names": []}}


@dataclass
class Proposer:
    """Proposes one plan, again and again, and says what fits for everything else."""

    plan: Plan
    name: str = "proposer"

    async def reply(self, prompt: Prompt) -> Reply:
        """Answer at once."""
        value = self.plan if prompt.task == "plan" else REPLIES.get(prompt.task, DRAFT)
        broken = tuple(violations(prompt.schema, value))
        return Reply(json.dumps(value), value, broken, self.name, "prompted", Usage(model_calls=1))


async def _judge(_text: str, place: Place) -> Verdict:
    return Verdict(
        place=place, decision="allow", category="ok", score=0, threshold=1, classifier="none", reason=""
    )


def _terms(_context: Context) -> Terms:
    return Terms(
        model="proposer", plan_retries=1, answer_retries=0, replans=0, passages=4, answer_schema=None
    )


@dataclass
class Bench:
    """The graph with tools that count."""

    store: Store
    made: list[str] = field(default_factory=list)

    async def rejected(self, plan: Plan) -> bool:
        """Run the plan through the graph; whether review sent it back."""
        parts = Parts(
            policy=POLICY,
            chat=lambda _name: Proposer(plan),
            registry=Registry(capabilities(self.made), POLICY, self.store),
            judge=_judge,
            caller=lambda _runtime: Caller(),
            terms=_terms,
            stamp=lambda model: {"models": {"chat": model}},
            plan_instructions="Plan.",
            answer_instructions="Answer.",
            rewording_instructions="",
            thinking_instructions={"extract": "Extract.", "compose": "Compose."},
        )
        given = AgentInput(messages=[HumanMessage(REQUEST)], answer_schema=ANSWER_SCHEMA)
        graph = wire(parts).compile(checkpointer=InMemorySaver())
        config: RunnableConfig = {"configurable": {"thread_id": "t"}}
        await graph.ainvoke(given, config, context=Context())
        state = (await graph.aget_state(config)).values
        return bool(state["violations"]) and state["outcome"] == "failed"


async def measured(count: int, seed: int, store: Store) -> dict[str, Json]:
    """What became of `count` plans of each class, and of as many valid plans as there are broken ones."""
    classes: dict[str, Json] = {}
    for name, mutate in DEFECTS.items():
        bench, rejected = Bench(store), 0
        for number in range(count):
            random = Random(f"{seed} {name} {number}")
            rejected += await bench.rejected(mutate(random, valid_plan(random)))
        classes[name] = {"plans": count, "rejected": rejected, "tools_executed": len(bench.made)}
    bench, refused, valid = Bench(store), 0, count * len(DEFECTS)
    for number in range(valid):
        refused += await bench.rejected(valid_plan(Random(f"{seed} valid {number}")))
    return {
        "classes": classes,
        "mutated": {key: sum(one[key] for one in classes.values()) for key in next(iter(classes.values()))},
        "valid": {
            "plans": valid,
            "false_rejections": refused,
            "tools_executed": dict(sorted(Counter(bench.made).items())),
        },
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=100, help="plans of each class")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    given = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'effects.db'}")
        found = asyncio.run(measured(given.count, given.seed, store))
        store.close()
    found["seconds"] = round(time.perf_counter() - started, 1)
    if given.json:
        print(json.dumps(found, indent=1))
    else:
        for name, one in found["classes"].items():
            print(f"{name:45} {one['rejected']:5} of {one['plans']} rejected, {one['tools_executed']} calls")
        valid = found["valid"]
        print(f"{'valid':45} {valid['false_rejections']:5} of {valid['plans']} rejected")
        print(f"{'calls of the valid plans':45} {valid['tools_executed']}")
    whole = found["mutated"]["rejected"] == found["mutated"]["plans"]
    clean = not found["mutated"]["tools_executed"] and not found["valid"]["false_rejections"]
    return 0 if whole and clean else 1


if __name__ == "__main__":
    sys.exit(main())
