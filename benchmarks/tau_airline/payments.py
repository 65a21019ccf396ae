"""Payments of a user: what a method can pay, and paying with it."""

from collections.abc import Sequence

from benchmarks.tau_airline.database import Refusal
from state.schema import Json


def check_split(user: Json, payments: Sequence[Json], price: Json) -> None:
    """Refuse methods that the user does not have or that hold too little, and amounts that do not add up."""
    methods = user["payment_methods"]
    for payment in payments:
        name, amount = payment["payment_id"], payment["amount"]
        if name not in methods:
            raise Refusal(f"payment method {name} not found")
        method = methods[name]
        if method["source"] in {"gift_card", "certificate"} and method["amount"] < amount:
            raise Refusal(f"not enough balance in payment method {name}")
    paid = sum(payment["amount"] for payment in payments)
    if paid != price:
        raise Refusal(f"payment amount does not add up, total price is {price}, but paid {paid}")


def pay_split(user: Json, payments: Sequence[Json]) -> None:
    """Take the amounts; a certificate is used up, whatever is left on it."""
    methods = user["payment_methods"]
    for payment in payments:
        name = payment["payment_id"]
        if methods[name]["source"] == "gift_card":
            methods[name]["amount"] -= payment["amount"]
        elif methods[name]["source"] == "certificate":
            del methods[name]


def check_single(user: Json, name: str, price: Json) -> None:
    """Refuse to pay a change of a reservation with this method."""
    if name not in user["payment_methods"]:
        raise Refusal("payment method not found")
    method = user["payment_methods"][name]
    if method["source"] == "certificate":
        raise Refusal("certificate cannot be used to update reservation")
    if method["source"] == "gift_card" and method["amount"] < price:
        raise Refusal("gift card balance is not enough")


def pay_single(user: Json, reservation: Json, name: str, price: Json) -> None:
    """Take the price of a change, or give back a negative one, and note it in the reservation."""
    method = user["payment_methods"][name]
    if method["source"] == "gift_card":
        method["amount"] -= price
    if price != 0:
        reservation["payment_history"].append({"payment_id": name, "amount": price})


def refund(reservation: Json) -> None:
    """Reverse each payment in the reservation's history; balances change when the bank has done it."""
    history = reservation["payment_history"]
    history += [{"payment_id": paid["payment_id"], "amount": -paid["amount"]} for paid in history]
