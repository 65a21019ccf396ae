"""The clock and the calendar."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.schema import violations
from tools.capability import Caller, Capability, ToolError
from tools.clock import current_time, date_span, utc_now


def call(tool: Capability, **args: Any) -> dict[str, Any]:
    assert violations(tool.input_schema, args) == []
    output: dict[str, Any] = asyncio.run(tool.call(args, Caller()))
    assert violations(tool.output_schema, output) == []
    return output


def noon() -> datetime:
    return datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("timezone", "time", "weekday"),
    [
        ("UTC", "2026-11-24T12:30:00Z", "Tuesday"),
        ("Europe/Berlin", "2026-11-24T13:30:00+01:00", "Tuesday"),
        ("Pacific/Auckland", "2026-11-25T01:30:00+13:00", "Wednesday"),
        ("America/St_Johns", "2026-11-24T09:00:00-03:30", "Tuesday"),
        ("Etc/GMT+12", "2026-11-24T00:30:00-12:00", "Tuesday"),
    ],
)
def test_the_time_is_that_of_the_zone(timezone: str, time: str, weekday: str) -> None:
    moment = call(current_time(noon), timezone=timezone)
    assert moment == {"time": time, "date": time[:10], "weekday": weekday, "timezone": timezone}


def test_summer_time_is_known() -> None:
    summer = call(current_time(lambda: datetime(2026, 7, 1, tzinfo=UTC)), timezone="Europe/Berlin")
    assert summer["time"] == "2026-07-01T02:00:00+02:00"


def test_utc_is_the_default_and_the_machine_has_a_clock() -> None:
    assert call(current_time(noon))["timezone"] == "UTC"
    assert abs(datetime.fromisoformat(call(current_time())["time"]) - utc_now()).total_seconds() < 60


@pytest.mark.parametrize(
    "timezone", ["Europe", "Europe/Atlantis", "europe/berlin/x", "Mars", "tzdata.zi"[:6]]
)
def test_an_unknown_zone_is_said(timezone: str) -> None:
    with pytest.raises(ToolError, match="Europe/Berlin or UTC"):
        call(current_time(noon), timezone=timezone)


@pytest.mark.parametrize(
    "timezone", ["", "../etc/passwd", "/etc/localtime", "Europe/../UTC", "a" * 65, "UTC\n/x"]
)
def test_a_zone_that_is_a_path_breaks_the_schema(timezone: str) -> None:
    assert violations(current_time(noon).input_schema, {"timezone": timezone})


@pytest.mark.parametrize(
    ("args", "end", "days", "weekday"),
    [
        ({"start": "2026-11-24", "days": 30}, "2026-12-24", 30, "Thursday"),
        ({"start": "2026-11-24", "days": -24}, "2026-10-31", -24, "Saturday"),
        ({"start": "2028-02-28", "days": 2}, "2028-03-01", 2, "Wednesday"),
        ({"start": "2026-11-24", "end": "2026-12-24"}, "2026-12-24", 30, "Thursday"),
        ({"start": "2026-11-24", "end": "2026-11-24"}, "2026-11-24", 0, "Tuesday"),
    ],
)
def test_days_are_counted_and_added(args: dict[str, Any], end: str, days: int, weekday: str) -> None:
    assert call(date_span(), **args) == {"start": args["start"], "end": end, "days": days, "weekday": weekday}


@given(st.dates(), st.integers(-10_000, 10_000))
def test_adding_and_counting_agree(start: Any, days: int) -> None:
    try:
        added = call(date_span(), start=start.isoformat(), days=days)
    except ToolError as error:
        assert "years 1 to 9999" in str(error)
        return
    assert call(date_span(), start=start.isoformat(), end=added["end"])["days"] == days


@pytest.mark.parametrize("more", [{}, {"days": 1, "end": "2026-01-01"}])
def test_exactly_one_of_end_and_days_is_needed(more: dict[str, Any]) -> None:
    with pytest.raises(ToolError, match="exactly one"):
        call(date_span(), start="2026-01-01", **more)


@pytest.mark.parametrize(
    "args", [{"start": "24.11.2026"}, {"start": "2026-02-30"}, {"start": "0"}, {"days": 1_000_001}, {"x": 1}]
)
def test_what_is_not_a_date_breaks_the_schema(args: dict[str, Any]) -> None:
    assert violations(date_span().input_schema, {"start": "2026-01-01", "days": 1, **args})
