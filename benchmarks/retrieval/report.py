"""The tables of what was measured."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict
from rich.table import Table

from benchmarks.retrieval.macro import difference, macro
from benchmarks.retrieval.systems import OURS
from evals.retrieval.results import Measured
from evals.retrieval.summary import Figure, Summary, summary

Measurements = Mapping[str, Mapping[str, Measured]]
"""Collection → system → what it found."""


class Row(BaseModel):
    """One system over the collections."""

    model_config = ConfigDict(frozen=True)

    system: str
    collections: dict[str, Summary]
    macro: dict[str, float]
    """Measure → mean over the collections."""
    ours_minus_it: dict[str, Figure] | None
    """Of the macro means; None for ours, and where ours was not measured."""


def rows(found: Measurements, metrics: tuple[str, ...]) -> list[Row]:
    """One row for each system, in their order."""
    systems = list(next(iter(found.values())))
    by_system = {system: {name: each[system] for name, each in found.items()} for system in systems}
    mine = by_system.get(OURS)
    return [
        Row(
            system=system,
            collections={name: summary(one) for name, one in each.items()},
            macro={metric: macro(each, metric) for metric in metrics},
            ours_minus_it={metric: difference(each, mine, metric) for metric in metrics}
            if mine and system != OURS
            else None,
        )
        for system, each in by_system.items()
    ]


def drawn(title: str, found: list[Row], metrics: tuple[str, ...]) -> Iterator[Table]:
    """The first measure with its intervals, then the others and the cost."""
    yield _first(title, found, metrics[0])
    yield _rest(found, metrics[1:])


def _first(title: str, found: list[Row], metric: str) -> Table:
    names = list(found[0].collections)
    table = _table(f"{title}: {metric}", *names, "macro", "ours − it")
    for row in found:
        figures = [row.collections[name].metrics[metric] for name in names]
        ahead = row.ours_minus_it[metric] if row.ours_minus_it else None
        table.add_row(
            row.system,
            *(f"{one.mean:.3f} [{one.low:.3f}, {one.high:.3f}]" for one in figures),
            f"{row.macro[metric]:.3f}",
            f"{ahead.mean:+.3f} [{ahead.low:+.3f}, {ahead.high:+.3f}]" if ahead else "",
        )
    return table


def _rest(found: list[Row], metrics: tuple[str, ...]) -> Table:
    names = list(found[0].collections)
    table = _table(f"{' · '.join(metrics)} · CPU ms", *names)
    for row in found:
        table.add_row(row.system, *(_cell(row.collections[name], metrics) for name in names))
    return table


def _cell(found: Summary, metrics: tuple[str, ...]) -> str:
    cpu = f"{found.search_cpu_ms.p50:.1f}" if found.search_cpu_ms else "–"
    return " · ".join([*(f"{found.metrics[metric].mean:.3f}" for metric in metrics), cpu])


def _table(first: str, *columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(first)
    for name in columns:
        table.add_column(name, justify="right")
    return table
