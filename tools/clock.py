"""The clock: what time it is somewhere, and the days between dates."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from tools.capability import Caller, Capability, ToolError, typed


class Place(BaseModel):
    """Where the time is asked for."""

    model_config = ConfigDict(extra="forbid")

    timezone: str = Field(
        default="UTC",
        pattern=r"^[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*$",
        max_length=64,
        description="IANA time zone, such as Europe/Berlin.",
    )


class Moment(BaseModel):
    """A point in time, as clocks there show it."""

    time: datetime = Field(description="Date, time and offset from UTC, ISO 8601.")
    date: date
    weekday: str = Field(description="Monday to Sunday.")
    timezone: str


class Dates(BaseModel):
    """A date, and either another one or a number of days."""

    model_config = ConfigDict(extra="forbid")

    start: date = Field(description="First date, ISO 8601, such as 2026-11-24.")
    end: date | None = Field(default=None, description="Second date: how many days after the first is it?")
    days: int | None = Field(
        default=None,
        ge=-1_000_000,
        le=1_000_000,
        description="Days to add to the first date; negative ones are taken away.",
    )


class Span(BaseModel):
    """Two dates and the days between them."""

    start: date
    end: date
    days: int = Field(description="Days from start to end; negative if the end comes first.")
    weekday: str = Field(description="Weekday of the end, Monday to Sunday.")


def utc_now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


def current_time(now: Callable[[], datetime] = utc_now) -> Capability:
    """The tool `current_time`, which reads the given clock; it must give aware times."""

    async def run(place: Place, _caller: Caller) -> Moment:
        zone = await asyncio.to_thread(_zone, place.timezone)
        there = now().astimezone(zone)
        return Moment(time=there, date=there.date(), weekday=_weekday(there), timezone=place.timezone)

    return typed("current_time", "Tells date, time and weekday in a time zone.", Place, Moment, run)


def date_span() -> Capability:
    """The tool `date_span`."""
    return typed(
        "date_span", "Counts the days between two dates, or adds days to a date.", Dates, Span, _span
    )


async def _span(dates: Dates, _caller: Caller) -> Span:
    if (dates.end is None) == (dates.days is None):
        raise ToolError("A date needs either an end or a number of days.", "Give exactly one of the two.")
    try:
        end = dates.end or dates.start + timedelta(days=dates.days or 0)
    except OverflowError as error:
        raise ToolError("That date is out of range.", "Stay within the years 1 to 9999.") from error
    return Span(start=dates.start, end=end, days=(end - dates.start).days, weekday=_weekday(end))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    # Folders of the time zone data, such as Europe, are opened like a zone.
    except (KeyError, ValueError, OSError) as error:
        raise ToolError(
            f"No time zone {name!r}.", "Use an IANA name such as Europe/Berlin or UTC."
        ) from error


def _weekday(day: date) -> str:
    """English, whatever the locale of this machine."""
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return names[day.weekday()]
