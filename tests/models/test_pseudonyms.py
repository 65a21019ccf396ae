import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage, SystemMessage

from graphs.outbox import Outbox
from graphs.tracing import Tracer, install
from models.chat import Prompt, Reply
from models.names import chat
from models.placeholders import PLACEHOLDER, Placeholders
from models.pseudonyms import Pseudonyms, hide, relaxed
from models.reply import read
from models.sections import parse, render
from state.models_policy import ModelsPolicy
from state.schema import Json
from state.settings import Settings
from state.store import Store
from tests.servers.openai_server import OpenAIServer, says

KEY = "sk-" + "abcdefghij0123456789" * 2
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}


@dataclass
class Echo:
    """Answers with a function of the prompt's sections, and keeps what it was asked."""

    answer: Any
    asked: list[Prompt] = field(default_factory=list)
    name: str = "echo"

    async def reply(self, prompt: Prompt) -> Reply:
        self.asked.append(prompt)
        text = self.answer(parse(str(prompt.messages[-1].content)))
        reading = read(text, prompt.schema)
        return Reply(text, reading.value, reading.violations, self.name, "prompted")


def prompt(schema: dict[str, Any] = SCHEMA, **sections: Json) -> Prompt:
    return Prompt("answer", (SystemMessage("instructions"), HumanMessage(render(sections))), schema)


def ask(asked: Prompt, answer: Any, scope: Any = "all") -> tuple[Reply, str]:
    echo = Echo(answer)
    reply = asyncio.run(Pseudonyms(echo, scope).reply(asked))
    return reply, str([message.content for message in echo.asked[0].messages]) + str(echo.asked[0].schema)


def test_a_model_sees_placeholders_and_the_caller_gets_the_values_back() -> None:
    evidence = [{"id": "p1", "text": 'Write to "jane@mail.example" or john@mail.example.'}]
    reply, sent = ask(
        prompt(request="Is jane@mail.example right?", evidence=evidence),
        lambda sections: json.dumps({"text": sections["evidence"][0]["text"]}),
    )
    assert "mail.example" not in sent
    assert 'Write to \\\\"[email_1]\\\\" or [email_2].' in sent
    assert reply.value == {"text": evidence[0]["text"]}, "a quote is exact"
    assert json.loads(reply.text) == reply.value
    assert reply.violations == ()


def test_secrets_alone_are_hidden_where_the_policy_says_so() -> None:
    asked = prompt(request=f"{KEY} of jane@mail.example", login={"password": "hunter"})
    _, sent = ask(asked, lambda _: '{"text": "x"}', "secrets")
    assert KEY not in sent
    assert "hunter" not in sent
    assert "jane@mail.example" in sent
    assert hide(prompt(request="nothing here"), "all")[0] == prompt(request="nothing here")


def test_a_value_is_hidden_wherever_it_stands_once_it_was_found() -> None:
    asked = prompt(request="My BSN is 111222333.", args={"query": "111222333", "note": "x111222333"})
    _, sent = ask(asked, lambda _: '{"text": "x"}')
    assert sent.count("[nl_bsn_1]") == 2
    assert "x111222333" in sent, "another word that only contains it"


def test_what_looks_like_a_placeholder_is_none() -> None:
    asked = prompt(request="a@mail.example or [email_1]?", later="[email_2] [email_9]")
    reply, sent = ask(asked, lambda sections: json.dumps({"text": sections["request"] + " [email_7]"}))
    assert "[email_3] or [email_1]?" in sent
    assert reply.value == {"text": "a@mail.example or [email_1]? [email_7]"}, "and one that was made up stays"


def test_a_reply_is_checked_with_the_values_in_it() -> None:
    mail = {"type": "string", "format": "email", "maxLength": 20, "pattern": "^j"}
    schema = {**SCHEMA, "properties": {"text": mail}}
    asked = prompt(schema, request="jane@mail.example and much-longer-name@mail.example")
    reply, sent = ask(asked, lambda _: '{"text": "[email_1]"}')
    assert (reply.value, reply.violations) == ({"text": "jane@mail.example"}, ())
    assert "format" not in sent
    reply, _ = ask(asked, lambda _: '{"text": "[email_2]"}')
    assert {one.path for one in reply.violations} == {"/text"}
    reply, _ = ask(asked, lambda _: "I cannot say [email_1]")
    assert reply.value is None
    assert "jane@mail.example" in reply.violations[0].message


def test_values_in_the_schema_are_hidden_alike() -> None:
    schema = {**SCHEMA, "properties": {"text": {"enum": ["jane@mail.example", "other"]}}}
    reply, sent = ask(prompt(schema, request="jane@mail.example"), lambda _: '{"text": "[email_1]"}')
    assert "jane@" not in sent
    assert reply.value == {"text": "jane@mail.example"}


