"""The whole graph over an index, for `benchmarks.leakage`: a model that searches, cites all, and guesses."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from graphs.wiring import Parts, wire
from models.chat import Prompt, Reply
from models.sections import parse
from nodes.clearance import nothing_indexed
from state.agent import Context, Terms
from state.label_policy import LabelRule, rules_digest
from state.passage import Passage
from state.policy import Policy
from state.schema import Json, violations
from state.usage import Usage
from state.verdict import Place, Verdict
from tools.capability import Caller, ToolError
from tools.documents import open_document, search_documents
from tools.effects import Claim
from tools.index.access import labels_of
from tools.index.search import Index
from tools.registry import Registry

MODES: Any = ["values", "updates", "custom", "messages", "debug"]
THREAD: RunnableConfig = {"configurable": {"thread_id": "t"}}
QUOTED = 60


@dataclass
class Eager:
    """A model that searches for the request, cites all its evidence, and passages that it only guesses."""

    guesses: Sequence[str] = ()
    name: str = "eager"
    asked: list[str] = field(default_factory=list)

    async def reply(self, prompt: Prompt) -> Reply:
        """Propose at once."""
        text = str(prompt.messages[-1].text)
        self.asked.append(text)
        sections = parse(text)
        value = self._plan(sections) if prompt.task == "plan" else self._draft(sections)
        broken = tuple(violations(prompt.schema, value))
        return Reply(str(value), value, broken, self.name, "prompted", Usage(model_calls=1))

    def _plan(self, sections: dict[str, Any]) -> Json:
        query = {"query": sections["request"], "passages": 50}
        return {"steps": [{"id": "s1", "tool": "search_documents", "args": query}]}

    def _draft(self, sections: dict[str, Any]) -> Json:
        known = [{"passage": one["id"], "quote": one["text"][-QUOTED:]} for one in sections["evidence"]]
        guessed = [{"passage": one, "quote": "return"} for one in self.guesses]
        claims = [{"text": "It is so.", "citations": [one]} for one in [*known, *guessed]]
        return {"claims": claims, "missing": None}


class NoLedger:
    """No effect is made here."""

    def claim(self, key: str, **_effect: object) -> Claim:
        """Refuse."""
        raise NotImplementedError(key)

    finish = fail = lose = retake = claim  # none is ever called


async def _judge(_text: str, place: Place) -> Verdict:
    return Verdict(
        place=place, decision="allow", category="ok", score=0.0, threshold=0.5, classifier="none", reason=""
    )


def plain(passage: Passage) -> Passage:
    """A passage without the time at which this index read it."""
    return passage.model_copy(update={"read_at": None, "changed_at": None})


class Desk:
    """The graph for one caller, who may change."""

    def __init__(
        self,
        index: Index,
        held: frozenset[str],
        folder: Path | None = None,
        rules: tuple[LabelRule, ...] = (),
    ) -> None:
        """Take the index and who asks; the index's folder where threads are picked up."""
        self.index, self.held = index, held
        self._labels_of = partial(labels_of, folder, rules_digest(rules)) if folder else nothing_indexed

    def search_error(self, query: str) -> str:
        """What the tool says instead of passages, if it does."""
        tool = search_documents(self.index, Policy().retrieval)
        try:
            asyncio.run(tool.call({"query": query}, Caller(self.held)))
        except ToolError as error:
            return str(error)
        return ""

    def ask(self, query: str, guesses: Sequence[str]) -> tuple[str, dict[str, Json]]:
        """Every byte of one run, and its answer."""

        async def go() -> tuple[str, dict[str, Json]]:
            graph = wire(self._parts(Eager(guesses))).compile(checkpointer=InMemorySaver())
            given: Any = {"messages": [HumanMessage(query)]}
            told = [
                repr(part)
                async for part in graph.astream(given, THREAD, context=Context(), stream_mode=MODES)
            ]
            values = (await graph.aget_state(THREAD)).values
            return "".join(told) + repr(values), values["answer"] or {"claims": []}

        return asyncio.run(go())

    def picked_up(self, query: str, by: frozenset[str]) -> tuple[str, str, list[str]]:
        """What a thread had read, what it told who picked it up, and what a model was asked for them."""

        async def go() -> tuple[str, str, list[str]]:
            model, saver = Eager(), InMemorySaver()
            parts = self._parts(model)
            stopped = wire(parts).compile(checkpointer=saver, interrupt_before=["answer"])
            given: Any = {"messages": [HumanMessage(query)]}
            await stopped.ainvoke(given, THREAD, context=Context())
            read = repr((await stopped.aget_state(THREAD)).values["results"])
            graph, before, told = wire(parts).compile(checkpointer=saver), len(model.asked), []
            self.held = by
            modes: Any = ["updates", "custom", "messages"]
            for turn in (None, given):
                async for part in graph.astream(turn, THREAD, context=Context(), stream_mode=modes):
                    told.append(repr(part))
            return read, "".join(told), model.asked[before:]

        return asyncio.run(go())

    def _parts(self, model: Eager) -> Parts:
        tools = {"search_documents": {"effect": "read"}, "open_document": {"effect": "read"}}
        policy = Policy.model_validate({"tools": tools})
        capabilities = [search_documents(self.index, policy.retrieval), open_document(self.index)]
        return Parts(
            policy=policy,
            chat=lambda _name: model,
            registry=Registry(capabilities, policy, NoLedger()),  # type: ignore[arg-type]  # it is never asked
            judge=_judge,
            caller=lambda _runtime: Caller(self.held),
            terms=_terms,
            stamp=lambda name: {"models": {"chat": name}},
            plan_instructions="Plan.",
            answer_instructions="Answer.",
            rewording_instructions="",
            thinking_instructions={},
            labels_of=self._labels_of,
        )


def _terms(_context: Context) -> Terms:
    return Terms(model="eager", plan_retries=0, answer_retries=0, replans=0, passages=50, answer_schema=None)
