"""The final state of a trace: what its graph had found when it ended, or when it was stopped."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from evals.traces.messages import plain
from evals.trajectory import Retrieved
from state.schema import Json
from state.trace import Run

GATHERED = ("messages", "verdicts", "violations", "attempts")
"""Channels to which nodes add."""
INNER = ("plan", "results", "verdicts", "violations", "attempts")
"""Channels that tell the way; what a graph gives in the end need not have them."""


def final_state(roots: Sequence[Run], runs: Sequence[Run]) -> Mapping[str, Json]:
    """The last state of the graph: what it gave, and of INNER what its nodes wrote before.

    Of a run that did not get to its end, it is what its nodes wrote.

    Args:
        roots: The runs of the graph, more than one where it was resumed.
        runs: Those of their traces, in the order in which they began.
    """
    written = _written({root.id for root in roots}, runs)
    given = roots[-1].outputs
    return written if given is None else {**{k: v for k, v in written.items() if k in INNER}, **given}


def _written(graphs: Collection[str], runs: Sequence[Run]) -> dict[str, Json]:
    """What nodes wrote; None empties a channel for a new turn."""
    state: dict[str, Json] = {}
    for run in runs:
        if run.parent_run_id not in graphs or run.outputs is None:
            continue
        for name, value in run.outputs.items():
            if name in GATHERED and isinstance(value, list):
                state[name] = [*(state.get(name) or ()), *value]
            elif name == "results" and isinstance(value, dict):
                state[name] = {**(state.get(name) or {}), **value}
            else:
                state[name] = value
    return state


def retrieved(state: Mapping[str, Json], runs: Sequence[Run]) -> tuple[Retrieved, ...]:
    """The retrievals: results that say so, else the runs of retrievers."""
    results = state.get("results")
    results = mappings(list(results.values())) if isinstance(results, Mapping) else ()
    outputs = [
        one["output"] for one in results if one.get("retrieved") and isinstance(one.get("output"), Mapping)
    ]
    if outputs:
        return tuple(_passages(output.get("passages")) for output in outputs)
    searches = (run for run in runs if run.run_type == "retriever" and run.outputs)
    return tuple(_documents(run.outputs.get("documents")) for run in searches if run.outputs)


def _passages(passages: Json) -> Retrieved:
    found = list(mappings(passages))
    ids, sources, texts = ([str(one.get(key) or "") for one in found] for key in ("id", "source", "text"))
    return Retrieved(tuple(ids), tuple(sources), tuple(texts))


def _documents(documents: Json) -> Retrieved:
    """LangChain's documents; one without an id has its source for one."""
    passages = []
    for document in map(plain, mappings(documents)):
        about = document.get("metadata")
        about = about if isinstance(about, Mapping) else {}
        source = about.get("source")
        text = document.get("page_content")
        passages.append(
            {"id": document.get("id") or about.get("id") or source, "source": source, "text": text}
        )
    return _passages(passages)


def violations(state: Mapping[str, Json]) -> tuple[Mapping[str, Json], ...]:
    """Those that were recorded, and those of every reply, each once."""
    found = list(mappings(state.get("violations")))
    for attempt in mappings(state.get("attempts")):
        for violation in mappings(attempt.get("violations")):
            if (one := {"at": attempt.get("at"), **violation}) not in found:
                found.append(one)
    return tuple(found)


def mappings(value: Json) -> Iterator[Mapping[str, Json]]:
    """The objects in a list; nothing of any other value."""
    return (one for one in value if isinstance(one, Mapping)) if isinstance(value, list) else iter(())
