import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.load import dumpd
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, messages_to_dict
from langchain_core.runnables import RunnableLambda

from graphs.memory import MemorySink
from graphs.tracing import Tracer
from models.chat import ModelError, Prompt, Reply
from models.names import chat
from models.tape import load
from state.models_policy import ModelsPolicy
from state.settings import Settings
from tests.servers.openai_server import OpenAIServer, calls, obeys, says

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
ASKED = (SystemMessage("Be brief.", id="1"), HumanMessage("Question?", id="2"))
PLAIN = [{"role": "system", "content": "Be brief."}, {"type": "human", "content": "Question?", "id": "x"}]


def run(messages: Any, text: str, **fields: Any) -> dict[str, Any]:
    return {
        "run_type": "llm",
        "inputs": {"messages": messages},
        "outputs": {"generations": [[{"text": text}]]},
        **fields,
    }


def write(path: Path, *runs: Any) -> str:
    lines = [line if isinstance(line, str) else json.dumps(line) for line in runs]
    file = path / "tape.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    return f"tape:{file}"


def ask(name: str, *times: tuple[BaseMessage, ...]) -> list[Reply]:
    async def each() -> list[Reply]:
        chosen = chat(name, ModelsPolicy(), Settings())
        return [await chosen.reply(Prompt("answer", messages, SCHEMA)) for messages in times]

    return asyncio.run(each())


def error_of(name: str, *times: tuple[BaseMessage, ...]) -> str:
    with pytest.raises(ModelError) as caught:
        ask(name, *(times or (ASKED,)))
    return str(caught.value)


@pytest.mark.parametrize(
    "messages",
    [
        PLAIN,
        [PLAIN],
        [dumpd(message) for message in ASKED],
        [[dumpd(message) for message in ASKED]],
        messages_to_dict(ASKED),
        [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Question?"}],
    ],
)
def test_every_shape_of_recorded_messages_answers(messages: Any, tmp_path: Path) -> None:
    (reply,) = ask(write(tmp_path, run(messages, '{"text": "ok"}')), ASKED)
    assert (reply.value, reply.usage.cost_usd, reply.model[:5]) == ({"text": "ok"}, 0.0, "tape:")


@pytest.mark.parametrize(
    "message",
    [
        dumpd(AIMessage('{"text": "ok"}')),
        {"type": "ai", "content": '{"text": "ok"}', "id": "1"},
        dumpd(AIMessage("", tool_calls=[{"name": "answer", "args": {"text": "ok"}, "id": "1"}])),
        {
            "type": "AIMessageChunk",
            "content": "",
            "tool_call_chunks": [{"name": "a", "args": '{"text": "ok"}', "id": "1", "index": 0}],
        },
    ],
)
def test_every_shape_of_recorded_replies_is_read(message: dict[str, Any], tmp_path: Path) -> None:
    outputs = {"generations": [[{"text": "", "message": message}]]}
    (reply,) = ask(write(tmp_path, run(PLAIN, "", outputs=outputs)), ASKED)
    assert reply.value == {"text": "ok"}


def test_equal_prompts_are_answered_in_recorded_order_and_then_no_more(tmp_path: Path) -> None:
    name = write(tmp_path, run(PLAIN, '{"text": "1"}'), {"run_type": "tool"}, run(PLAIN, '{"text": "2"}'))
    assert [reply.value["text"] for reply in ask(name, ASKED, ASKED)] == ["1", "2"]
    assert "has no more replies to this prompt" in error_of(name, ASKED, ASKED, ASKED)


def test_a_miss_shows_where_the_nearest_prompt_differs_and_how_to_record(tmp_path: Path) -> None:
    other = [PLAIN[0], {"role": "user", "content": "Quite another?"}]
    said = error_of(
        write(tmp_path, run(PLAIN, "{}"), run(other, "{}")), (ASKED[0], HumanMessage("Questions?"))
    )
    assert "differs at character 33: recorded …'tem: Be brief.\\nhuman: Question?'…" in said
    assert "asked …'tem: Be brief.\\nhuman: Questions?'…" in said
    assert "warrant trace export ID > FILE" in said


def test_a_call_that_failed_fails_again_unless_it_was_repeated(tmp_path: Path) -> None:
    failed = run(PLAIN, "", outputs=None, error="TimeoutError()\n\nTraceback …")
    assert "The call failed when" in (said := error_of(write(tmp_path, failed)))
    assert "TimeoutError()." in said
    (reply,) = ask(write(tmp_path, failed, run(PLAIN, '{"text": "ok"}')), ASKED)
    assert reply.value == {"text": "ok"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2 is no run of a model call: JSONDecodeError"),
        ("[]", "line 2"),
        ("{}", "line 2 is no run of a model call: KeyError: 'run_type'"),
        ('{"run_type": "llm", "inputs": {"messages": 3}}', "line 2"),
        ('{"run_type": "llm", "inputs": {"messages": [{"role": 1, "content": "x"}]}}', "line 2"),
        (json.dumps(run(PLAIN, "", outputs={"generations": []})), "line 2"),
        (json.dumps(run(PLAIN, "", outputs={"generations": [[{"message": {"content": 3}}]]})), "line 2"),
        ("[" * 100_000, "line 2"),
        ('{"run_type": "llm", "inputs": {"messages": [{"type": "human", "content": NaN}]}}', "line 2"),
    ],
)
def test_a_broken_line_is_named(line: str, said: str, tmp_path: Path) -> None:
    assert said in error_of(write(tmp_path, run(PLAIN, "{}"), line))


def test_a_tape_that_is_missing_binary_or_empty_says_so(tmp_path: Path) -> None:
    assert "Cannot read the tape" in error_of(f"tape:{tmp_path / 'none'}")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert "Cannot read the tape" in error_of(f"tape:{tmp_path / 'binary'}")
    assert "It has no model calls at all" in error_of(write(tmp_path))


@pytest.mark.parametrize(
    "behaviour", [says('{"text": "ok"}'), calls('{"text": "ok"}'), says("Sorry."), obeys("{bad")]
)
def test_a_recorded_live_call_is_replayed_alike(behaviour: Any, tmp_path: Path) -> None:
    recorded, memory = [], MemorySink()

    async def node(_state: object) -> None:
        recorded.append(await live.reply(Prompt("answer", ASKED, SCHEMA)))

    with OpenAIServer(behaviour) as server:
        live = chat(f"{server.url}#any", ModelsPolicy(), Settings())
        asyncio.run(RunnableLambda(node).ainvoke({}, config={"callbacks": [Tracer([memory])]}))
    exported = [run.model_dump_json() for run in memory.runs.values()]
    (replayed,) = ask(write(tmp_path, *exported), ASKED)
    assert (replayed.value, replayed.violations) == (recorded[0].value, recorded[0].violations)
    assert replayed.usage.input_tokens == recorded[0].usage.input_tokens


@given(st.lists(st.tuples(st.sampled_from(["human", "ai", "system"]), st.text(min_size=1)), min_size=1))
def test_what_was_recorded_is_found(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, str]]
) -> None:
    messages = [{"type": role, "content": content} for role, content in told]
    file = tmp_path_factory.mktemp("tape") / "tape.jsonl"
    file.write_text(json.dumps(run(messages, "{}")))
    kinds = {"human": HumanMessage, "ai": AIMessage, "system": SystemMessage}
    assert load(file).next([kinds[role](content) for role, content in told]).content == "{}"
