import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.tau_airline.controls import NULL, altered, dropped, gold
from benchmarks.tau_airline.database import Seed
from benchmarks.tau_airline.environment import TOOLS, Airline, AirlineWorld
from benchmarks.tau_airline.graph import MAX_TURNS, conversation, converse
from benchmarks.tau_airline.measure import Replayed, compared, controls, document, pass_hats, passes
from benchmarks.tau_airline.recordings import read, recording
from benchmarks.tau_airline.records import Records
from benchmarks.tau_airline.replay import answer, replay
from evals.statistics.kappa import Table, kappa
from evals.trajectory import Call
from state.errors import UsageError

DAY, NEXT = "2024-05-20", "2024-05-21"
ANN = {"first_name": "Ann", "last_name": "Lee", "dob": "1990-01-01"}
BOB = {"first_name": "Bob", "last_name": "Lee", "dob": "1991-01-01"}


def day(seats: int, price: int) -> dict[str, Any]:
    cabins = ("basic_economy", "economy", "business")
    return {
        "status": "available",
        "available_seats": dict.fromkeys(cabins, seats),
        "prices": {cabin: price * (at + 1) for at, cabin in enumerate(cabins)},
    }


def flight(number: str, way: str, hours: str, **dates: dict[str, Any]) -> dict[str, Any]:
    (origin, destination), (leaves, arrives) = way.split("-"), hours.split("-")
    return {
        "flight_number": number,
        "origin": origin,
        "destination": destination,
        "scheduled_departure_time_est": leaves,
        "scheduled_arrival_time_est": arrives,
        "dates": {f"2024-05-{date[1:]}": about for date, about in dates.items()},
    }


def tables() -> dict[str, Any]:
    flights = [
        flight("HAT001", "JFK-ATL", "06:00:00-08:00:00", d20=day(3, 50), d21=day(3, 60)),
        flight("HAT002", "ATL-SEA", "09:00:00-12:00:00", d20=day(1, 40), d21=day(9, 45)),
        flight("HAT003", "JFK-ATL", "23:00:00-01:00:00+1", d20=day(5, 30), d21={"status": "cancelled"}),
        flight("HAT004", "JFK-SEA", "06:00:00-12:00:00", d20=day(2, 70), d21={"status": "delayed"}),
        flight("HAT005", "ATL-SEA", "07:00:00-10:00:00", d20={"status": "cancelled"}, d21=day(2, 20)),
    ]
    reservation = {
        "reservation_id": "OLD001",
        "user_id": "ann_lee_1",
        "origin": "JFK",
        "destination": "SEA",
        "flight_type": "one_way",
        "cabin": "economy",
        "flights": [
            {
                "origin": "JFK",
                "destination": "SEA",
                "flight_number": "HAT004",
                "date": DAY,
                "price": 111,
            }
        ],
        "passengers": [ANN, BOB],
        "payment_history": [{"payment_id": "gift_card_1", "amount": 222}],
        "created_at": "2024-05-01T00:00:00",
        "total_baggages": 1,
        "nonfree_baggages": 1,
        "insurance": "no",
    }
    methods = [
        {"source": "credit_card", "brand": "visa", "last_four": "1", "id": "credit_card_1"},
        {"source": "gift_card", "amount": 200, "id": "gift_card_1"},
        {"source": "certificate", "amount": 150, "id": "certificate_1"},
    ]
    user = {
        "name": {"first_name": "Ann", "last_name": "Lee"},
        "payment_methods": {method["id"]: method for method in methods},
        "membership": "gold",
        "reservations": ["OLD001"],
    }
    return {
        "flights": {one["flight_number"]: one for one in flights},
        "reservations": {"OLD001": reservation},
        "users": {"ann_lee_1": user},
    }


@pytest.fixture(scope="module")
def airline() -> Airline:
    return Airline(Seed.of(tables()), {name: {"type": "object"} for name in TOOLS})


