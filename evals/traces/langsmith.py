"""Traces of a LangSmith project, over its API."""

import json
import warnings
from collections.abc import Iterator
from typing import Any

from langsmith import Client
from langsmith.schemas import Run as LangSmithRun
from langsmith.utils import LangSmithError
from requests import RequestException

from state.errors import WarrantError
from state.schema import Json


class LangSmithUnavailableError(WarrantError):
    """LangSmith cannot be reached, refuses the key, or has no such project."""


def project_runs(url: str, api_key: str | None, project: str, limit: int | None) -> Iterator[Json]:
    """The runs of a project's newest traces, as lines that `run_lines.runs_of` reads, trace by trace.

    Args:
        url: LangSmith's API.
        api_key: None for a server that wants none.
        project: Name of the project.
        limit: How many traces; None for all.

    Raises:
        LangSmithUnavailableError: the runs cannot be had.
    """
    try:
        client = Client(url, api_key=api_key, auto_batch_tracing=False)
        for root in _listed(client, project_name=project, is_root=True, limit=limit):
            found = _listed(client, project_id=root.session_id, trace_id=root.trace_id)
            yield from sorted(map(_line, found), key=lambda line: str(line.get("dotted_order")))
    except (LangSmithError, RequestException) as error:
        reason = " ".join(str(error).split())[:200]
        raise LangSmithUnavailableError(
            f"LangSmith at {url} gives no runs of {project!r}: {reason}.",
            "Check --project, LANGSMITH_ENDPOINT and LANGSMITH_API_KEY.",
        ) from error


def _listed(client: Client, **query: Any) -> Iterator[LangSmithRun]:  # noqa: ANN401  the SDK's options
    """Runs by the call that self-hosted servers answer too; the SDK would rather have another one used."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="list_runs")
        found: Iterator[LangSmithRun] = client.list_runs(**query)
    return found


def _line(run: LangSmithRun) -> dict[str, Json]:
    line: dict[str, Json] = json.loads(run.model_dump_json(exclude_none=True, exclude={"child_runs"}))
    return line
