"""What the gate costs a run: the whole graph with it, with its rules alone, and with none, in one run.

    python -m benchmarks.gate_in_graph --runs 100 [--classifier rules --classifier injection]

The offline model plans and answers, a tool computes, so that the gate judges a request, a result and an
answer in each run. All three use the in-memory checkpointer and take turns, so that a change of the machine's
speed hits them alike; quote the ratios.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph.state import CompiledStateGraph

from graphs.parts import assembled
from graphs.wiring import Parts, wire
from state.agent import Context
from state.policy import Policy
from state.settings import Settings
from state.store import Store
from state.verdict import Place, Verdict

QUESTION = "What is 3 + 4?"
FULL = ("rules", "injection")
TURNS = ("nothing", "rules", "full")


async def _allow(_text: str, place: Place) -> Verdict:
    return Verdict(
        place=place, decision="allow", category="ok", score=0, threshold=1, classifier="none", reason=""
    )


def _policy(classifiers: Sequence[str]) -> Policy:
    place = {"classifiers": list(classifiers)}
    return Policy.model_validate(
        {
            "tools": {"calculate": {"effect": "read"}},
            "gate": {"screen": place, "result": {**place, "action": "quarantine"}, "release": place},
        }
    )


def _graph(parts: Parts) -> CompiledStateGraph[Any, Any, Any, Any]:
    return wire(parts).compile(checkpointer=InMemorySaver())


async def measure(runs: int, classifiers: Sequence[str], home: Path, warm_up: int = 5) -> dict[str, Any]:
    """Milliseconds of each, taking turns, and the ratios of their medians."""
    chosen = Settings(home=home, policy=home / "policy.toml", model="offline")
    with closing(Store(chosen.database_url())) as store:
        rules = assembled(chosen, _policy(["rules"]), store)
        graphs = {
            "nothing": _graph(replace(rules, judge=_allow)),
            "rules": _graph(rules),
            "full": _graph(assembled(chosen, _policy(classifiers), store)),
        }
        taken: dict[str, list[float]] = {name: [] for name in TURNS}
        for number in range(runs + warm_up):
            for name in TURNS:
                taken[name].append(await _run(graphs[name], number))
    medians = {name: statistics.median(times[warm_up:]) for name, times in taken.items()}
    return {
        "runs": runs,
        "classifiers": list(classifiers),
        "milliseconds": {name: round(value, 2) for name, value in medians.items()},
        "added by rules, ms": round(medians["rules"] - medians["nothing"], 2),
        "added by all, ms": round(medians["full"] - medians["nothing"], 2),
        "rules / nothing": round(medians["rules"] / medians["nothing"], 3),
        "full / nothing": round(medians["full"] / medians["nothing"], 3),
    }


async def _run(graph: CompiledStateGraph[Any, Any, Any, Any], number: int) -> float:
    config: RunnableConfig = {"configurable": {"thread_id": str(number)}}
    started = time.perf_counter()
    end = await graph.ainvoke({"messages": [HumanMessage(QUESTION)]}, config, context=Context())
    taken = (time.perf_counter() - started) * 1000
    if end["outcome"] != "answered":
        raise RuntimeError(f"the run ended with {end['outcome']}: {end.get('reason')}")
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100, help="counted runs of each")
    parser.add_argument("--classifier", action="append", help="who judges everywhere; may be repeated")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        found = asyncio.run(measure(options.runs, options.classifier or FULL, Path(home)))
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
