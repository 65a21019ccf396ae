import asyncio
import re
import sqlite3
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from state.schema import violations
from tools.capability import Caller, ToolError
from tools.orders import ORDERS, OrderDesk, Sale, order_status, refund_order


@pytest.fixture
def desk(tmp_path: Path) -> OrderDesk:
    return OrderDesk(tmp_path / "home" / "orders.db")


def test_an_order_is_looked_up_as_its_schema_promises(desk: OrderDesk) -> None:
    tool = order_status(desk)
    output = asyncio.run(tool.call({"order_id": "WR-1042"}, Caller()))
    assert not violations(tool.output_schema, output)
    assert (output["status"], output["total"], output["refunded"]) == ("delivered", 666.0, 0.0)


@pytest.mark.parametrize("order_id", ["1042", "wr-1042", "WR-10421", "WR-1042\n", "WR-１０４２"])
def test_an_order_number_of_another_shape_breaks_the_schema(desk: OrderDesk, order_id: str) -> None:
    for tool in (order_status(desk), refund_order(desk)):
        assert violations(tool.input_schema, {"order_id": order_id})


@pytest.mark.parametrize("amount", [0, -1, 100_001, "1"])
def test_an_amount_out_of_bounds_breaks_the_schema(desk: OrderDesk, amount: object) -> None:
    assert violations(refund_order(desk).input_schema, {"order_id": "WR-1042", "amount": amount})


def test_an_unknown_order_is_said_so(desk: OrderDesk) -> None:
    with pytest.raises(ToolError, match=re.escape("No order WR-9999.")):
        desk.look_up("WR-9999")


def test_refunds_add_up_to_what_was_paid_and_no_more(desk: OrderDesk) -> None:
    tool = refund_order(desk)
    first = asyncio.run(tool.call({"order_id": "WR-1034", "amount": 12.9, "reason": "stale"}, Caller()))
    assert first == {"refund_id": "RF-0001", "order_id": "WR-1034", "amount": 12.9, "currency": "EUR"}
    assert not violations(tool.output_schema, first)
    with pytest.raises(ToolError, match=re.escape("32.71 EUR is more than the 32.70 EUR that is left")):
        desk.refund("WR-1034", 32.71, None)
    assert desk.refund("WR-1034", None, None).amount == 32.7
    with pytest.raises(ToolError, match="refunded already"):
        desk.refund("WR-1034", None, None)
    assert desk.look_up("WR-1034").refunded == 45.6


@pytest.mark.parametrize("amount", [0.001, 10.005, 1e-9])
def test_fractions_of_a_cent_are_refused(desk: OrderDesk, amount: float) -> None:
    with pytest.raises(ToolError, match="euros and cents"):
        desk.refund("WR-1042", amount, None)


@pytest.mark.parametrize("order_id", ["WR-1048", "WR-1052", "WR-1039"])
def test_what_was_not_delivered_is_not_refunded(desk: OrderDesk, order_id: str) -> None:
    with pytest.raises(ToolError, match="cannot be refunded"):
        desk.refund(order_id, 1.0, None)


def _refund(path: Path) -> str:
    try:
        return OrderDesk(path).refund("WR-1042", None, None).refund_id
    except ToolError as error:
        return error.message


def test_processes_that_refund_one_order_at_once_pay_once(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        said = Counter(processes.map(_refund, [tmp_path / "orders.db"] * 8))
    assert said == {"RF-0001": 1, "WR-1042 is refunded already.": 7}


def test_a_desk_that_cannot_be_reached_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "orders.db").write_text("This is no database, and long enough to be taken for one. " * 20)
    with pytest.raises(ToolError, match="cannot be reached"):
        OrderDesk(tmp_path / "orders.db").look_up("WR-1042")
    with pytest.raises(ToolError, match="cannot be read"):
        OrderDesk(tmp_path / "new.db", orders=tmp_path / "none.json").look_up("WR-1042")


def test_a_refund_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    desk = OrderDesk(tmp_path / "orders.db")
    desk.look_up("WR-1042")
    connection = sqlite3.connect(tmp_path / "orders.db")
    connection.execute("CREATE TRIGGER full BEFORE INSERT ON refunds BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(sqlite3.IntegrityError, match="full"):
        desk.refund("WR-1042", 1.0, None)
    connection.execute("DROP TRIGGER full")
    connection.close()
    assert desk.look_up("WR-1042").refunded == 0


def test_the_demo_orders_make_sense() -> None:
    sales = TypeAdapter(list[Sale]).validate_json(ORDERS.read_bytes())
    assert len({sale.order_id for sale in sales}) == len(sales) >= 12
    assert {sale.status for sale in sales} == {"processing", "shipped", "delivered", "returned", "cancelled"}
    for sale in sales:
        assert re.fullmatch(r"WR-[0-9]{4}", sale.order_id)
        reached = [day for day in (sale.ordered, sale.shipped, sale.delivered) if day]
        assert reached == sorted(reached)
        assert (sale.delivered or date.min) == (
            reached[-1] if sale.status in ("delivered", "returned") else date.min
        )
