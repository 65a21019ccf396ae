"""The recorded agent as a chat model."""

from collections.abc import Sequence

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field


class DivergedError(Exception):
    """The conversation is not the recorded one, so no recorded turn follows its `messages`."""

    def __init__(self, messages: Sequence[BaseMessage], at: int) -> None:
        super().__init__(f"The conversation diverged from the recorded one at message {at}.")
        self.messages = list(messages)


class RecordedTurns(BaseChatModel):
    """Answers with the turn that follows in the recording, if it was sent what stands there before it."""

    recorded: list[BaseMessage] = Field(repr=False)

    @property
    def _llm_type(self) -> str:
        return "recorded-turns"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> ChatResult:
        turn = following(self.recorded, messages)
        if not isinstance(turn, AIMessage):
            raise DivergedError(messages, len(messages))
        return ChatResult(generations=[ChatGeneration(message=turn.model_copy())])


def user_turn(recorded: Sequence[BaseMessage], messages: Sequence[BaseMessage]) -> str:
    """What the recorded user says to these messages.

    Raises:
        DivergedError: the recorded user was not asked this.
    """
    turn = following(recorded, messages)
    if not isinstance(turn, HumanMessage):
        raise DivergedError(messages, len(messages))
    return str(turn.content)


def following(recorded: Sequence[BaseMessage], messages: Sequence[BaseMessage]) -> BaseMessage | None:
    """The recorded message after these; None after the last.

    Raises:
        DivergedError: these are not the first recorded messages.
    """
    for at, (message, known) in enumerate(zip(messages, recorded, strict=False)):
        # One and the same object needs no look; ids of messages and calls do not count.
        if message is not known and _content(message) != _content(known):
            raise DivergedError(messages, at)
    if len(messages) > len(recorded):
        raise DivergedError(messages, len(recorded))
    return recorded[len(messages)] if len(messages) < len(recorded) else None


def _content(message: BaseMessage) -> tuple[object, ...]:
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    return message.type, message.content, [(call["name"], call["args"]) for call in calls]
