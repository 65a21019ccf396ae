"""Evidence: everything of this turn that a claim may cite."""

from collections.abc import Iterable

from pydantic import TypeAdapter, ValidationError

from state.canonical import canonical, digest_text
from state.passage import Passage
from state.plan import StepResult

PASSAGES = TypeAdapter(list[Passage])


def evidence(results: Iterable[StepResult]) -> list[Passage]:
    """Retrieved passages, best first and each once, and the outputs of the other tools."""
    found: dict[str, Passage] = {}
    for result in results:
        if result.status == "done":
            retrieved = passages(result)
            for passage in [_of_step(result)] if retrieved is None else retrieved:
                found.setdefault(passage.id, passage)
    return list(found.values())


def passages(result: StepResult) -> list[Passage] | None:
    """The passages that a retrieval gave, or None if the result is of another kind."""
    if not (isinstance(result.output, dict) and result.output.keys() == {"passages"}):
        return None
    try:
        return PASSAGES.validate_python(result.output["passages"])
    except ValidationError:  # a tool that does not retrieve may name its output so
        return None


def _of_step(result: StepResult) -> Passage:
    text = canonical(result.output)
    return Passage(
        id=result.step, text=text, source=f"step:{result.step}", end=len(text), digest=digest_text(text)
    )
