"""The tool calls of recorded conversations scored by other libraries, for `benchmarks.scoring`.

    OTHER_PYTHON benchmarks/scoring_others.py agentevals FOLDER

Runs in an interpreter that has agentevals, pydantic-evals and inspect-ai, and knows nothing of this project.
Prints one JSON object: seconds from the first line that is read to the last score, how many conversations
passed, and the peak of memory.
"""

# ruff: noqa: ANN401
# What it imports is installed for its own interpreter only.
# mypy: ignore-errors
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any


def read(folder: Path) -> list[dict[str, Any]]:
    """Each conversation with the reference of its case."""
    with (folder / "cases.jsonl").open(encoding="utf-8") as lines:
        references = [json.loads(line)["reference"] for line in lines]
    with (folder / "traces.jsonl").open(encoding="utf-8") as lines:
        traces = [json.loads(line) for line in lines]
    return [trace | {"reference": references[trace["case"]]} for trace in traces]


def signatures(messages: list[dict[str, Any]]) -> Counter[str]:
    """What a custom scorer of theirs would compare: tools with canonical arguments, as a multiset."""
    return Counter(
        call["function"]["name"] + json.dumps(json.loads(call["function"]["arguments"]), sort_keys=True)
        for message in messages
        for call in message.get("tool_calls") or ()
    )


def agentevals(folder: Path) -> int:
    from agentevals.trajectory.match import create_trajectory_match_evaluator

    evaluator = create_trajectory_match_evaluator(trajectory_match_mode="unordered")
    return sum(
        bool(evaluator(outputs=row["messages"], reference_outputs=row["reference"])["score"])
        for row in read(folder)
    )


def pydantic_evals(folder: Path) -> int:
    from pydantic_evals import Case, Dataset
    from pydantic_evals.evaluators import Evaluator, EvaluatorContext

    class ToolCalls(Evaluator[Any, Any, Any]):
        def evaluate(self, ctx: EvaluatorContext[Any, Any, Any]) -> bool:
            return signatures(ctx.output) == signatures(ctx.expected_output)

    rows = {row["id"]: row for row in read(folder)}
    cases = [Case(name=name, inputs=name, expected_output=row["reference"]) for name, row in rows.items()]

    async def recorded(name: str) -> list[dict[str, Any]]:
        return rows[name]["messages"]

    dataset: Any = Dataset(name="traces", cases=cases, evaluators=[ToolCalls()])
    report = dataset.evaluate_sync(recorded, progress=False)
    return sum(one.assertions["ToolCalls"].value for one in report.cases)


def inspect(folder: Path) -> int:
    from inspect_ai import Task
    from inspect_ai import eval as evaluate
    from inspect_ai.dataset import Sample
    from inspect_ai.scorer import Score, accuracy, scorer
    from inspect_ai.solver import solver

    @solver
    def recorded() -> Any:
        async def solve(state: Any, _generate: Any) -> Any:
            return state

        return solve

    @scorer(metrics=[accuracy()])
    def tool_calls() -> Any:
        async def score(state: Any, _target: Any) -> Score:
            data = state.metadata
            return Score(value=int(signatures(data["messages"]) == signatures(data["reference"])))

        return score

    samples = [Sample(input=row["id"], id=row["id"], metadata=row) for row in read(folder)]
    with tempfile.TemporaryDirectory() as logs:
        (log,) = evaluate(
            Task(dataset=samples, solver=recorded(), scorer=tool_calls()),
            model="mockllm/model",
            log_dir=logs,
            display="none",
        )
    assert log.results is not None
    return round(log.results.scores[0].metrics["accuracy"].value * len(samples))


SYSTEMS = {"agentevals": agentevals, "pydantic-evals": pydantic_evals, "inspect": inspect}


def main() -> None:
    system, folder = SYSTEMS[sys.argv[1]], Path(sys.argv[2])
    warm_up(system, folder)
    started, busy = time.perf_counter(), time.process_time()
    passed = system(folder)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "seconds": round(seconds, 2),
                "cpu_seconds": round(busy, 2),
                "passed": passed,
                "peak_mb": round(peak),
            }
        )
    )


def warm_up(system: Callable[[Path], int], folder: Path) -> None:
    """Import everything: score the first conversation alone."""
    with tempfile.TemporaryDirectory() as name:
        for file in ("cases.jsonl", "traces.jsonl"):
            with (folder / file).open(encoding="utf-8") as lines:
                (Path(name) / file).write_text(next(lines), encoding="utf-8")
        system(Path(name))


if __name__ == "__main__":
    main()
