"""Replays of a corpus of recorded runs: are unchanged graphs identical, and is every seeded change found?

    python -m benchmarks.replaying --count 10 --json

Records COUNT runs of each of five shapes of graph and of our own agent, live; then replays them with
tripwires in every model and tool, which count a live call and try to open a socket.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.replay_corpus import CHANGES, Sample, changed, own_recorded, recorded, respelled
from benchmarks.replay_graphs import LIVE, SHAPES
from evals.replay.own import VOLATILE, own_context, own_graph
from evals.replay.recording import Recording, recordings
from evals.replay.replaying import Replayed, replay
from evals.replay.tape import Tape
from evals.replay.volatile import volatile


async def again(sample: Sample, recorded: Sequence[Recording]) -> Replayed:
    """Replay on the graph that was recorded."""
    if sample.shape in SHAPES:
        return await replay(sample.graph(), recorded)
    with own_graph() as graph:
        return await replay(graph, recorded, Tape(volatile(VOLATILE)), context=own_context(recorded))


async def measured(count: int, seed: int) -> dict[str, Any]:
    """The figures."""
    samples = [await recorded(shape, nth) for shape in SHAPES for nth in range(count)]
    with TemporaryDirectory() as folder:
        samples += [await own_recorded(nth, Path(folder)) for nth in range(count)]
    LIVE.clear()
    chance, milliseconds = random.Random(seed), list[float]()
    identical, false_alarms, refused = Counter[str](), 0, 0
    seeded, found, kinds = Counter[str](), Counter[str](), Counter[str]()
    for nth, sample in enumerate(samples, 1):
        sys.stderr.write(f"\r{nth}/{len(samples)} {sample.shape:<12}")
        began = time.perf_counter()
        one = await again(sample, recordings(sample.traces))
        milliseconds.append(1e3 * (time.perf_counter() - began))
        identical[sample.shape] += one.divergence is None
        refused += len(one.refused)
        one = await again(sample, recordings([respelled(runs) for runs in sample.traces]))
        false_alarms += one.divergence is not None
        for name, recording in changed(sample, chance):
            one = await again(sample, recording)
            seeded[name] += 1
            found[name] += one.divergence is not None
            kinds[f"{name} as {one.divergence.difference if one.divergence else 'nothing'}"] += 1
            refused += len(one.refused)
    sys.stderr.write("\n")
    return {
        "runs": len(samples),
        "identical": identical.total(),
        "identical_by_shape": dict(identical),
        "live_calls": LIVE.total(),
        "outside_tried": refused,
        "equal_arguments_false_alarms": false_alarms,
        "seeded": {name: f"{found[name]}/{seeded[name]}" for name in CHANGES},
        "seeded_found": round(found.total() / seeded.total(), 4),
        "reported_as": dict(sorted(kinds.items())),
        "milliseconds_median": round(median(milliseconds), 1),
        "milliseconds_max": round(max(milliseconds), 1),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Replay a corpus of recorded runs.")
    parser.add_argument("--count", type=int, default=10, help="Recorded runs of each shape.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures = asyncio.run(measured(given.count, given.seed))
    if given.json:
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{name:<30} {value}\n" for name, value in figures.items())


if __name__ == "__main__":
    main()
