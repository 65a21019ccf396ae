"""Graph: the graph that is replayed, by the name of its module or file, and compiled to touch nothing."""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from langgraph.graph import StateGraph
from langgraph.pregel import Pregel
from langgraph.types import RetryPolicy

from evals.replay.keeping import saver
from evals.replay.recording import Recording
from state.errors import UsageError

Graph: TypeAlias = Pregel[Any, Any, Any, Any]
HOW = "Name it as module:name or FILE.py:name: a graph, or a function without parameters that gives one."


def load(name: str) -> Graph:
    """The graph of a name.

    Raises:
        UsageError: there is no such module, name or graph.
    """
    module, _, attribute = name.rpartition(":")
    if not module:
        raise UsageError(f"{name!r} names no graph.", HOW)
    try:
        found: Any = _module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, OSError, SyntaxError) as error:
        raise UsageError(f"The graph {name} cannot be loaded: {error}.", HOW) from error
    return isolated(found)


def isolated(found: Any) -> Graph:  # noqa: ANN401  a graph or what makes one
    """The graph with checkpoints in memory, no cache, and retries that do not wait.

    Raises:
        UsageError: it is no graph.
    """
    if not isinstance(found, Pregel | StateGraph) and callable(found):
        found = _called(found)
    if isinstance(found, StateGraph):
        found = found.compile()
    if not isinstance(found, Pregel):
        raise UsageError(f"A {type(found).__name__} is no graph.", HOW)
    graph = found.copy({"checkpointer": saver(found.checkpointer), "cache": None})
    graph.retry_policy = [_at_once(policy) for policy in graph.retry_policy or ()]
    for node in graph.nodes.values():
        node.retry_policy = [_at_once(policy) for policy in node.retry_policy or ()]
    return graph


def check(graph: Graph, name: str, recorded: Sequence[Recording]) -> None:
    """Tell a graph that was changed from one that was never recorded.

    Raises:
        UsageError: none of the nodes that ran is in the graph.
    """
    ran = {node: None for one in recorded for node in one.nodes}
    if ran and not ran.keys() & graph.nodes.keys():
        has = ", ".join(node for node in graph.nodes if not node.startswith("__"))
        raise UsageError(
            f"The trace is of another graph than {name}: it ran {', '.join(ran)}, and the graph has {has}.",
            "Name the graph that was recorded with --graph.",
        )


def _called(factory: Any) -> Any:  # noqa: ANN401
    try:
        return factory()
    except TypeError as error:
        raise UsageError(f"{factory!r} gives no graph: {error}.", HOW) from error


def _module(name: str) -> ModuleType:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    if not name.endswith(".py"):
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(Path(name).stem, name)
    if spec is None or spec.loader is None:
        raise ImportError(f"{name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(spec.name, module)  # where its state's annotations are looked up
    spec.loader.exec_module(module)
    return module


def _at_once(policy: RetryPolicy) -> RetryPolicy:
    return policy._replace(initial_interval=0.0, jitter=False)