@pytest.fixture
def world(airline: Airline) -> AirlineWorld:
    return airline.world()


def booking(*payments: tuple[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "user_id": "ann_lee_1",
        "origin": "JFK",
        "destination": "SEA",
        "flight_type": "one_way",
        "cabin": "economy",
        "flights": [{"flight_number": "HAT001", "date": DAY}],
        "passengers": [ANN],
        "payment_methods": [{"payment_id": name, "amount": amount} for name, amount in payments],
        "total_baggages": 0,
        "nonfree_baggages": 0,
        "insurance": "no",
        **more,
    }


def moving(payment: str = "credit_card_1", *, cabin: str = "economy", **flights: str) -> dict[str, Any]:
    return {
        "reservation_id": "OLD001",
        "cabin": cabin,
        "flights": [{"flight_number": number, "date": date} for number, date in flights.items()],
        "payment_id": payment,
    }


def bags(total: int, nonfree: Any, payment: str = "credit_card_1") -> dict[str, Any]:
    return {
        "reservation_id": "OLD001",
        "total_baggages": total,
        "nonfree_baggages": nonfree,
        "payment_id": payment,
    }


def methods(world: AirlineWorld) -> Any:
    return json.loads(world.call("get_user_details", {"user_id": "ann_lee_1"}))["payment_methods"]


@pytest.mark.parametrize(
    ("tool", "args", "said"),
    [
        ("get_user_details", {"user_id": "nobody"}, "user not found"),
        ("get_user_details", {"user_id": ["ann_lee_1"]}, "unhashable type: 'list'"),
        ("get_user_details", {}, "GetUserDetails.invoke() missing 1 required positional argument: 'user_id'"),
        ("think", {"a": 1, "thought": ""}, "Think.invoke() got an unexpected keyword argument 'a'"),
        ("get_reservation_details", {"reservation_id": "X"}, "user not found"),
        ("cancel_reservation", {"reservation_id": "X"}, "reservation not found"),
        ("send_certificate", {"user_id": "nobody", "amount": 1}, "user not found"),
        ("book_reservation", booking(user_id="nobody"), "user not found"),
        (
            "book_reservation",
            booking(flights=[{"flight_number": "HAT9", "date": DAY}]),
            "flight HAT9 not found",
        ),
        (
            "book_reservation",
            booking(flights=[{"flight_number": "HAT001", "date": "2024-06-01"}]),
            "flight HAT001 not found on date 2024-06-01",
        ),
        (
            "book_reservation",
            booking(flights=[{"flight_number": "HAT004", "date": NEXT}]),
            "flight HAT004 not available on date 2024-05-21",
        ),
        (
            "book_reservation",
            booking(flights=[{"flight_number": "HAT002", "date": DAY}], passengers=[ANN, BOB]),
            "not enough seats on flight HAT002",
        ),
        ("book_reservation", booking(cabin="first"), "'first'"),
        ("book_reservation", booking(("credit_card_2", 100)), "payment method credit_card_2 not found"),
        (
            "book_reservation",
            booking(("gift_card_1", 201)),
            "not enough balance in payment method gift_card_1",
        ),
        (
            "book_reservation",
            booking(("certificate_1", 151)),
            "not enough balance in payment method certificate_1",
        ),
        (
            "book_reservation",
            booking(("credit_card_1", 99.5)),
            "payment amount does not add up, total price is 100, but paid 99.5",
        ),
        (
            "book_reservation",
            booking(insurance="yes", nonfree_baggages=2, passengers=[ANN, BOB]),
            "payment amount does not add up, total price is 360, but paid 0",
        ),
        ("update_reservation_flights", moving() | {"reservation_id": "X"}, "reservation not found"),
        ("update_reservation_flights", moving(HAT004=NEXT), "flight HAT004 not available on date 2024-05-21"),
        ("update_reservation_flights", moving(HAT002=DAY), "not enough seats on flight HAT002"),
        ("update_reservation_flights", moving("credit_card_2", HAT001=DAY), "payment method not found"),
        (
            "update_reservation_flights",
            moving("certificate_1", HAT001=DAY),
            "certificate cannot be used to update reservation",
        ),
        (
            "update_reservation_flights",
            moving("gift_card_1", cabin="business", HAT004=DAY, HAT001=DAY),
            "gift card balance is not enough",
        ),
        ("update_reservation_baggages", bags(1, 1) | {"reservation_id": "X"}, "reservation not found"),
        ("update_reservation_baggages", bags(1, 1, "credit_card_2"), "payment method not found"),
        (
            "update_reservation_baggages",
            bags(1, 1, "certificate_1"),
            "certificate cannot be used to update reservation",
        ),
        ("update_reservation_baggages", bags(6, 6, "gift_card_1"), "gift card balance is not enough"),
        (
            "update_reservation_baggages",
            bags(1, "1"),
            "unsupported operand type(s) for -: 'str' and 'int'",
        ),
        (
            "update_reservation_passengers",
            {"reservation_id": "OLD001", "passengers": [ANN]},
            "number of passengers does not match",
        ),
        (
            "update_reservation_passengers",
            {"reservation_id": "X", "passengers": [ANN]},
            "reservation not found",
        ),
        ("calculate", {"expression": "2 ^ 3"}, "invalid characters in expression"),
        ("calculate", {"expression": "1 / 0"}, "division by zero"),
        ("calculate", {"expression": "2 +"}, "invalid syntax (<string>, line 1)"),
        ("calculate", {"expression": "2 (3)"}, "'int' object is not callable"),
        ("calculate", {"expression": "9**9**9"}, "int too large to convert to float"),
        (
            "calculate",
            {"expression": "()"},
            "float() argument must be a string or a real number, not 'tuple'",
        ),
    ],
)
def test_a_call_that_fails_says_why_and_changes_nothing(
    world: AirlineWorld, tool: str, args: dict[str, Any], said: str
) -> None:
    assert world.call(tool, args) == f"Error: {said}"
    assert world.state() == {"reservations": {}, "users": {}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 2", "4.0"),
        (" (1 - 3) * 2.005", "-4.01"),
        ("10 / 3", "3.33"),
        ("7 // 2 - -1", "4.0"),
        ("2**3", "8.0"),
    ],
)
def test_a_value_has_at_most_two_decimals(world: AirlineWorld, expression: str, value: str) -> None:
    assert world.call("calculate", {"expression": expression}) == value


