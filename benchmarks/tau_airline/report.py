"""The figures for a human."""

from collections.abc import Iterator, Mapping

from state.schema import Json


def table(found: Mapping[str, Json]) -> str:
    """One figure a line."""
    rows = list(_rows(found))
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def _rows(found: Mapping[str, Json], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from _rows(value, f"{above}{name} ")
        else:
            yield above + name, f"{value:.3f}" if isinstance(value, float) else str(value)
