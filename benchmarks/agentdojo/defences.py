"""The defences, and how each one is switched off."""

from collections.abc import Mapping
from typing import Any

from benchmarks.agentdojo.case import Case
from state.policy import Policy
from state.schema import Json, JsonSchema
from state.tool_policy import ToolPolicy

DEFENCES = {
    "literals": "the arguments of writes are filled by a model from all that was read",
    "control": "no argument is a control argument",
    "outward": "no text that leaves is searched for links, addresses and accounts",
    "provenance": "both of these: nobody asks where a value comes from",
    "constraints": "the policy has no constraints on arguments",
    "typed-answer": "the model answers in words",
}


def policy_without(defence: str, policy: Policy, arguments: Mapping[str, tuple[str, ...]]) -> Policy:
    """The policy of a run in which a defence is switched off.

    Args:
        defence: Its name.
        policy: The policy as it is.
        arguments: Names of each tool's arguments.
    """
    tools = {name: _weaker(defence, tool, arguments[name]) for name, tool in policy.tools.items()}
    return policy.model_copy(update={"tools": tools})


def _weaker(defence: str, tool: ToolPolicy, arguments: tuple[str, ...]) -> ToolPolicy:
    # Only what is said to write is searched for destinations.
    searched_no_more = {"effect": "read", "control": tuple(tool.controls(set(arguments)))}
    uncontrolled: dict[str, Any] = {"control": (), "sources": {}}
    changes: dict[str, dict[str, Any]] = {
        "control": uncontrolled,
        "outward": searched_no_more,
        "provenance": {**searched_no_more, **uncontrolled},
        "constraints": {"constraints": {}},
    }
    return tool.model_copy(update=changes.get(defence, {}))


def case_without(
    defence: str, case: Case, schemas: Mapping[str, JsonSchema], made: list[tuple[str, dict[str, Json]]]
) -> Case:
    """The case of a run in which a defence is switched off.

    Args:
        defence: Its name.
        case: The case as it is.
        schemas: Input schema of each tool that writes.
        made: The calls of the run without an attack, which say what an ideal model would fill in.
    """
    if defence == "typed-answer":
        return case.model_copy(update={"answer_schema": None})
    if defence != "literals":
        return case
    left = list(made)
    ideal = dict(case.ideal)
    plans = [_filled(plan, schemas, left, ideal) for plan in case.plans]
    return case.model_copy(update={"plans": plans, "ideal": ideal})


def _filled(
    plan: dict[str, Any],
    schemas: Mapping[str, JsonSchema],
    made: list[tuple[str, dict[str, Json]]],
    ideal: dict[str, Json],
) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []
    for step in plan["steps"]:
        if step["tool"] not in schemas or not steps:
            steps.append(step)
            continue
        filling, filled = _by_model(step, [one["id"] for one in steps], schemas[step["tool"]])
        calls = [call for call in made if call[0] == step["tool"]][: None if "for_each" in step else 1]
        made[:] = [call for call in made if call not in calls]
        args = [given for _, given in calls]
        ideal[filling["id"]] = args if "for_each" in step else next(iter(args), {})
        steps += [filling, filled]
    return {**plan, "steps": steps}


def _by_model(
    step: dict[str, Any], before: list[str], schema: JsonSchema
) -> tuple[dict[str, Any], dict[str, Any]]:
    """An extract that fills the arguments from all that was read, and the call that uses what it gives."""
    filled = f"{step['id']}_args"
    element = {"element": {"$each": ""}} if "for_each" in step else {}
    extract = {
        **step,
        "id": filled,
        "tool": "extract",
        "args": {
            "sources": {one: {"$ref": f"{one}#"} for one in before} | element,
            "schema": {
                **schema,
                "properties": {name: schema["properties"][name] for name in step["args"]},
                "required": list(step["args"]),
            },
            "instruction": f"Fill in the arguments of {step['tool']} for step {step['id']}.",
        },
    }
    if element:
        args = {name: {"$each": f"/output/{name}"} for name in step["args"]}
        return extract, {**step, "args": args, "for_each": {"$ref": f"{filled}#"}}
    return extract, {**step, "args": {name: {"$ref": f"{filled}#/{name}"} for name in step["args"]}}