@given(st.text(alphabet="0123456789+-*/(). ", max_size=12))
def test_calculate_answers_whatever_it_is_given(expression: str) -> None:
    world = AirlineWorld(Seed.of(tables()))
    answered = world.call("calculate", {"expression": expression})
    assert answered.startswith("Error: ") or str(round(float(answered), 2)) == answered


def test_talk_changes_nothing(world: AirlineWorld) -> None:
    assert world.call("think", {"thought": "Hm."}) == ""
    assert world.call("transfer_to_human_agents", {"summary": "Help."}) == "Transfer successful"
    assert json.loads(world.call("list_all_airports", {}))["JFK"] == "New York"
    assert world.state() == {"reservations": {}, "users": {}}


def test_there_is_no_other_tool(world: AirlineWorld) -> None:
    with pytest.raises(KeyError):
        world.call("delete_all", {})
    assert answer(world, Call("delete_all", {})) == "Unknown action delete_all"


def test_direct_flights_are_those_that_can_be_booked_that_day(world: AirlineWorld) -> None:
    way = {"origin": "JFK", "destination": "ATL"}
    found = json.loads(world.call("search_direct_flight", way | {"date": DAY}))
    assert [(one["flight_number"], one["prices"]["economy"]) for one in found] == [
        ("HAT001", 100),
        ("HAT003", 60),
    ]
    assert "dates" not in found[0]
    assert [
        one["flight_number"] for one in json.loads(world.call("search_direct_flight", way | {"date": NEXT}))
    ] == ["HAT001"]
    assert world.call("search_direct_flight", {"origin": "X", "destination": "Y", "date": DAY}) == "[]"


