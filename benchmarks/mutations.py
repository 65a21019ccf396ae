"""Defects of plans: each makes a valid plan one that must be rejected before anything of it runs."""

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from benchmarks.valid_plans import Expressions, Json, Plan

Mutate: TypeAlias = Callable[[Random, Plan], Plan]

BILLS = {"$ref": "s1#/bills"}
PAY = {"iban": {"$ref": "s1#/bills/0/iban"}, "amount": 5, "subject": "May"}
MAIL = {"to": "ann@example.com", "body": "Paid."}
EXTRACT = {"sources": {"bills": BILLS}, "schema": {"type": "string"}, "instruction": "Who is paid?"}


def _with(plan: Plan, **step: Json) -> Plan:
    """The plan with one more step, in place of one where there are many."""
    added = {"id": "bad", "tool": "list_bills", "args": {"month": "June"}, **step}
    kept = [one for one in plan["steps"] if one["id"] == "s1" or len(plan["steps"]) < 7]
    return {**plan, "steps": [*kept, added]}


def _kept(plan: Plan, *ids: str) -> Plan:
    """The plan with these of its steps only, so that there is room for others."""
    return {**plan, "steps": [one for one in plan["steps"] if one["id"] in ids]}


def _paying(random: Random, plan: Plan, args: dict[str, Json]) -> Plan:
    subject = {"subject": Expressions(random).text(3)} if "subject" in args else {}
    return _with(_kept(plan, "s1", "s3", "s4", "s5"), tool="pay", args={**args, **subject})


def _placed(random: Random, plan: Plan, wrong: Json) -> Plan:
    """The plan with a wrong expression somewhere that an expression may stand."""
    deep = random.choice(
        [
            wrong,
            {"$if": [True, wrong, wrong]},
            {"$first": {"$map": [BILLS, wrong]}},
            {"$get": [{"a": wrong}, "a"]},
            {"$first": {"$flat": [[wrong]]}},
        ]
    )
    return random.choice(
        [
            _with(plan, args={"month": deep}),
            _with(plan, when={"$exists": deep}),
            _with(plan, for_each=[deep], at_most=1),
            _with(plan, tool="compose", args={"sources": {"x": deep}, "instruction": "Write."}),
            _with(plan, tool="extract", args={**EXTRACT, "sources": {"x": [deep]}}),
            {**plan, "answer": {"total": 1, "names": [deep]}},
        ]
    )


def _anywhere(*wrong: Json) -> Mutate:
    return lambda random, plan: _placed(random, plan, random.choice(wrong))


def _outside_lists(random: Random, plan: Plan) -> Plan:
    wrong = {"$item": random.choice(["", "/id"])}
    return random.choice(
        [
            _with(plan, args={"month": {"$text": [wrong]}}),
            _with(plan, when={"$eq": [wrong, "a"]}),
            _with(plan, args={"month": {"$first": {"$filter": [wrong, True]}}}),
            {**plan, "answer": {"total": 1, "names": [wrong]}},
        ]
    )


def _step(*changes: dict[str, Json]) -> Mutate:
    return lambda random, plan: _with(plan, **random.choice(changes))


def _pay(*changes: dict[str, Json]) -> Mutate:
    return lambda random, plan: _changed(random, plan, random.choice(changes))


def _changed(random: Random, plan: Plan, change: dict[str, Json]) -> Plan:
    paying = _paying(random, plan, PAY)
    *kept, last = paying["steps"]
    return {**paying, "steps": [*kept, {**last, "args": {**last["args"], **change}}]}


def _answer(*answers: Json) -> Mutate:
    return lambda random, plan: {**plan, "answer": random.choice(answers)}


def _fewer(random: Random, plan: Plan) -> Plan:
    name = random.choice(sorted(PAY))
    args = {key: value for key, value in PAY.items() if key != name}
    return _paying(random, plan, args)


def _many_steps(random: Random, plan: Plan) -> Plan:
    more = [
        {"id": f"m{n}", "tool": "read_mail", "args": {"query": f"q{n}"}} for n in range(random.randint(9, 14))
    ]
    return {**plan, "steps": [*plan["steps"], *more]}


def _many_calls(random: Random, plan: Plan) -> Plan:
    steps = [
        {"id": f"m{n}", "tool": "pay", "args": {**PAY, "amount": n + 1}} for n in range(random.randint(5, 7))
    ]
    return {**plan, "steps": [*_kept(plan, "s1", "s2")["steps"], *steps]}


def _many_thoughts(random: Random, plan: Plan) -> Plan:
    args = [{**EXTRACT, "instruction": f"Who is paid in month {n}?"} for n in range(random.randint(5, 6))]
    steps = [{"id": f"m{n}", "tool": "extract", "args": one} for n, one in enumerate(args)]
    return {**plan, "steps": [*_kept(plan, "s1", "s2")["steps"], *steps]}


