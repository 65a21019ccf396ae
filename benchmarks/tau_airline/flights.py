"""Tools that look for flights, and the seats and prices of a flight on a day."""

from collections.abc import Iterator
from typing import Any

from benchmarks.tau_airline.database import Database, Refusal
from state.schema import Json

AIRPORTS = {
    "SFO": "San Francisco",
    "JFK": "New York",
    "LAX": "Los Angeles",
    "ORD": "Chicago",
    "DFW": "Dallas",
    "DEN": "Denver",
    "SEA": "Seattle",
    "ATL": "Atlanta",
    "MIA": "Miami",
    "BOS": "Boston",
    "PHX": "Phoenix",
    "IAH": "Houston",
    "LAS": "Las Vegas",
    "MCO": "Orlando",
    "EWR": "Newark",
    "CLT": "Charlotte",
    "MSP": "Minneapolis",
    "DTW": "Detroit",
    "PHL": "Philadelphia",
    "LGA": "LaGuardia",
}


def list_all_airports(_database: Database) -> Json:
    """Airports and their cities."""
    return AIRPORTS


def search_direct_flight(database: Database, origin: str, destination: str, date: str) -> Json:
    """Flights that can be booked, with seats and prices of the day."""
    return [
        _on_day(flight, date)
        for flight in database.leaving(origin)
        if flight["destination"] == destination and _bookable(flight, date)
    ]


def search_onestop_flight(database: Database, origin: str, destination: str, date: str) -> Json:
    """Pairs of flights with a stop between them; the second leaves a day later where the first arrives then.

    As in τ-bench, it is then listed with the seats and prices of the day that was asked for.
    """
    return list(_connections(database, origin, destination, date))


def _connections(database: Database, origin: str, destination: str, date: str) -> Iterator[list[Json]]:
    for first in database.leaving(origin):
        arrival = first["scheduled_arrival_time_est"]
        for second in database.leaving(first["destination"]):
            if second["destination"] != destination:
                continue
            day = _next_day(date) if "+1" in arrival else date
            # Compared as texts: "01:00:00+1" comes before "06:00:00".
            in_time = arrival <= second["scheduled_departure_time_est"]
            if in_time and _bookable(first, date) and _bookable(second, day):
                yield [_on_day(first, date) | {"date": date}, _on_day(second, date) | {"date": day}]


def _next_day(date: str) -> str:
    """The airline's calendar has one month, whose first nine days it does not find."""
    return f"2024-05-{int(date[-2:]) + 1}"


def _bookable(flight: Json, date: str) -> bool:
    return date in flight["dates"] and flight["dates"][date]["status"] == "available"


def _on_day(flight: Json, date: str) -> dict[str, Any]:
    about = {key: value for key, value in flight.items() if key != "dates"}
    return {**about, **flight["dates"][date]}


def take_seats(database: Database, segment: Json, cabin: str, passengers: int) -> Json:
    """Put price, origin and destination into a segment, if its flight has these seats on its day."""
    number, date = segment["flight_number"], segment["date"]
    if number not in database.flights:
        raise Refusal(f"flight {number} not found")
    flight = database.flights[number]
    if date not in flight["dates"]:
        raise Refusal(f"flight {number} not found on date {date}")
    day = flight["dates"][date]
    if day["status"] != "available":
        raise Refusal(f"flight {number} not available on date {date}")
    if day["available_seats"][cabin] < passengers:
        raise Refusal(f"not enough seats on flight {number}")
    price = day["prices"][cabin]
    return segment | {"price": price, "origin": flight["origin"], "destination": flight["destination"]}