def test_a_connection_leaves_after_arrival_or_the_next_day(world: AirlineWorld) -> None:
    way = {"origin": "JFK", "destination": "SEA", "date": DAY}
    found = json.loads(world.call("search_onestop_flight", way))
    pairs = [[(leg["flight_number"], leg["date"]) for leg in pair] for pair in found]
    night = ("HAT003", DAY)
    assert pairs == [[("HAT001", DAY), ("HAT002", DAY)], [night, ("HAT002", NEXT)], [night, ("HAT005", NEXT)]]
    # As in τ-bench, what is shown of the next day's flight is what is known of it today.
    assert found[1][1]["prices"]["economy"] == 80
    assert found[2][1]["status"] == "cancelled"


def test_a_booking_takes_money_and_uses_certificates_up(world: AirlineWorld) -> None:
    payments = (("certificate_1", 100), ("gift_card_1", 60), ("credit_card_1", 40))
    booked = json.loads(world.call("book_reservation", booking(*payments, passengers=[ANN, BOB])))
    assert booked["reservation_id"] == "HATHAT"
    assert booked["flights"] == [
        {"flight_number": "HAT001", "date": DAY, "price": 100, "origin": "JFK", "destination": "ATL"}
    ]
    left = methods(world)
    assert left["gift_card_1"]["amount"] == 140
    assert "certificate_1" not in left
    assert world.state()["users"]["ann_lee_1"]["reservations"] == ["OLD001", "HATHAT"]


def test_new_reservations_are_named_in_order(world: AirlineWorld) -> None:
    made = [json.loads(world.call("book_reservation", booking(("credit_card_1", 100)))) for _ in range(4)]
    assert [one["reservation_id"] for one in made] == ["HATHAT", "HATHAU", "HATHAV", "HATHAV"]


def test_insurance_and_bags_that_are_not_free_cost(world: AirlineWorld) -> None:
    args = booking(
        ("credit_card_1", 100 + 30 + 2 * 50), insurance="yes", total_baggages=3, nonfree_baggages=2
    )
    assert json.loads(world.call("book_reservation", args))["payment_history"][0]["amount"] == 230


def test_a_cancellation_reverses_every_payment(world: AirlineWorld) -> None:
    cancelled = json.loads(world.call("cancel_reservation", {"reservation_id": "OLD001"}))
    assert cancelled["payment_history"] == [
        {"payment_id": "gift_card_1", "amount": 222},
        {"payment_id": "gift_card_1", "amount": -222},
    ]
    assert cancelled["status"] == "cancelled"
    assert methods(world)["gift_card_1"]["amount"] == 200


def test_a_flight_that_is_kept_keeps_its_price(world: AirlineWorld) -> None:
    changed = json.loads(world.call("update_reservation_flights", moving(HAT004=DAY, HAT001=DAY)))
    assert [one["price"] for one in changed["flights"]] == [111, 100]
    assert changed["payment_history"][1:] == [{"payment_id": "credit_card_1", "amount": 200}]
    assert changed["cabin"] == "economy"


def test_a_cheaper_flight_is_refunded_to_the_gift_card(world: AirlineWorld) -> None:
    changed = json.loads(world.call("update_reservation_flights", moving("gift_card_1", HAT003=DAY)))
    assert changed["payment_history"][-1] == {"payment_id": "gift_card_1", "amount": -102}
    assert methods(world)["gift_card_1"]["amount"] == 302


