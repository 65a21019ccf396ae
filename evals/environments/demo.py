"""The demo's order desk as an environment: its state is what was refunded of each order."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ValidationError

from state.schema import Json, JsonSchema
from tools.capability import ToolError
from tools.orders import OrderDesk, RefundArguments, StatusArguments

ARGUMENTS: dict[str, type[StatusArguments] | type[RefundArguments]] = {
    "order_status": StatusArguments,
    "refund_order": RefundArguments,
}


class OrderDeskWorld:
    """An order desk whose refunds lie in a folder that goes with it."""

    def __init__(self) -> None:
        """Begin without refunds."""
        folder = tempfile.mkdtemp(prefix="warrant-desk-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._desk = OrderDesk(Path(folder) / "orders.db")
        self._refunded: dict[str, int] = {}

    def call(self, tool: str, args: dict[str, Json]) -> Json:
        """Look an order up or refund it; tools that change nothing here are no concern of this world.

        Raises:
            KeyError: there is no such tool.
        """
        try:
            given = ARGUMENTS[tool].model_validate(args)
            return self._done(given).model_dump(mode="json")
        except (ToolError, ValidationError) as error:
            return f"Error: {error}"

    def state(self) -> Json:
        """Cents that were refunded, by order."""
        return {"refunded_cents": dict(self._refunded)}

    def _done(self, given: StatusArguments | RefundArguments) -> BaseModel:
        if isinstance(given, StatusArguments):
            return self._desk.look_up(given.order_id)
        refund = self._desk.refund(given.order_id, given.amount, given.reason)
        before = self._refunded.get(given.order_id, 0)
        self._refunded[given.order_id] = before + round(refund.amount * 100)
        return refund


class OrderDeskEnvironment:
    """Makes order desks without refunds."""

    name = "order_desk"
    tools: Mapping[str, JsonSchema] = {
        tool: arguments.model_json_schema() for tool, arguments in ARGUMENTS.items()
    }
    writes = frozenset({"refund_order"})

    def world(self) -> OrderDeskWorld:
        """A fresh desk."""
        return OrderDeskWorld()