def _circle(random: Random, plan: Plan) -> Plan:
    names = [f"c{n}" for n in range(random.randint(1, 4))]
    steps = [
        {"id": name, "tool": "read_mail", "args": {"query": name}, "after": [names[at - 1]]}
        for at, name in enumerate(names)
    ]
    if random.random() < 0.5:
        steps[0]["args"] = {"query": {"$ref": f"{names[-1]}#/mails/0/id"}}
    return {**plan, "steps": [*_kept(plan, "s1", "s2")["steps"], *steps]}


def _twice(random: Random, plan: Plan) -> Plan:
    steps = random.sample(plan["steps"], random.randint(1, min(3, len(plan["steps"]))))
    return {**plan, "steps": [*plan["steps"], *({**one, "why": "Once more."} for one in steps)]}


def _unreadable(random: Random, plan: Plan) -> Plan:
    return random.choice(
        [
            {**plan, "stepz": []},
            {**plan, "again": "maybe"},
            _with(plan, arguments={}),
            _with(plan, id="S 1"),
            _with(plan, for_each=[1], at_most=random.choice([0, 101, "3"])),
            _with(plan, args=["May"]),
        ]
    )


THIRD = {"$get": [{"$first": {"$ref": "mail#/mails"}}, "body"]}
READ_MAIL = {"id": "mail", "tool": "read_mail", "args": {"query": "account"}}
GUESS = {
    "id": "guess",
    "tool": "extract",
    "args": {**EXTRACT, "instruction": {"$text": ["Say ", {"$ref": "mail#/mails/0/body"}]}},
}


THEIRS: list[Json] = [
    THIRD,
    {"$match": [THIRD, "[A-Z][0-9]"]},
    {"$text": [THIRD]},
    {"$ref": "s1#/bills/0/payee"},
    {"$if": [True, "B7", THIRD]},
    {"$ref": "guess#"},
    "C9",
    {"$get": [{"$first": {"$entries": {"C9": 1}}}, "key"]},
]


def _third_party(random: Random, plan: Plan) -> Plan:
    """What a third party wrote decides which account is closed."""
    steps = [*_kept(plan, "s1", "s2", "s3", "s4")["steps"], READ_MAIL, GUESS]
    return _with({**plan, "steps": steps}, tool="close_account", args={"id": random.choice(THEIRS)})