def test_no_difference_is_no_payment(world: AirlineWorld) -> None:
    before = world.call("get_reservation_details", {"reservation_id": "OLD001"})
    assert world.call("update_reservation_baggages", bags(1, 1)) == before
    changed = json.loads(world.call("update_reservation_baggages", bags(0, 0)))
    assert (changed["total_baggages"], len(changed["payment_history"])) == (0, 1)


def test_new_bags_are_paid(world: AirlineWorld) -> None:
    changed = json.loads(world.call("update_reservation_baggages", bags(4, 3, "gift_card_1")))
    assert changed["payment_history"][-1] == {"payment_id": "gift_card_1", "amount": 100}
    assert methods(world)["gift_card_1"]["amount"] == 100


def test_passengers_are_replaced(world: AirlineWorld) -> None:
    args = {"reservation_id": "OLD001", "passengers": [BOB, ANN]}
    assert json.loads(world.call("update_reservation_passengers", args))["passengers"] == [BOB, ANN]


def test_three_certificates_can_be_sent(world: AirlineWorld) -> None:
    said = [world.call("send_certificate", {"user_id": "ann_lee_1", "amount": 50}) for _ in range(4)]
    assert said[0] == "Certificate certificate_3221322 added to user ann_lee_1 with amount 50."
    assert ["certificate_3221324" in str(one) for one in said] == [False, False, True, False]
    assert said[3] is None


def test_a_world_changes_neither_the_seed_nor_another_world(airline: Airline) -> None:
    first, second = airline.world(), airline.world()
    args = booking(("credit_card_1", 100))
    first.call("book_reservation", args)
    first.call("cancel_reservation", {"reservation_id": "HATHAT"})
    first.call("cancel_reservation", {"reservation_id": "OLD001"})
    assert args == booking(("credit_card_1", 100))
    assert second.state() == {"reservations": {}, "users": {}}
    for one in (second, airline.world()):
        shown = json.loads(one.call("get_reservation_details", {"reservation_id": "OLD001"}))
        assert shown == tables()["reservations"]["OLD001"]


CALLS = st.sampled_from(
    [
        ("book_reservation", booking(("gift_card_1", 60), ("credit_card_1", 40))),
        ("book_reservation", booking(("certificate_1", 100))),
        ("book_reservation", booking(("certificate_1", 50), ("certificate_1", 50))),
        ("cancel_reservation", {"reservation_id": "OLD001"}),
        ("cancel_reservation", {"reservation_id": "HATHAT"}),
        ("update_reservation_flights", moving("gift_card_1", HAT003=DAY)),
        ("update_reservation_baggages", bags(3, 2, "gift_card_1")),
        ("update_reservation_passengers", {"reservation_id": "OLD001", "passengers": [BOB, ANN]}),
        ("send_certificate", {"user_id": "ann_lee_1", "amount": 5}),
    ]
)


@given(st.lists(CALLS, max_size=8))
def test_equal_calls_lead_to_equal_states_whatever_other_worlds_do(calls: list[tuple[str, Any]]) -> None:
    known = tables()
    airline = Airline(Seed.of(known), {})
    first, second = airline.world(), airline.world()
    said = [first.call(*call) for call in calls]
    assert [second.call(*call) for call in calls] == said
    assert json.dumps(second.state()) == json.dumps(first.state())
    assert known == tables()


def test_a_record_that_was_changed_back_has_not_changed() -> None:
    records = Records({"a": {"amount": 1}, "b": {"amount": 1}})
    records.edit("a")["amount"] = 2
    records.edit("b")["amount"] = 1.0
    assert records.changed() == {"a": {"amount": 2}, "b": {"amount": 1.0}}
    records.edit("a")["amount"] = 1
    assert list(records.changed()) == ["b"]
    records.add("c", {})
    assert (len(records), list(records)) == (3, ["a", "b", "c"])


