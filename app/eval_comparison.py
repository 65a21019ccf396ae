"""Drawing a comparison of two runs in the terminal."""

from collections.abc import Iterator, Sequence
from math import isfinite

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from evals.statistics.gate import Decision
from evals.suites.comparison import Comparison, Metric, Repeats, Version

VERDICTS = {
    Decision.NO_REGRESSION: ("No regression.", "green"),
    Decision.REGRESSION: ("Regression.", "red"),
    Decision.CANNOT_TELL: ("Cannot tell.", "yellow"),
}
IDS = 20
"""Ids of cases that are listed."""


def drawn(found: Comparison) -> Iterator[RenderableType]:
    """The decision first, then what it rests on."""
    words, style = VERDICTS[found.decision]
    yield Text(words, style=f"bold {style}")
    for reason in _reasons(found):
        yield Text(f"  {reason}")
    if found.metrics:
        yield _table(found)
    for metric in found.metrics:
        if metric.gates:
            yield from _cases(metric)
    yield from _labels(found)
    yield from _versions(found)
    yield from _set_aside(found)


def _reasons(found: Comparison) -> Iterator[str]:
    yield from found.reasons
    for metric in found.metrics:
        if not metric.gates:
            continue
        needed = ""
        if metric.decision is Decision.CANNOT_TELL and metric.cases_needed:
            needed = f"; it would take about {metric.cases_needed} cases like these, or more trials of each"
        yield f"{metric.name}: {metric.reason}{needed}"
    if _deterministic(found) and not found.options.exact:
        yield "No repeat differs from another: if the suite is deterministic, --exact finds any changed case."


def _deterministic(found: Comparison) -> bool:
    both = (found.base.passed_differ, found.new.passed_differ)
    changed = any(metric.worse for metric in found.metrics if metric.gates)
    return changed and all(each.of_pairs and not each.pairs for each in both)


def _table(found: Comparison) -> Table:
    level = found.metrics[0].level
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("measure")
    for name in ("base", "new", "difference", f"{level:.0%} interval", "p", "detectable"):
        table.add_column(name, justify="right")
    for name in ("cases", "worse", "better", "lost/gained"):
        table.add_column(name, justify="right")
    table.add_column("decision")
    for metric in found.metrics:
        table.add_row(*_row(metric), style=None if metric.gates else "dim")
    return table


def _row(metric: Metric) -> Sequence[str]:
    low, high = metric.interval
    return (
        metric.name + (" (less is better)" if metric.lower_is_better else ""),
        _number(metric.base),
        _number(metric.new),
        f"{metric.difference:+.3f}",
        f"[{_number(low, sign=True)}, {_number(high, sign=True)}]",
        f"{metric.p_corrected:.3f}" if metric.p_corrected >= 0.001 else "<0.001",
        _number(metric.detectable),
        str(metric.cases),
        str(len(metric.worse)),
        str(len(metric.better)),
        f"{metric.pairs.lost}/{metric.pairs.gained}" if metric.pairs else "",
        str(metric.decision).replace("_", " ") if metric.decision else "",
    )


def _number(value: float, *, sign: bool = False) -> str:
    if not isfinite(value):
        return "unknown"
    return f"{value:+.3f}" if sign else f"{value:.3f}"


def _cases(metric: Metric) -> Iterator[RenderableType]:
    for name, cases in (("worse", metric.worse), ("better", metric.better)):
        if cases:
            yield Text(f"{metric.name} got {name} in: {_listed(cases)}")


def _labels(found: Comparison) -> Iterator[RenderableType]:
    for label in found.labels:
        if label.base != label.new:
            note = " (new)" if not label.base else ""
            yield Text(f"label {label.name}: {label.base} → {label.new} trials{note}")


def _versions(found: Comparison) -> Iterator[RenderableType]:
    for name, version in (("base", found.base), ("new", found.new)):
        differ = f"repeats differ: {_repeats(version.passed_differ)} passed or not"
        answers = f"{_repeats(version.answers_differ)} in the answer"
        yield Text(f"{name} {version.id}: {version.trials} trials, {_lost(version)}; {differ}, {answers}")
        yield Text(f"  controls: {_controls(version)}")


def _lost(version: Version) -> str:
    unfinished = "" if version.finished else ", not finished"
    return f"{version.infrastructure_errors} lost to the infrastructure{unfinished}"


def _repeats(found: Repeats) -> str:
    return f"{found.pairs} of {found.of_pairs} pairs ({found.cases} of {found.of_cases} cases)"


def _controls(version: Version) -> str:
    scores = {name: version.controls.get(name) for name in ("null", "gold")} | version.controls
    return ", ".join(
        f"{name} agent {'not measured' if score is None else _number(score)}"
        for name, score in scores.items()
    )


def _set_aside(found: Comparison) -> Iterator[RenderableType]:
    for cases, what in (
        (found.only_base, "only in base"),
        (found.only_new, "only in new"),
        (found.changed, "changed in the dataset, so not compared"),
        (found.lost, "lost to the infrastructure"),
    ):
        if cases:
            yield Text(f"{len(cases)} cases {what}: {_listed(cases)}")
    if found.stamp:
        yield Text(f"The stamps differ in: {', '.join(found.stamp)}")


def _listed(cases: Sequence[str]) -> str:
    rest = f" and {len(cases) - IDS} more" if len(cases) > IDS else ""
    return ", ".join(cases[:IDS]) + rest
