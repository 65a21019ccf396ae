"""A chat model that fails as its script says."""

from dataclasses import dataclass, field

from langchain_core.messages import HumanMessage

from models.chat import ModelError, Prompt, Reply, TransientModelError
from state.usage import Usage

PROMPT = Prompt("answer", (HumanMessage("?"),), {})
SPENT = Usage(model_calls=1, input_tokens=5)


def busy(retry_after: float | None = None) -> TransientModelError:
    return TransientModelError("Busy.", "Wait.", SPENT, retry_after)


def broken() -> ModelError:
    return ModelError("Broken.", "Mend it.", SPENT)


@dataclass
class Scripted:
    """Raises the errors of its script, then replies."""

    script: list[ModelError] = field(default_factory=list)
    name: str = "scripted"
    asked: int = 0

    async def reply(self, prompt: Prompt) -> Reply:
        self.asked += 1
        if self.script:
            raise self.script.pop(0)
        return Reply("{}", {}, (), self.name, "prompted", SPENT)
