"""The demo's order desk: looking an order up, and refunding it."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from state.settings import PROJECT
from tools.capability import Caller, Capability, ToolError, typed

ORDERS = PROJECT / "demo" / "orders.json"
BUSY_SECONDS = 5.0
TABLE = """CREATE TABLE IF NOT EXISTS refunds (
    id INTEGER PRIMARY KEY, order_id TEXT NOT NULL, cents INTEGER NOT NULL, reason TEXT, at TEXT NOT NULL)"""

Status = Literal["processing", "shipped", "delivered", "returned", "cancelled"]
# The length keeps out a trailing line break, which `$` would let pass.
OrderId = Annotated[
    str,
    Field(pattern=r"^WR-[0-9]{4}$", max_length=7, description="Number of the order, such as WR-1042."),
]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StatusArguments(_Arguments):
    """Which order is looked up."""

    order_id: OrderId


class RefundArguments(_Arguments):
    """Which order is refunded, and how much of it."""

    order_id: OrderId
    amount: float | None = Field(
        default=None, gt=0, le=100_000, description="Euros to refund; all that is left if it is not given."
    )
    reason: str | None = Field(default=None, max_length=200, description="Why, in the customer's words.")


class Item(BaseModel):
    """One line of an order."""

    name: str
    quantity: int
    price: float = Field(description="Price of one piece in the order's currency.")


class Sale(BaseModel):
    """An order as it was placed."""

    order_id: str
    status: Status
    country: str = Field(description="Where it goes, ISO 3166-1 alpha-2.")
    ordered: date
    shipped: date | None
    delivered: date | None
    items: list[Item]
    shipping: float
    currency: Literal["EUR"] = "EUR"

    def cents(self) -> int:
        """What the customer paid."""
        return _cents(self.shipping) + sum(_cents(item.price) * item.quantity for item in self.items)


class Order(Sale):
    """An order as it stands now."""

    total: float
    refunded: float


class Refund(BaseModel):
    """A refund that was made."""

    refund_id: str
    order_id: str
    amount: float
    currency: Literal["EUR"] = "EUR"


class OrderDesk:
    """Orders from a JSON file; refunds in a SQLite file that several processes may share."""

    def __init__(self, path: Path, orders: Path = ORDERS) -> None:
        """Open nothing yet.

        Args:
            path: The SQLite file of the refunds; it is made when it is first needed.
            orders: The JSON file of the orders.
        """
        self._path = path
        self._orders = orders

    def look_up(self, order_id: str) -> Order:
        """An order with what was refunded of it.

        Raises:
            ToolError: there is no such order, or the desk cannot be reached.
        """
        sale = self._sale(order_id)
        with self._refunds() as refunds:
            refunded = _refunded(refunds, order_id)
        return Order(**sale.model_dump(), total=sale.cents() / 100, refunded=refunded / 100)

    def refund(self, order_id: str, amount: float | None, reason: str | None) -> Refund:
        """Pay back an amount in euros, or all that is left.

        Raises:
            ToolError: nothing was paid back: the order or the amount does not allow it.
        """
        sale = self._sale(order_id)
        if sale.status not in ("delivered", "returned"):
            raise ToolError(
                f"{order_id} is {sale.status}, so it cannot be refunded.", "Refund it once it is delivered."
            )
        with self._refunds() as refunds:
            left = sale.cents() - _refunded(refunds, order_id)
            cents = _allowed(amount, left, order_id)
            row = refunds.execute(
                "INSERT INTO refunds (order_id, cents, reason, at) VALUES (?, ?, ?, ?)",
                (order_id, cents, reason, datetime.now(UTC).isoformat()),
            )
            return Refund(refund_id=f"RF-{row.lastrowid:04}", order_id=order_id, amount=cents / 100)

    def _sale(self, order_id: str) -> Sale:
        try:
            sales = TypeAdapter(list[Sale]).validate_json(self._orders.read_bytes())
        except (OSError, ValidationError) as error:
            raise ToolError(f"The orders cannot be read: {error}.", f"Restore {self._orders}.") from error
        for sale in sales:
            if sale.order_id == order_id:
                return sale
        raise ToolError(f"No order {order_id}.", "Check the number on the order confirmation.")

    @contextmanager
    def _refunds(self) -> Iterator[sqlite3.Connection]:
        """The refunds, while nobody else may change them; what was written is kept if nothing is raised."""
        with self._reachable():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        with closing(connection):
            with self._reachable():
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(TABLE)
            with connection:
                yield connection

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise ToolError(
                f"The order desk cannot be reached: {error}.", f"Check {self._path} and try again."
            ) from error


def order_status(desk: OrderDesk) -> Capability:
    """The tool `order_status`."""

    async def run(arguments: StatusArguments, _caller: Caller) -> Order:
        return await asyncio.to_thread(desk.look_up, arguments.order_id)

    return typed("order_status", "Looks up status, items and total of an order.", StatusArguments, Order, run)


def refund_order(desk: OrderDesk) -> Capability:
    """The tool `refund_order`, which writes."""

    async def run(arguments: RefundArguments, _caller: Caller) -> Refund:
        return await asyncio.to_thread(desk.refund, arguments.order_id, arguments.amount, arguments.reason)

    return typed(
        "refund_order",
        "Pays money back for a delivered order.",
        RefundArguments,
        Refund,
        run,
        writes=True,
    )


def _cents(euros: float) -> int:
    return round(euros * 100)


def _refunded(refunds: sqlite3.Connection, order_id: str) -> int:
    """Cents that were paid back for an order."""
    row = refunds.execute("SELECT COALESCE(SUM(cents), 0) FROM refunds WHERE order_id = ?", (order_id,))
    return int(row.fetchone()[0])


def _allowed(amount: float | None, left: int, order_id: str) -> int:
    """Cents to pay back."""
    if left == 0:
        raise ToolError(f"{order_id} is refunded already.", "Look the order up with order_status.")
    cents = left if amount is None else _cents(amount)
    if amount is not None and (cents < 1 or abs(cents / 100 - amount) > 1e-9):
        raise ToolError(f"{amount} is not an amount in euros and cents.", "Round it to cents.")
    if cents > left:
        raise ToolError(
            f"{cents / 100:.2f} EUR is more than the {left / 100:.2f} EUR that is left of {order_id}.",
            "Refund less, or leave the amount out to refund all of it.",
        )
    return cents
