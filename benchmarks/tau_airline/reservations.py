"""Tools that show, book, change and cancel reservations."""

from benchmarks.tau_airline.database import Database, Refusal
from benchmarks.tau_airline.flights import take_seats
from benchmarks.tau_airline.payments import check_single, check_split, pay_single, pay_split, refund
from benchmarks.tau_airline.users import found_user
from state.schema import Json

NEW_IDS = ("HATHAT", "HATHAU", "HATHAV")
"""Ids of new reservations in order; the last one is given again and again."""
NOW = "2024-05-15T15:00:00"
BAGGAGE_PRICE = 50
INSURANCE_PRICE = 30
"""For one passenger."""


def get_reservation_details(database: Database, reservation_id: str) -> Json:
    """The reservation; τ-bench says of a missing one that the user was not found."""
    if reservation_id not in database.reservations:
        raise Refusal("user not found")
    return database.reservations[reservation_id]


def book_reservation(  # noqa: PLR0917  # a model calls it, by name
    database: Database,
    user_id: str,
    origin: str,
    destination: str,
    flight_type: str,
    cabin: str,
    flights: list[Json],
    passengers: list[Json],
    payment_methods: list[Json],
    total_baggages: int,
    nonfree_baggages: int,
    insurance: str,
) -> Json:
    """The new reservation, for which the amounts add up to its price."""
    user = found_user(database, user_id)
    people = len(passengers)
    booked = [take_seats(database, segment, cabin, people) for segment in flights]
    price = sum(segment["price"] * people for segment in booked)
    price += INSURANCE_PRICE * people if insurance == "yes" else 0
    price += BAGGAGE_PRICE * nonfree_baggages
    check_split(user, payment_methods, price)
    reservation_id = _new_id(database)
    reservation = {
        "reservation_id": reservation_id,
        "user_id": user_id,
        "origin": origin,
        "destination": destination,
        "flight_type": flight_type,
        "cabin": cabin,
        "flights": booked,
        "passengers": passengers,
        "payment_history": payment_methods,
        "created_at": NOW,
        "total_baggages": total_baggages,
        "nonfree_baggages": nonfree_baggages,
        "insurance": insurance,
    }
    user = database.users.edit(user_id)
    pay_split(user, payment_methods)
    database.reservations.add(reservation_id, reservation)
    user["reservations"].append(reservation_id)
    return reservation


def _new_id(database: Database) -> str:
    return next((name for name in NEW_IDS if name not in database.reservations), NEW_IDS[-1])


def cancel_reservation(database: Database, reservation_id: str) -> Json:
    """The cancelled reservation."""
    _found(database, reservation_id)
    reservation = database.reservations.edit(reservation_id)
    refund(reservation)
    reservation["status"] = "cancelled"
    return reservation


def update_reservation_flights(
    database: Database, reservation_id: str, cabin: str, flights: list[Json], payment_id: str
) -> Json:
    """The reservation with these flights; the difference to what its old ones cost is paid or given back.

    A flight that it has already, in the same cabin, keeps its price. As in τ-bench the reservation's own
    `cabin` does not change.
    """
    reservation = _found(database, reservation_id)
    people = len(reservation["passengers"])
    booked = [_segment(database, reservation, segment, cabin) for segment in flights]
    price = sum(segment["price"] * people for segment in booked)
    price -= sum(segment["price"] for segment in reservation["flights"]) * people
    user_id = reservation["user_id"]
    check_single(database.users[user_id], payment_id, price)
    reservation = database.reservations.edit(reservation_id)
    reservation["flights"] = booked
    pay_single(database.users.edit(user_id), reservation, payment_id, price)
    return reservation


def _segment(database: Database, reservation: Json, segment: Json, cabin: str) -> Json:
    for old in reservation["flights"]:
        kept = old["flight_number"] == segment["flight_number"] and old["date"] == segment["date"]
        if kept and cabin == reservation["cabin"]:
            return segment | {key: old[key] for key in ("price", "origin", "destination")}
    return take_seats(database, segment, cabin, len(reservation["passengers"]))


def update_reservation_baggages(
    database: Database, reservation_id: str, total_baggages: int, nonfree_baggages: int, payment_id: str
) -> Json:
    """The reservation with so many bags; those that are new and not free are paid, and none is given back."""
    reservation = _found(database, reservation_id)
    user_id = reservation["user_id"]
    price = BAGGAGE_PRICE * max(0, nonfree_baggages - reservation["nonfree_baggages"])
    check_single(database.users[user_id], payment_id, price)
    reservation = database.reservations.edit(reservation_id)
    reservation["total_baggages"] = total_baggages
    reservation["nonfree_baggages"] = nonfree_baggages
    pay_single(database.users.edit(user_id), reservation, payment_id, price)
    return reservation


def update_reservation_passengers(database: Database, reservation_id: str, passengers: list[Json]) -> Json:
    """The reservation with as many other passengers."""
    reservation = _found(database, reservation_id)
    if len(passengers) != len(reservation["passengers"]):
        raise Refusal("number of passengers does not match")
    reservation = database.reservations.edit(reservation_id)
    reservation["passengers"] = passengers
    return reservation


def _found(database: Database, reservation_id: str) -> Json:
    if reservation_id not in database.reservations:
        raise Refusal("reservation not found")
    return database.reservations[reservation_id]
