"""A judge of known abilities behind a real HTTP server, asked through the whole of the product's path."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from evals.judges.item import Item, Labelled
from evals.judges.judge import Judge, named_judge
from evals.judges.rubric import load
from models.sections import parse
from models.strategy import without_schema
from state.models_policy import ModelsPolicy
from state.settings import Settings
from tests.servers.openai_server import Behaviour, Body, OpenAIServer, obeys

Sections = dict[str, Any]


def sections(body: Body) -> Sections:
    """What the judge is shown, read back out of the prompt."""
    return parse(without_schema(str(body["messages"][-1]["content"])))


def says(verdict: str, reason: str = "As it is.") -> Behaviour:
    return obeys(json.dumps({"reason": reason, "verdict": verdict}))


@dataclass
class Bench:
    """Judges that decide by a function of what they see."""

    servers: list[OpenAIServer] = field(default_factory=list)

    def judge(self, decide: Callable[[Sections], Behaviour], rubric: str = "faithful", **more: Any) -> Judge:
        server = OpenAIServer(choose=lambda body: decide(sections(body)))
        server.__enter__()
        self.servers.append(server)
        judge = named_judge(
            f"{server.url}#judge", load(rubric), ModelsPolicy(transport_retries=0), Settings()
        )
        return replace(judge, **more)

    @property
    def requests(self) -> int:
        return sum(len(server.requests) for server in self.servers)


@pytest.fixture
def bench() -> Iterator[Bench]:
    opened = Bench()
    yield opened
    for server in opened.servers:
        server.__exit__(None, None, None)


def labelled(id_: str, answer: Any, *, good: bool, **more: Any) -> Labelled:
    return Labelled(item=Item(id=id_, answer=answer, **more), good=good)
