"""Evidence: everything of this turn that a claim may cite."""

from collections.abc import Iterable

from pydantic import TypeAdapter

from state.canonical import canonical, digest_text
from state.passage import Passage
from state.plan import StepResult
from state.schema import Json

PASSAGES = TypeAdapter(list[Passage])


def evidence(results: Iterable[StepResult]) -> list[Passage]:
    """Retrieved passages, best first and each once, and outputs of the other tools; nothing in quarantine."""
    found: dict[str, Passage] = {}
    for result in results:
        if result.status in ("done", "answered") and result.rounds is None:
            for passage in _shown(result):
                found.setdefault(passage.id, passage)
    return list(found.values())


def _shown(result: StepResult) -> list[Passage]:
    if result.retrieved:
        return [passage for passage in passages(result.output) if not passage.quarantined]
    return [] if result.quarantined else [_of_step(result)]


def passages(output: Json) -> list[Passage]:
    """The passages that a retrieval gave."""
    return PASSAGES.validate_python(output["passages"])


def _of_step(result: StepResult) -> Passage:
    text = canonical(result.output)
    return Passage(
        id=result.step, text=text, source=f"step:{result.step}", end=len(text), digest=digest_text(text)
    )
