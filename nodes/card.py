"""The card that shows a human what would be called, with values from where, and why they are asked."""

from state.canonical import canonical
from state.plan import Plan, Step, Warrant
from state.schema import Json

DECISIONS = ["approve", "edit", "reject", "respond"]


def card(waiting: list[Warrant], plan: Plan, tainted: bool) -> dict[str, Json]:
    """The shape that LangGraph Studio and agent-chat-ui draw buttons for."""
    steps = {step.id: step for step in plan.steps}
    whole = _plan(plan) if tainted else ""
    return {
        "action_requests": [
            {"name": one.tool, "args": one.args, "description": _described(one, steps) + whole}
            for one in waiting
        ],
        "review_configs": [
            {"action_name": name, "allowed_decisions": DECISIONS}
            for name in dict.fromkeys(one.tool for one in waiting)
        ],
    }


def _described(warrant: Warrant, steps: dict[str, Step]) -> str:
    why = " ".join(steps[warrant.step.partition(".")[0]].why.split())  # it adds no lines to the card
    asked = "\n".join(f"- {reason}" for reason in warrant.reasons)
    origins = "\n".join(
        f"- {name}: {', '.join(places)}" for name, places in warrant.origins.items() if places
    )
    return f"{warrant.step}: {why}\n\nYou are asked because:\n{asked}\n\nThe arguments come from:\n{origins}"


def _plan(plan: Plan) -> str:
    lines = [f"- {step.id}: {step.tool} {canonical(step.args)}{_terms(step)}" for step in plan.steps]
    lines += [] if plan.answer is None else [f"- answer: {canonical(plan.answer)}"]
    return "\n\nThe whole plan:\n" + "\n".join(lines)


def _terms(step: Step) -> str:
    """On what condition a step runs, and for what."""
    when = "" if step.when is None else f" when {canonical(step.when)}"
    return when + ("" if step.for_each is None else f" for each of {canonical(step.for_each)}")
