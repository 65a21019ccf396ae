import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.tracers.base import AsyncBaseTracer
from langchain_core.tracers.schemas import Run
from numpy.typing import NDArray

from state.passage import Passage
from state.policy import RetrievalPolicy
from state.schema import violations
from tools.capability import Caller, Capability, ToolError
from tools.documents import open_document, search_documents
from tools.index.ingest import add
from tools.index.search import Index


class Constant:
    """An embedding model for which all texts mean the same."""

    def __init__(self, name: str = "constant") -> None:
        self.name = name
        self.dimensions = 4

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.full((len(texts), 4), 0.5, np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = tmp_path / "documents"
    documents.mkdir()
    for number in range(10):
        (documents / f"{number}.md").write_text(f"Return shipping, zone {number}.", "utf-8")
    (documents / "staff.md").write_text("---\nlabels: staff\n---\nReturn shipping for staff.", "utf-8")
    add(tmp_path / "index", Constant(), [documents])
    return tmp_path / "index"


@pytest.fixture
def capability(folder: Path) -> Capability:
    return search_documents(Index(folder, Constant()), RetrievalPolicy(passages=3))


def call(capability: Capability, caller: Caller | None = None, **args: Any) -> list[Passage]:
    output = asyncio.run(capability.call({"query": "return shipping", **args}, caller or Caller()))
    assert violations(capability.output_schema, output) == []
    return [Passage.model_validate(one) for one in output["passages"]]


def test_the_caller_decides_on_the_number_then_the_plan_then_the_policy(capability: Capability) -> None:
    assert len(call(capability)) == 3
    assert len(call(capability, passages=5)) == 5
    assert len(call(capability, Caller(passages=2), passages=5)) == 2


def test_only_what_the_caller_may_read_is_found(capability: Capability) -> None:
    assert all(not one.labels for one in call(capability, passages=50))
    staff = call(capability, Caller(labels=frozenset({"staff"})), passages=50)
    assert [one.text for one in staff if one.labels] == ["Return shipping for staff."]


@pytest.mark.parametrize(
    "args", [{"query": ""}, {"query": "x" * 2001}, {"passages": 0}, {"passages": 51}, {"labels": []}]
)
def test_arguments_are_bounded(capability: Capability, args: dict[str, Any]) -> None:
    assert violations(capability.input_schema, {"query": "x", **args})


def test_an_index_of_another_embedding_model_fails_with_the_way_out(folder: Path) -> None:
    with pytest.raises(ToolError, match="--rebuild"):
        call(search_documents(Index(folder, Constant("other")), RetrievalPolicy()))


class Recorder(AsyncBaseTracer):
    """Keeps the finished runs."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Run] = []

    async def _persist_run(self, run: Run) -> None:
        self.runs.append(run)


def test_a_search_is_a_run_of_type_retriever_with_its_passages(capability: Capability) -> None:
    from langchain_core.runnables import RunnableLambda

    recorder = Recorder()

    async def step(query: str) -> Any:
        return await capability.call({"query": query}, Caller())

    asyncio.run(RunnableLambda(step).ainvoke("return shipping", {"callbacks": [recorder]}))
    (run,) = recorder.runs[0].child_runs
    assert run.run_type == "retriever"
    assert run.inputs == {"query": "return shipping"}
    assert run.outputs is not None
    documents = run.outputs["documents"]
    assert all(isinstance(one, Document) and one.metadata["source"] for one in documents)
    assert len(documents) == 3


def open_(folder: Path, source: str, *labels: str, **args: Any) -> dict[str, Any]:
    tool = open_document(Index(folder, Constant()))
    assert violations(tool.input_schema, {"source": source, **args}) == []
    output: dict[str, Any] = asyncio.run(
        tool.call({"source": source, **args}, Caller(labels=frozenset(labels)))
    )
    assert violations(tool.output_schema, output) == []
    return output


def test_a_found_passage_is_opened_at_its_offsets(folder: Path, capability: Capability) -> None:
    found = call(capability)[0]
    part = open_(folder, found.source, start=found.start, characters=found.end - found.start)
    assert (part["text"], part["end"]) == (found.text, found.end)
    whole = open_(folder, found.source)
    assert whole["text"][found.start : found.end] == found.text
    assert whole["total"] == len(whole["text"])


def test_a_document_is_opened_in_parts(folder: Path, capability: Capability) -> None:
    source = call(capability)[0].source
    whole = open_(folder, source)
    parts = [open_(folder, source, start=start, characters=7) for start in range(0, whole["total"], 7)]
    assert "".join(part["text"] for part in parts) == whole["text"]
    with pytest.raises(ToolError, match=f"has {whole['total']} characters"):
        open_(folder, source, start=whole["total"])


def test_a_source_that_may_not_be_read_looks_like_one_that_does_not_exist(
    folder: Path, capability: Capability
) -> None:
    [staff] = [
        one for one in call(capability, Caller(labels=frozenset({"staff"})), passages=50) if one.labels
    ]
    assert open_(folder, staff.source, "staff")["text"].endswith(staff.text)
    errors = []
    for source in (staff.source, "none.md"):
        with pytest.raises(ToolError) as refusal:
            open_(folder, source, "other")
        errors.append(str(refusal.value).replace(source, "<source>"))
    assert errors[0] == errors[1]


def test_nothing_is_opened_without_an_index(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="There is no source"):
        open_(tmp_path / "none", "x.md")


@pytest.mark.parametrize("args", [{"source": ""}, {"start": -1}, {"characters": 0}, {"characters": 10_001}])
def test_openings_are_bounded(folder: Path, args: dict[str, Any]) -> None:
    assert violations(open_document(Index(folder, Constant())).input_schema, {"source": "x", **args})
