"""Tools for users."""

from benchmarks.tau_airline.database import Database, Refusal
from state.schema import Json

CERTIFICATES = tuple(f"certificate_{number}" for number in (3221322, 3221323, 3221324))
"""Ids of certificates in the order in which a user gets them."""


def found_user(database: Database, user_id: str) -> Json:
    """The user's record, to read."""
    if user_id not in database.users:
        raise Refusal("user not found")
    return database.users[user_id]


def get_user_details(database: Database, user_id: str) -> Json:
    """The user's profile."""
    return found_user(database, user_id)


def send_certificate(database: Database, user_id: str, amount: float) -> str | None:
    """What was added; None, as in τ-bench, for a user who has had three certificates."""
    had = found_user(database, user_id)["payment_methods"]
    name = next((name for name in CERTIFICATES if name not in had), None)
    if name is None:
        return None
    certificate = {"source": "certificate", "amount": amount, "id": name}
    database.users.edit(user_id)["payment_methods"][name] = certificate
    return f"Certificate {name} added to user {user_id} with amount {amount}."
