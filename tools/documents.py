"""The indexed documents, as the caller may read them: searching for passages, and opening a whole text."""

import asyncio

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import BaseModel, ConfigDict, Field

from state.errors import WarrantError
from state.passage import Passage
from state.policy import RetrievalPolicy
from tools.capability import Caller, Capability, ToolError, typed
from tools.index.search import NOTHING, Index, UnknownSourceError
from tools.index.wordings import merge


class Search(BaseModel):
    """What to search for."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(
        min_length=1, max_length=2000, description="What to look for: a question or key words."
    )
    passages: int | None = Field(
        default=None, ge=1, le=50, description="How many passages to return at most."
    )


class Passages(BaseModel):
    """What was found, best first."""

    passages: list[Passage]


class Opening(BaseModel):
    """Which part of which document is opened."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(
        min_length=1, max_length=2000, description="The document, as `source` of a passage names it."
    )
    start: int = Field(default=0, ge=0, le=2**31, description="Offset of the first character.")
    characters: int = Field(default=4_000, ge=1, le=10_000, description="How many characters at most.")


class Extract(BaseModel):
    """A part of a document's text."""

    source: str
    text: str
    start: int = Field(description="Offset of the first character.")
    end: int = Field(description="Offset behind the last character.")
    total: int = Field(description="Characters of the whole document.")


class DocumentRetriever(BaseRetriever):
    """The index as LangChain's retriever, so that a trace shows a search as a run of type `retriever`."""

    index: Index
    passages: int
    candidates: int
    labels: frozenset[str]

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - part of the interface
    ) -> list[Document]:
        """Search; `ainvoke` calls this in a thread."""
        found = self.index.search(query, self.passages, self.candidates, self.labels)
        return [
            Document(passage.text, id=passage.id, metadata=passage.model_dump(exclude={"text"}, mode="json"))
            for passage in found
        ]


def search_documents(index: Index, policy: RetrievalPolicy) -> Capability:
    """Search the index; how many passages is said by the caller, else the plan, else the policy."""

    async def run(search: Search, caller: Caller) -> Passages:
        retriever = DocumentRetriever(
            index=index,
            passages=caller.passages or search.passages or policy.passages,
            candidates=policy.candidates,
            labels=caller.labels,
        )
        try:
            queries = (search.query, *(one for one in caller.wordings if one != search.query))
            results = [await retriever.ainvoke(query) for query in queries]
            found = merge([[_passage(one) for one in result] for result in results], retriever.passages)
            if not found and await asyncio.to_thread(index.is_empty):
                raise ToolError(NOTHING, "")
        except WarrantError as error:
            raise ToolError(error.message, error.way_out) from error
        return Passages(passages=found)

    return typed(
        "search_documents",
        "Search the indexed documents; returns the passages that fit the query best, with their sources.",
        Search,
        Passages,
        run,
        retrieves=True,
        rewords=True,
    )


def _passage(document: Document) -> Passage:
    return Passage(text=document.page_content, **document.metadata)


def open_document(index: Index) -> Capability:
    """The tool `open_document`; a source that the caller may not read looks like one that does not exist."""

    async def run(opening: Opening, caller: Caller) -> Extract:
        try:
            text = await asyncio.to_thread(index.source_text, opening.source, caller.labels)
        except UnknownSourceError as error:
            raise ToolError(error.message, "Use the source of a passage that was found.") from error
        except WarrantError as error:
            raise ToolError(error.message, error.way_out) from error
        return _extract(opening, text)

    return typed(
        "open_document",
        "Opens the text of an indexed document, or a part of it by character offsets.",
        Opening,
        Extract,
        run,
    )


def _extract(opening: Opening, text: str) -> Extract:
    if opening.start and opening.start >= len(text):
        raise ToolError(
            f"{opening.source!r} has {len(text)} characters, so none at {opening.start}.",
            "Start before its end.",
        )
    part = text[opening.start : opening.start + opening.characters]
    end = opening.start + len(part)
    return Extract(source=opening.source, text=part, start=opening.start, end=end, total=len(text))
