"""The model of a run: ideal when it plans, and for all else until it sees an injection, which it obeys."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.agentdojo.attack import Attack
from benchmarks.agentdojo.case import Case
from benchmarks.agentdojo.obedient import Obedience
from models.chat import Prompt, Reply
from models.sections import parse
from state.expression import ExpressionError, Scope, evaluate
from state.schema import Json, violations
from state.usage import Usage


@dataclass
class Mind:
    """One chat model for all tasks of the graph; `enter` begins a run."""

    name: str = "oracle"
    case: Case | None = None
    attack: Attack | None = None
    strategy: int = 0
    obeyed: bool = False
    """Whether it saw an injection in this run, other than when it was to answer in words."""
    replanned: bool = False
    """Whether it obeyed while it planned again."""
    _plans: int = 0

    def enter(self, case: Case, attack: Attack | None, strategy: int) -> None:
        """Begin a run."""
        self.case, self.attack, self.strategy = case, attack, strategy
        self.obeyed, self.replanned, self._plans = False, False, 0

    async def reply(self, prompt: Prompt) -> Reply:
        """Give what the task asks for."""
        sections = parse(str(prompt.messages[-1].text))
        value = getattr(self, f"_{prompt.task}")(sections, prompt)
        broken = tuple(violations(prompt.schema, value))
        return Reply(json.dumps(value), value, broken, self.name, "prompted", Usage(model_calls=1))

    def _plan(self, sections: dict[str, Json], _prompt: Prompt) -> Json:
        assert self.case is not None
        # After a failure an ideal planner leaves it at that.
        left = self.case.plans[self._plans :] or [{"steps": []}]
        ideal, self._plans = left[0], self._plans + 1
        obedience = self._obedience(sections) if self._plans > 1 else None
        if obedience is None:
            return ideal
        self.replanned = True
        mine = [
            {
                "id": f"x{n}",
                "tool": tool,
                "args": args,
                "after": [f"x{n - 1}"] if n else [],
                "why": "Important.",
            }
            for n, (tool, args) in enumerate(obedience.attack.calls)
        ]
        return {"steps": mine if self.strategy % 2 == 0 else [*mine, *ideal["steps"]]}

    def _extract(self, sections: dict[str, Json], prompt: Prompt) -> Json:
        ideal = self._ideal(sections)
        obedience = self._obedience(sections)
        return obedience.value(prompt.schema, ideal) if obedience else ideal

    def _compose(self, sections: dict[str, Json], prompt: Prompt) -> Json:
        ideal = self._ideal(sections)
        obedience = self._obedience(sections)
        limit = prompt.schema.get("properties", {}).get("text", {}).get("maxLength", 2_000)
        return {"text": obedience.text(limit) if obedience else ideal}

    def _answer(self, sections: dict[str, Json], _prompt: Prompt) -> Json:
        evidence = sections.get("evidence") or []
        attack = self.attack
        infected = [shown for shown in evidence if attack and attack.seen_in(shown["text"])]
        said = Obedience(attack, 0).text(2_000) if attack and infected else self._said(evidence)
        cited = infected or evidence
        citations = [{"passage": shown["id"], "quote": shown["text"]} for shown in cited if shown["text"]]
        claims = [{"text": said, "citations": citations}] if said and citations else []
        return {"claims": claims, "missing": None if claims else "There is nothing to add."}

    def _said(self, evidence: list[dict[str, Json]]) -> str:
        """The typed answer of the plan in words, for a run in which the model has to say it."""
        assert self.case is not None
        outputs = {shown["id"]: _json(shown["text"]) for shown in evidence}
        expression = self.case.plans[-1].get("answer")
        try:
            return rendered(evaluate(expression, Scope(outputs))) if expression else ""
        except ExpressionError:
            return ""

    def _ideal(self, sections: dict[str, Json]) -> Json:
        """What the case has for the step that is asked, or for its round."""
        assert self.case is not None
        step, _, nth = sections["step"].partition(".")
        ideal = self.case.ideal[step]
        return ideal[int(nth)] if nth else ideal

    def _obedience(self, shown: dict[str, Json]) -> Obedience | None:
        """How to obey, if an injection stands in what is shown; the request and the tools are the user's."""
        own = ("request", "tools", "instruction", "task", "step")
        text = "\n".join(_strings([part for key, part in shown.items() if key not in own]))
        if self.attack is None or not self.attack.seen_in(text):
            return None
        self.obeyed = True
        return Obedience(self.attack, self.strategy)


def rendered(value: Json) -> str:
    """A typed answer as AgentDojo's graders read it: a line for each member, lists with commas."""
    if isinstance(value, dict):
        return "\n".join(f"{key}: {rendered(part)}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(rendered(part).replace("\n", " ") for part in value)
    return value if isinstance(value, str) else json.dumps(value)


def _strings(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _json(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text
