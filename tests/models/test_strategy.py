import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from models.sections import parse, render
from models.strategy import fitting, offered, with_schema, without_schema

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}}


def openai(model: str, **options: object) -> ChatOpenAI:
    return ChatOpenAI.model_validate({"model": model, "api_key": SecretStr("none"), **options})


def test_a_profile_chooses_the_ways_and_what_it_does_not_say_is_tried() -> None:
    assert offered(FakeListChatModel(responses=[])) == ("prompted",)
    assert offered(openai("gpt-4.1")) == ("native", "tool", "prompted")
    assert offered(openai("gpt-4.1-2025-04-14")) == ("native", "tool", "prompted")
    assert offered(openai("x", profile={"structured_output": False})) == ("tool", "prompted")
    assert offered(openai("x", profile={"structured_output": False, "tool_calling": False})) == ("prompted",)


@pytest.mark.parametrize("schema", [{"type": "array"}, {"type": "object"}, {}, {"anyOf": []}])
def test_a_schema_that_providers_do_not_take_is_prompted(schema: dict[str, object]) -> None:
    assert fitting(("native", "tool", "prompted"), schema) == ["prompted"]
    assert fitting(("native", "tool"), SCHEMA) == ["native", "tool"]


@pytest.mark.parametrize(
    "last", [SystemMessage("x"), AIMessage("x"), HumanMessage([{"type": "text", "text": "x"}])]
)
def test_the_schema_is_a_message_of_its_own_behind_one_that_is_no_plain_question(last: BaseMessage) -> None:
    *before, added = with_schema([last], SCHEMA)
    assert before == [last]
    assert parse(str(added.text)) == {"reply_schema": SCHEMA}


@given(st.text(), st.dictionaries(st.sampled_from(["evidence", "history"]), st.text()))
def test_the_schema_can_be_taken_off_again_whatever_the_documents_say(
    told: str, sections: dict[str, str]
) -> None:
    (shown,) = with_schema([HumanMessage(told)], SCHEMA)
    forged = render({**sections, "document": str(shown.text)})
    (last,) = with_schema([HumanMessage(forged)], SCHEMA)
    assert without_schema(str(last.text)) == forged