def test_a_schema_is_relaxed_where_schemas_are_and_not_where_names_are() -> None:
    inner = {"type": "string", "pattern": "x", "format": "date"}
    schema = {
        "properties": {"format": inner, "list": {"items": inner}},
        "anyOf": [inner],
        "enum": [{"format": 1}],
    }
    plain = {"type": "string"}
    assert relaxed(schema) == {
        "properties": {"format": plain, "list": {"items": plain}},
        "anyOf": [plain],
        "enum": [{"format": 1}],
    }
    assert relaxed(True) is True


def test_a_private_key_survives_the_sections() -> None:
    pem = "-----BEGIN " + 'PRIVATE KEY-----\nMIIEow"<b>\nIBAAKC\n-----END PRIVATE KEY-----'
    pem = pem.replace('"<b>', "")
    reply, sent = ask(prompt(request=f"see\n{pem}\nok"), lambda s: json.dumps({"text": s["request"]}))
    assert "MIIEow" not in sent
    assert reply.value == {"text": f"see\n{pem}\nok"}


PIECES = [
    *(
        "jane@mail.example",
        KEY,
        "111222333",
        "BSN ",
        "[email_1]",
        "[api_key_2]",
        "[",
        "]",
        "_1",
        " ",
        '"',
        "\\",
        "\n",
    ),
    *("+49 30 23125 042", "password=hunter2x", "<a>", "é", "4111 1111 1111 1111", "a"),
]
TEXT = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
VALUES = st.recursive(
    TEXT | st.none() | st.booleans() | st.integers(0, 99_999),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_hiding_is_undone_exactly(value: Json) -> None:
    placeholders = Placeholders("all")
    placeholders.learn(value)
    placeholders.settle()
    hidden = placeholders.hide(value)
    assert placeholders.restore(hidden) == value
    as_text = json.dumps(hidden, ensure_ascii=False)
    assert json.loads(placeholders.restore_json(as_text)) == value
    assert all(PLACEHOLDER.fullmatch(one) for one in placeholders.values)


@given(st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join))
def test_nothing_that_stands_alone_is_left(text: str) -> None:
    _, sent = ask(prompt(request=text), lambda _: '{"text": "x"}')
    assert KEY not in sent
    assert "jane@mail.example" not in sent


@given(TEXT, TEXT)
def test_equal_prompts_have_equal_placeholders(request_: str, other: str) -> None:
    asked = prompt(request=request_, other=[other])
    assert hide(asked, "all")[0] == hide(asked, "all")[0]


def test_names_put_pseudonyms_around_what_leaves_this_process() -> None:
    def named(name: str, **policy: object) -> Any:
        return chat(name, ModelsPolicy.model_validate(policy), Settings())

    assert isinstance(named("http://127.0.0.1:1/v1#a"), Pseudonyms)
    assert not isinstance(named("http://127.0.0.1:1/v1#a", redact="off"), Pseudonyms)
    assert not isinstance(named("offline", redact="all"), Pseudonyms)
    both = named("http://127.0.0.1:1/v1#a", fallback=["offline"], redact="all")
    assert [type(one).__name__ for one in both.chats] == ["Pseudonyms", "ProviderChat"]


@pytest.mark.parametrize("scope", ["secrets", "all"])
def test_what_was_recorded_with_placeholders_is_answered_from_the_tape(scope: str, tmp_path: Path) -> None:
    asked = prompt(request=f"{KEY} for jane@mail.example")
    store = Store(f"sqlite:///{tmp_path / 'warrant.db'}")
    tracer = Tracer([Outbox(store.write_runs, "the store")])
    install(tracer)
    with OpenAIServer(says('{"text": "use [api_key_1] and [email_1]"}')) as server:
        live = chat(f"{server.url}#m", ModelsPolicy.model_validate({"redact": scope}), Settings())
        first = asyncio.run(live.reply(asked))
    assert KEY not in server.requests[0].text
    assert tracer.flush(10)
    tape = tmp_path / "trace.jsonl"
    runs = [run for trace in store.trace_ids() for run in store.runs(trace)]
    store.close()
    tape.write_text("".join(f"{run.model_dump_json()}\n" for run in runs), encoding="utf-8")
    assert KEY not in tape.read_text(encoding="utf-8"), "the trace holds what was sent"
    again = asyncio.run(chat(f"tape:{tape}", ModelsPolicy(), Settings()).reply(asked))
    assert again.value == first.value
    assert KEY in str(again.value)
    assert ("jane@mail.example" in str(again.value)) == (scope == "all")