def called(tool: str, args: dict[str, Any], result: str) -> list[dict[str, Any]]:
    function = {"name": tool, "arguments": json.dumps(args)}
    return [
        {
            "role": "assistant",
            "content": "1,000 it is.",
            "tool_calls": [{"id": "same", "function": function}],
        },
        {"role": "tool", "tool_call_id": "same", "name": tool, "content": result},
    ]


def run(
    task: int, *turns: tuple[str, dict[str, Any]], reward: float, stop: str = "###STOP###"
) -> dict[str, Any]:
    world = AirlineWorld(Seed.of(tables()))
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]
    for tool, args in turns:
        messages += called(tool, args, world.call(tool, args))
    messages += [{"role": "assistant", "content": "It costs $1,100."}, {"role": "user", "content": stop}]
    return {
        "task_id": task,
        "instruction": "Fly.",
        "expected_actions": [
            {"name": "get_user_details", "kwargs": {"user_id": "ann_lee_1"}},
            {"name": "update_reservation_baggages", "kwargs": bags(2, 2)},
            {"name": "cancel_reservation", "kwargs": {"reservation_id": "OLD001"}},
        ],
        "expected_outputs": ["1100"],
        "messages": messages,
        "reward": reward,
    }


RIGHT = (("update_reservation_baggages", bags(2, 2)), ("cancel_reservation", {"reservation_id": "OLD001"}))
RUNS = [
    run(0, *RIGHT, reward=1.0),
    run(0, ("update_reservation_baggages", bags(2, 2, "gift_card_2")), *RIGHT, reward=1.0),
    run(0, *RIGHT, reward=0.0, stop="Wait."),
    run(0, *reversed(RIGHT), reward=0.0),
]


def measured(airline: Airline) -> list[Replayed]:
    return [compared(airline, one, replay(airline, one)) for one in map(recording, RUNS)]


def test_recorded_runs_are_measured(airline: Airline) -> None:
    found = document(airline, measured(airline))
    assert (found["results_identical"], found["results_total"], found["rewards_agree"]) == (9, 9, 4)
    assert found["pass_hat"] == pytest.approx({"1": 0.5, "2": 1 / 6, "3": 0, "4": 0})
    assert (found["null_agent"], found["gold_agent"]) == (0, 1)
    # Without the world it is not seen that the payment was added after the cancellation.
    assert found["agreement"] == {"state": 1.0, "writes": 0.5}


def test_one_wrong_result_is_seen(airline: Airline) -> None:
    wrong = json.loads(json.dumps(RUNS[0]))
    wrong["messages"][3]["content"] += " "
    one = recording(wrong)
    assert compared(airline, one, replay(airline, one)).identical == 1


def test_pass_hat_is_undefined_with_fewer_trials(airline: Airline) -> None:
    assert pass_hats(measured(airline)[:2]) == {"1": 1, "2": 1, "3": None, "4": None}
    assert pass_hats([]) == dict.fromkeys("1234")


def test_kappa() -> None:
    assert kappa(Table.of([True, True, False, False], [True, False, False, False])) == pytest.approx(0.5)
    assert kappa(Table.of([True], [True])) is None
    assert kappa(Table.of([], [])) is None


def test_one_mistake_fails(airline: Airline) -> None:
    case = recording(RUNS[0]).case
    assert passes(airline, case, gold(case))
    assert not passes(airline, case, NULL)
    assert len(list(dropped(airline, case))) == 2
    assert len(list(altered(airline, case))) == 5
    found = controls(airline, measured(airline))
    assert found == {"dropped": {"runs": 2, "passed": 0}, "altered": {"runs": 5, "passed": 0}}


def test_what_is_written_beside_a_call_is_not_said() -> None:
    assert recording(RUNS[0]).trajectory.said == ("It costs $1,100.",)


