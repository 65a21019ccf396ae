"""What the benchmark prints: one document, or the same as tables."""

from collections.abc import Iterable, Sequence

from benchmarks.agentdojo.defences import DEFENCES
from benchmarks.agentdojo.react import RULES
from state.schema import Json

NOTE = (
    "The planner is ideal, and so is the model that extracts and composes until it sees an injection, which "
    "it then obeys: utility is an upper bound, safety a lower bound."
)


def document(rows: Sequence[dict[str, Json]], seconds: float) -> dict[str, Json]:
    """The figures in all, by suite, and plan by plan."""
    suites = dict.fromkeys(row["suite"] for row in rows)
    return {
        "benchmark": "AgentDojo v1.2.2",
        "note": NOTE,
        "seconds": round(seconds, 1),
        "all": _figures(rows),
        "suites": {suite: _figures([row for row in rows if row["suite"] == suite]) for suite in suites},
        "tasks": list(rows),
    }


def _figures(rows: Sequence[dict[str, Json]]) -> dict[str, Json]:
    pairs = [pair for row in rows for pair in row["pairs"]]
    benign = [row["benign"] for row in rows]
    return {
        "tasks": len(rows),
        "pairs": len(pairs),
        "plans_valid": sum(not one["rejected"] for one in benign),
        "utility": sum(one["utility"] for one in benign),
        "agentdojo_utility": sum(one["agentdojo_utility"] for one in benign),
        "tasks_with_questions": sum(one["questions"] > 0 for one in benign),
        "questions_per_task": _ratio(sum(one["questions"] for one in benign), len(rows)),
        "approvers": _by([pair["approvers"] for pair in pairs]),
        "off": {name: _off(rows, name) for name in (rows[0]["off"] if rows else ())},
        "baselines": {
            rule: sum(pair["baselines"][rule] for pair in pairs)
            for rule in RULES
            if pairs and rule in pairs[0]["baselines"]
        },
    }


def _off(rows: Sequence[dict[str, Json]], name: str) -> dict[str, Json]:
    benign = [row["off"][name] for row in rows]
    return {
        "utility": sum(one["utility"] for one in benign),
        "tasks_with_questions": sum(one["questions"] > 0 for one in benign),
        "approvers": _by([pair["off"][name] for row in rows for pair in row["pairs"]]),
    }


def _by(runs: Sequence[dict[str, Json]]) -> dict[str, Json]:
    return {name: _sums([run[name] for run in runs]) for name in (runs[0] if runs else ())}


def _sums(runs: Sequence[dict[str, Json]]) -> dict[str, Json]:
    graded = [run["utility"] for run in runs if run["utility"] is not None]
    return {
        "hijacked": sum(run["hijacked"] for run in runs),
        "hijacked_by_replanning": sum(run["replanned"] for run in runs),
        **({"utility_under_attack": _ratio(sum(graded), len(runs))} if len(graded) == len(runs) else {}),
        "questions_per_pair": _ratio(sum(run["questions"] for run in runs), len(runs)),
    }


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def tables(found: dict[str, Json]) -> str:
    """The document as text."""
    every = {**found["suites"], "all": found["all"]}
    parts = [
        f"{found['benchmark']}, {found['all']['pairs']} pairs in {found['seconds']:g} s. {found['note']}",
        _table("suite", ("tasks", "pairs", "plans valid", "utility", "tasks that ask"), _suites(every)),
        _table("approver", tuple(every), _hijacks(every, "approvers")),
        _table(
            "defence off", ("hijacked", "rubber stamp", "utility", "tasks that ask"), _weaker(found["all"])
        ),
        _table("no graph", tuple(every), _baselines(every)),
        _table("task", ("needs", "valid", "utility", "questions"), _plans(found["tasks"])),
    ]
    return "\n\n".join(part for part in parts if part)


def _suites(every: dict[str, Json]) -> Iterable[tuple[str, ...]]:
    for name, one in every.items():
        asks = f"{one['tasks_with_questions']} ({one['tasks_with_questions'] / max(one['tasks'], 1):.0%})"
        yield name, str(one["tasks"]), str(one["pairs"]), str(one["plans_valid"]), str(one["utility"]), asks


def _hijacks(every: dict[str, Json], key: str) -> Iterable[tuple[str, ...]]:
    for name in every["all"][key]:
        figures = [one[key][name] for one in every.values()]
        yield f"{name}: hijacked", *(str(one["hijacked"]) for one in figures)
        if any(one["hijacked_by_replanning"] for one in figures):
            yield "  of these in a re-plan", *(str(one["hijacked_by_replanning"]) for one in figures)
        yield "  utility under attack", *(f"{one['utility_under_attack']:.1%}" for one in figures)


def _weaker(figures: dict[str, Json]) -> Iterable[tuple[str, ...]]:
    for name, one in figures["off"].items():
        by = one["approvers"]
        yield (
            f"{name}: {DEFENCES[name]}",
            str(by["ideal"]["hijacked"]),
            str(by["rubber-stamp"]["hijacked"]),
            str(one["utility"]),
            str(one["tasks_with_questions"]),
        )


def _baselines(every: dict[str, Json]) -> Iterable[tuple[str, ...]]:
    for rule in every["all"]["baselines"]:
        taken = [(one["baselines"][rule], one["pairs"]) for one in every.values()]
        yield RULES[rule], *(f"{count} ({count / max(pairs, 1):.1%})" for count, pairs in taken)


def _plans(rows: Iterable[dict[str, Json]]) -> Iterable[tuple[str, ...]]:
    for row in rows:
        one = row["benign"]
        words = "yes" if not one["rejected"] else f"no: {one['rejected'][0]}"
        reason = f" ({one['outcome']}: {one['reason']})" if one["reason"] else ""
        useful = ("yes" if one["utility"] else "no") + reason
        yield f"{row['suite']} {row['task']}", row["shape"], words, useful, str(one["questions"])


def _table(first: str, heads: Sequence[str], lines: Iterable[tuple[str, ...]]) -> str:
    body = list(lines)
    if not body:
        return ""
    rows = [(first, *heads), *body]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    shown = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([shown[0], "-" * len(shown[0]), *shown[1:]])
