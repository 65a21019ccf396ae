"""The tool calls of recorded conversations scored by other libraries, for `benchmarks.scoring`.

    OTHER_PYTHON benchmarks/scoring_others.py agentevals FILE

Runs in an interpreter that has agentevals, pydantic-evals and inspect-ai, and knows nothing of this project. Prints
one JSON object: seconds from the first line that is read to the last score, traces, how many passed, peak memory.
"""

import json
import resource
import sys
import tempfile
import time
from collections import Counter
from typing import Any


def read(path: str) -> list[dict[str, Any]]:
    with open(path, encoding="utf-8") as lines:  # noqa: PTH123  # as the others' examples do
        return [json.loads(line) for line in lines]


def signatures(messages: list[dict[str, Any]]) -> Counter[str]:
    """What a custom scorer of theirs would compare: tools with canonical arguments, as a multiset."""
    return Counter(
        call["function"]["name"] + json.dumps(json.loads(call["function"]["arguments"]), sort_keys=True)
        for message in messages
        for call in message.get("tool_calls") or ()
    )


def agentevals(path: str) -> int:
    from agentevals.trajectory.match import create_trajectory_match_evaluator

    evaluator = create_trajectory_match_evaluator(trajectory_match_mode="unordered")
    return sum(
        bool(evaluator(outputs=row["messages"], reference_outputs=row["reference"])["score"])
        for row in read(path)
    )


def pydantic_evals(path: str) -> int:
    from pydantic_evals import Case, Dataset
    from pydantic_evals.evaluators import Evaluator, EvaluatorContext

    class ToolCalls(Evaluator[Any, Any, Any]):
        def evaluate(self, ctx: EvaluatorContext[Any, Any, Any]) -> bool:
            return signatures(ctx.output) == signatures(ctx.expected_output)

    rows = {row["id"]: row for row in read(path)}
    cases = [Case(name=name, inputs=name, expected_output=row["reference"]) for name, row in rows.items()]

    async def recorded(name: str) -> list[dict[str, Any]]:
        return rows[name]["messages"]

    dataset: Any = Dataset(name="traces", cases=cases, evaluators=[ToolCalls()])
    report = dataset.evaluate_sync(recorded, progress=False)
    return sum(one.assertions["ToolCalls"].value for one in report.cases)


def inspect(path: str) -> int:
    from inspect_ai import Task, eval as evaluate
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

    samples = [Sample(input=row["id"], id=row["id"], metadata=row) for row in read(path)]
    with tempfile.TemporaryDirectory() as folder:
        (log,) = evaluate(
            Task(dataset=samples, solver=recorded(), scorer=tool_calls()),
            model="mockllm/model",
            log_dir=folder,
            display="none",
        )
    assert log.results is not None
    return round(log.results.scores[0].metrics["accuracy"].value * len(samples))


SYSTEMS = {"agentevals": agentevals, "pydantic-evals": pydantic_evals, "inspect": inspect}


def main() -> None:
    name, path = sys.argv[1:3]
    SYSTEMS[name]  # an unknown name fails before anything is imported
    with open(path, encoding="utf-8") as lines, tempfile.NamedTemporaryFile("w", suffix=".jsonl") as first:  # noqa: PTH123
        first.write(next(lines))
        first.flush()
        SYSTEMS[name](first.name)
    started = time.perf_counter()
    passed = SYSTEMS[name](path)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(seconds, 2), "passed": passed, "peak_mb": round(peak)}))


if __name__ == "__main__":
    main()