def test_an_input_that_was_changed_after_the_call_is_read_from_its_result(airline: Airline) -> None:
    args = booking(("credit_card_1", 100))
    changed = run(0, ("book_reservation", args), reward=0.0)
    paid = [*args["payment_methods"], {"payment_id": "credit_card_1", "amount": -100}]
    function = changed["messages"][2]["tool_calls"][0]["function"]
    function["arguments"] = json.dumps(args | {"payment_methods": paid})
    one = recording(changed)
    assert one.repaired == 1
    assert one.trajectory.calls[0].args == args
    assert compared(airline, one, replay(airline, one)).identical == 1


def test_the_graph_has_the_same_conversations(airline: Airline) -> None:
    graph = conversation()
    for number, one in enumerate(map(recording, RUNS[:2])):
        again = converse(graph, airline, one, str(number))
        assert [call.output for call in again.calls] == [call.output for call in one.trajectory.calls]
        assert (again.said, again.ended) == (one.trajectory.said, True)


def test_the_graph_stops_where_the_conversation_diverges(airline: Airline) -> None:
    wrong = json.loads(json.dumps(RUNS[0]))
    wrong["messages"][3]["content"] = "Error: nobody is in"
    again = converse(conversation(), airline, recording(wrong), "1")
    assert [call.tool for call in again.calls] == ["update_reservation_baggages"]
    assert not again.ended


def test_the_graph_is_cut_off_as_the_recorded_run_was(airline: Airline) -> None:
    turns = [("think", {"thought": str(number)}) for number in range(MAX_TURNS - 1)]
    cut = run(0, *turns, reward=0.0, stop="Go on.")
    again = converse(conversation(), airline, recording(cut), "1")
    assert len(again.calls) == MAX_TURNS - 1
    assert not again.ended


def folder(at: Path) -> Path:
    with gzip.open(at / "db.json.gz", "wt") as file:
        json.dump(tables(), file)
    tools = [{"function": {"name": name, "parameters": {"type": "object"}}} for name in TOOLS]
    (at / "tools.json").write_text(json.dumps(tools))
    with gzip.open(at / "runs.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(one) + "\n" for one in RUNS)
    return at


def test_the_command_prints_one_document(tmp_path: Path) -> None:
    folder(tmp_path)
    command = [sys.executable, "-m", "benchmarks.tau_airline", "--data", str(tmp_path), "--json"]
    done = subprocess.run(
        [*command, "--traces", str(tmp_path / "runs.jsonl.gz")], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert (found["runs"], found["results_identical"], found["rewards_agree"]) == (4, 9, 4)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b"{}\n", mtime=0),
        gzip.compress(b"[1]\n", mtime=0),
        gzip.compress(b"\xff", mtime=0),
        gzip.compress(b"x" * 99, mtime=0)[:12] + b"\xff" * 20,
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "runs").write_bytes(content)
    if content:
        with pytest.raises(UsageError, match="line"):
            list(read(tmp_path / "runs"))
    else:
        assert list(read(tmp_path / "runs")) == []
    with pytest.raises(UsageError, match="Give a folder"):
        Airline.read(tmp_path)


@pytest.mark.skipif(
    "WARRANT_TEST_DATA" not in os.environ, reason="WARRANT_TEST_DATA names no folder of recorded runs"
)
@pytest.mark.parametrize("through", ["calls", "graph"])
def test_recorded_runs_of_the_benchmark(through: str) -> None:
    data = Path(os.environ["WARRANT_TEST_DATA"]) / "tau_airline"
    airline, recorded = Airline.read(data), list(read(data / "dev.jsonl.gz"))
    graph = conversation()
    runs = [
        replay(airline, one) if through == "calls" else converse(graph, airline, one, str(number))
        for number, one in enumerate(recorded)
    ]
    found = document(
        airline, [compared(airline, one, again) for one, again in zip(recorded, runs, strict=True)]
    )
    assert found["results_identical"] == found["results_total"] == 621
    assert found["rewards_agree"] == found["runs"] == 100
    assert found["agreement"]["state"] == 1
    assert found["agreement"]["writes"] >= 0.95
