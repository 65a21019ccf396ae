"""`warrant replay`: run recorded traces again without touching the outside."""

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from state.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from evals.replay.graph import Graph
    from evals.replay.recording import Recording
    from evals.replay.replaying import Replayed
    from evals.replay.tape import Live, Tape
    from state.trace import Run

EPILOG = (
    "Example: warrant replay run.jsonl --graph shop/graph.py:agent --volatile search.request_id. "
    "Exits with 0 if every replay was identical, 1 if one diverged, 2 if it cannot be run as asked."
)
OWN = "graphs.agent:agent"
SHOWN = 100
"""Characters of what a call asked."""
TOOLS = "Use --tools tape, --tools live, or names as in --tools search,fetch=live."


def replay(
    traces: Annotated[
        list[str], typer.Argument(help="Runs' ids or their beginnings, or files of JSON Lines.")
    ],
    graph: Annotated[str, typer.Option(help="module:name or FILE.py:name.")] = OWN,
    model: Annotated[str, typer.Option(help="`tape`, `live`, or a model's name, asked live.")] = "tape",
    tools: Annotated[str, typer.Option(help="`tape`, `live`, or NAME,…=live.")] = "tape",
    on_miss: Annotated[
        str, typer.Option(help="Of a call that was not recorded: `fail`, `error` or `live`.")
    ] = "fail",
    start: Annotated[
        int, typer.Option("--from", min=1, help="Number of the first call that may be live.")
    ] = 1,
    volatile: Annotated[
        list[str] | None,
        typer.Option(
            help="What may differ: TOOL.field, TOOL/json/pointer, state/json/pointer, prompt:REGEX."
        ),
    ] = None,
    calls: Annotated[bool, typer.Option("--list", help="List the recorded calls, run nothing.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the new traces to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> None:
    """Run recorded traces again, every model and tool answered from the recording, the network closed.

    A trace of a conversation brings its earlier turns along, one after the other. Prints `identical`, or
    where the run first diverged and how; no recorded answer is given after that.
    """
    from evals.replay.recording import recordings, threads
    from evals.replay.tape import Tape
    from evals.replay.volatile import volatile as declared

    if on_miss not in ("fail", "error", "live"):
        raise UsageError(f"--on-miss {on_miss} is unknown.", "Use fail, error or live.")
    recorded = [recordings(one) for one in threads(_runs(traces))]
    if calls:
        return _list(recorded, as_json=as_json)
    _check_start(start, recorded, changes=model != "tape" or tools != "tape")
    live, allowed = _live(model, tools, start), declared([*(volatile or ()), *_passing(graph)])
    miss = cast(Literal["fail", "error", "live"], on_miss)
    tapes = [Tape(volatile=allowed, live=live, on_miss=miss) for _ in recorded]
    found = list(_replays(graph, recorded, tapes, None if model in ("tape", "live") else model))
    if out is not None:
        _write(out, (run for one in found for run in one.runs))
    sys.stdout.write(_document(found) if as_json else _shown(found))
    if any(one.divergence for one in found):
        raise typer.Exit(ExitCode.DIFFERENT)
    return None


def _check_start(start: int, recorded: "Sequence[list[Recording]]", *, changes: bool) -> None:
    calls = max(sum(len(one.calls) for one in thread) for thread in recorded)
    if start > 1 and not changes:
        raise UsageError(f"--from {start} changes nothing.", "Say with --model or --tools what is live.")
    if start > max(calls, 1):
        raise UsageError(f"--from {start}: {calls} calls were recorded.", "See them with --list.")


def _passing(graph: str) -> tuple[str, ...]:
    from evals.replay.own import VOLATILE

    return VOLATILE if graph == OWN else ()


def _runs(names: Sequence[str]) -> "list[Run]":
    from state.settings import settings
    from state.store import Store

    found: dict[str, Run] = {}
    with closing(Store(settings().database_url())) as store:
        for name in names:
            path = Path(name)
            runs = _file(path) if path.is_file() or path.suffix == ".jsonl" else _stored(store, name)
            found |= {run.id: run for run in runs}
    if not found:
        raise UsageError("There is no run in what was given.", "Export one: warrant trace export ID > FILE.")
    return list(found.values())


def _stored(store: Any, prefix: str) -> "Iterator[Run]":  # noqa: ANN401  the store
    """A trace and the earlier ones of its thread, which it goes on from."""
    trace = store.trace_of(prefix)
    root = store.runs(trace)[0]
    thread = root.metadata.get("thread_id")
    before = store.traces(sys.maxsize, str(thread)) if thread else [root]
    for one in before:
        if one.start_time <= root.start_time:
            yield from store.runs(one.id)


def _file(path: Path) -> "Iterator[Run]":
    from pydantic import ValidationError

    from state.trace import Run

    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"Cannot read {path}: {error}.", "Give a file of JSON Lines.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield Run.model_validate_json(line)
            except ValidationError as error:
                problem = error.errors()[0]["msg"]
                raise UsageError(
                    f"{path}, line {number} is no run: {problem}.", "Write it with warrant trace export."
                ) from error


def _live(model: str, tools: str, start: int) -> "Live":
    from evals.replay.tape import Live

    names, _, how = tools.rpartition("=")
    if tools not in ("tape", "live") and (how != "live" or not names):
        raise UsageError(f"--tools {tools} says not what is live.", TOOLS)
    chosen = {name.strip() for name in names.split(",")}
    return Live(model != "tape", lambda name: tools == "live" or name in chosen, start)


def _replays(
    name: str, recorded: "Sequence[list[Recording]]", tapes: "Sequence[Tape]", model: str | None
) -> "Iterator[Replayed]":
    from evals.replay.graph import check
    from evals.replay.own import own_context
    from evals.replay.replaying import replay as play

    chat = None if name == OWN else _chat(model)
    for nth, (thread, tape) in enumerate(zip(recorded, tapes, strict=True), 1):
        sys.stderr.write(f"\r{nth}/{len(recorded)}" if sys.stderr.isatty() else "")
        context = own_context(thread, model) if name == OWN else None
        with _graph(name) as graph:
            check(graph, name, thread)
            yield asyncio.run(play(graph, thread, tape, chat, context))


@contextmanager
def _graph(name: str) -> "Iterator[Graph]":
    from evals.replay.graph import load
    from evals.replay.own import own_graph

    if name == OWN:
        with own_graph() as graph:
            yield graph
    else:
        yield load(name)


def _chat(name: str | None) -> Any:  # noqa: ANN401  a LangChain model
    if name is None:
        return None
    from models.names import bare
    from state.policy import load_policy
    from state.settings import settings

    return bare(name, load_policy(settings().policy).models, settings())


def _list(recorded: "Sequence[list[Recording]]", *, as_json: bool) -> None:
    calls = [
        {
            "trace": one.root.id,
            "number": call.number,
            "kind": call.kind,
            "name": call.name,
            "place": str(call.place),
            "asked": call.asked,
            "error": (call.run.error or "").partition("\n")[0] or None,
        }
        for thread in recorded
        for one in thread
        for call in one.calls
    ]
    lines = [
        f"{call['number']:>4}  {call['kind']:<9} {call['name']}  "
        + json.dumps(call["asked"], ensure_ascii=False)[:SHOWN]
        for call in calls
    ]
    sys.stdout.write((json.dumps(calls, indent=2) if as_json else "\n".join(lines)) + "\n")


def _document(found: "Sequence[Replayed]") -> str:
    replays = [
        {
            "traces": one.traces,
            "identical": one.divergence is None,
            "divergence": one.divergence and one.divergence.document(),
            "answered": one.answered,
            "live": one.live,
            "refused": one.refused,
        }
        for one in found
    ]
    identical = sum(one.divergence is None for one in found)
    totals = {"identical": identical, "diverged": len(found) - identical}
    return json.dumps({**totals, "replays": replays}, indent=2) + "\n"


def _shown(found: "Sequence[Replayed]") -> str:
    lines = []
    for one in found:
        lines += [f"{trace}  {one.divergence or 'identical'}" for trace in one.traces[-1:]]
        lines += [f"  refused: {event}" for event in one.refused]
    identical = sum(one.divergence is None for one in found)
    answered, live = sum(one.answered for one in found), sum(one.live for one in found)
    counts = f"{answered} calls from the recording, {live} live"
    return "\n".join([*lines, f"{identical} of {len(found)} identical; {counts}."]) + "\n"


def _write(path: Path, runs: "Iterable[Run]") -> None:
    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(run.model_dump_json() + "\n" for run in runs)
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {error.strerror}.", "Give another --out.") from error