DEFECTS: dict[str, Mutate] = {
    "unknown tool": _step(
        *({"tool": name} for name in ("delete_all", "List_bills", "list_bill", "$ref", "answer"))
    ),
    "role not allowed": _step({"tool": "audit"}, {"tool": "audit", "args": {"month": {"$ref": "s1#/owner"}}}),
    "unknown operator": _anywhere({"$sqrt": 4}, {"$REF": "s1#"}, {"$": 1}, {"$eval": "1"}, {"$$ref": "s1#"}),
    "two keys": _anywhere(
        {"$ref": "s1#/owner", "default": ""}, {"$text": ["a"], "$lower": "A"}, {"a": 1, "$literal": 2}
    ),
    "operand count": _anywhere(
        {"$sub": [1]},
        {"$get": [BILLS]},
        {"$filter": [BILLS]},
        {"$filter": [BILLS, True, True]},
        {"$map": [BILLS, 1, 2]},
        {"$if": [True, 1]},
        {"$eq": [1]},
        {"$lt": [1, 2, 3]},
        {"$round": [1, 2, 3]},
        {"$in": [1]},
        {"$shift": ["2026-05-01"]},
        {"$and": []},
        {"$take": 3},
        {"$match": ["a"]},
    ),
    "operand type": _anywhere(
        {"$add": ["1", 2]},
        {"$mul": [{"$ref": "s1#/owner"}, 2]},
        {"$lower": 5},
        {"$text": [BILLS]},
        {"$text": [None]},
        {"$count": {"$ref": "s1#/owner"}},
        {"$sum": [["a"]]},
        {"$sum": {"$map": [BILLS, {"$item": "/id"}]}},
        {"$filter": [BILLS, {"$item": "/amount"}]},
        {"$filter": [{"$ref": "s1#/owner"}, True]},
        {"$sort": [BILLS, {"$item": ""}]},
        {"$sort": [BILLS, {"$item": "/id"}, "down"]},
        {"$max": [BILLS, {"$item": "/paid"}]},
        {"$flat": [1]},
        {"$flat": BILLS},
        {"$join": [BILLS, ", "]},
        {"$entries": BILLS},
        {"$not": 1},
        {"$and": [True, "x"]},
        {"$lt": ["a", 1]},
        {"$eq": [{"$ref": "s1#/owner"}, 1]},
        {"$get": [BILLS, "id"]},
        {"$get": [{"$ref": "s1#/limits"}, 0]},
        {"$shift": [5, {"days": 1}]},
        {"$shift": ["2026-05-01", {"weeks": 1}]},
        {"$match": ["a", "("]},
        {"$number": 5},
    ),
    "$item outside a list operator": _outside_lists,
    "$each outside for_each": _step(
        {"args": {"month": {"$each": ""}}},
        {"args": {"month": {"$each": "/id"}}},
        {"when": {"$eq": [{"$each": "/id"}, "a"]}},
        {"args": {"month": {"$text": [{"$nth": 1}]}}},
        {"for_each": [{"$each": ""}], "at_most": 1},
    ),
    "for_each and at_most": _step(
        {"for_each": BILLS},
        {"for_each": BILLS, "at_most": None},
        {"at_most": 3},
        {"at_most": 1, "when": True},
    ),
    "at_most beyond the calls": lambda random, plan: _with(
        _kept(plan, "s1", "s3", "s4", "s5"),
        tool="pay",
        args=PAY,
        for_each=BILLS,
        at_most=random.randint(5, 100),
    ),
    "for_each over no list": lambda random, plan: _with(
        plan,
        at_most=2,
        for_each=random.choice(
            [5, "bills", {"$ref": "s1#/owner"}, {"$count": BILLS}, {"a": [1]}, {"$ref": "s1#"}]
        ),
    ),
    "condition that is none": _step(
        *(
            {"when": wrong}
            for wrong in (1, "yes", ["x"], {"$ref": "s1#/owner"}, {"$count": BILLS}, {"a": True})
        )
    ),
    "schema of an extract": _step(
        *(
            {"tool": "extract", "args": {**EXTRACT, "schema": schema}}
            for schema in (
                {"type": "nonsense"},
                {"properties": 3},
                {"$ref": "#/$defs/none"},
                {"$ref": "https://example.com/schema"},
                {"pattern": "("},
                "string",
                {"$defs": {"a": {"type": 1}}},
            )
        )
    ),
    "extract and compose without what they need": _step(
        *(
            {"tool": tool, "args": args}
            for tool in ("extract", "compose")
            for args in (
                {},
                {**EXTRACT, "sources": {}},
                {**EXTRACT, "instruction": ""},
                {**EXTRACT, "instruction": {"$count": BILLS}},
                {**EXTRACT, "sources": "s1"},
                {**EXTRACT, "sources": {"$ref": "s1#/bills"}},
                {**EXTRACT, "tools": ["pay"]},
                {"sources": {"a": 1}, "instruction": "x", "max_chars": 0},
            )
        )
    ),
    "answer of a wrong type": _answer(
        {"total": "1", "names": []},
        {"total": {"$ref": "s1#/owner"}, "names": []},
        {"total": 1},
        {"total": 1, "names": {"$ref": "s1#/owner"}},
        {"total": 1, "names": [], "more": 1},
        {"total": 1, "names": [{"$count": BILLS}]},
        {"$ref": "s1#/owner"},
        "nothing",
        {"total": {"$ref": "s9#"}, "names": []},
    ),
    "control argument of a third party": _third_party,
    "constraint": _pay({"amount": 501}, {"amount": 1e6}),
    "argument of a wrong type": _pay(
        {"amount": "5"}, {"amount": True}, {"iban": 5}, {"iban": None}, {"subject": ["May"]}, {"amount": 0}
    ),
    "expression of a wrong type": _pay(
        {"amount": {"$ref": "s1#/owner"}},
        {"amount": {"$text": ["5"]}},
        {"iban": {"$count": BILLS}},
        {"subject": BILLS},
        {"subject": {"$eq": [1, 1]}},
        {"iban": {"$first": BILLS}},
    ),
    "missing argument": _fewer,
    "extra argument": _pay({"urgent": True}, {"Iban": "x"}, {"": 1}),
    "all arguments at once": _step(
        {"args": {"$ref": "s1#/limits"}}, {"tool": "pay", "args": {"$get": [BILLS, 0]}}
    ),
    "idempotency key given": lambda random, plan: _with(
        _kept(plan, "s1", "s2", "s5"),
        tool="send_mail",
        args={**MAIL, "key": random.choice(["k1", {"$ref": "s1#/owner"}])},
    ),
    "too many steps": _many_steps,
    "too many calls": _many_calls,
    "too many model calls": _many_thoughts,
    "unknown step": _anywhere({"$ref": "s99#"}, {"$ref": "S1#/owner"}, {"$ref": "s1"}, {"$ref": 1}),
    "unknown step in after": _step({"after": ["s99"]}, {"after": ["s1", ""]}, {"after": ["s1#"]}),
    "unknown field": _anywhere(
        {"$ref": "s1#/bill"},
        {"$ref": "s1#/bills/0/sum"},
        {"$ref": "s1#/owner/0"},
        {"$get": [{"$ref": "s1#/limits"}, "year"]},
        {"$filter": [BILLS, {"$eq": [{"$item": "/nr"}, 1]}]},
        {"$map": [BILLS, {"$item": "nr"}]},
    ),
    "steps that wait for each other": _circle,
    "two steps of one name": _twice,
    "no plan at all": _unreadable,
}
"""Class → how it is made."""
