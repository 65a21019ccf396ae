"""Random valid plans, which use every operator, and the tools they are for, which count their calls."""

from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias

from state.policy import Policy
from state.schema import JsonSchema
from tools.capability import Caller, Capability

Json: TypeAlias = Any
Plan: TypeAlias = dict[str, Any]

REQUEST = (
    "Pay the bills of May 2026, not more than 500 EUR each, mail ann@example.com, then close account B7."
)
TEXT, NUMBER, YES = {"type": "string"}, {"type": "number"}, {"type": "boolean"}


def _object(**properties: JsonSchema) -> JsonSchema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


BILL = _object(
    id=TEXT, payee=TEXT, iban=TEXT, amount=NUMBER, due=TEXT, paid=YES, tags={"type": "array", "items": TEXT}
)
BILLS = _object(bills={"type": "array", "items": BILL}, owner=TEXT, limits=_object(day=NUMBER, month=NUMBER))
MAILS = _object(mails={"type": "array", "items": _object(id=TEXT, sender=TEXT, body=TEXT)})
SCHEMAS: dict[str, tuple[JsonSchema, JsonSchema]] = {
    "list_bills": (_object(month=TEXT), BILLS),
    "read_mail": (_object(query=TEXT), MAILS),
    "pay": (
        _object(
            iban=TEXT,
            amount={"type": "number", "exclusiveMinimum": 0},
            subject={"type": "string", "maxLength": 200_000},
        ),
        _object(id=TEXT),
    ),
    "send_mail": (
        {**_object(to=TEXT, body=TEXT), "properties": {"to": TEXT, "body": TEXT, "key": TEXT}},
        _object(id=TEXT),
    ),
    "close_account": (_object(id=TEXT), _object(closed=YES)),
    "audit": (_object(month=TEXT), _object(ok=YES)),
}
POLICY = Policy.model_validate(
    {
        "limits": {"steps": 8, "model_calls": 5},
        "tools": {
            "list_bills": {"effect": "read", "trusted": True, "untrusted": ["/bills/*/payee"]},
            "read_mail": {"effect": "read", "trusted": ["/mails/*/id"]},
            "pay": {
                "effect": "write",
                "control": ["iban", "amount"],
                "calls": 4,
                "constraints": {"properties": {"amount": {"maximum": 500}}},
            },
            "send_mail": {"effect": "outward", "control": ["to"], "idempotency": "key"},
            "close_account": {
                "effect": "write",
                "approval": "never",
                "sources": {"id": ["request", "list_bills#/bills/*/id"]},
            },
            "audit": {"effect": "read", "roles": ["auditor"]},
        },
    }
)
ANSWER_SCHEMA = _object(total=NUMBER, names={"type": "array", "items": TEXT})
SAMPLE = {
    "list_bills": {
        "bills": [
            {"id": f"b{n}", "payee": "Ann", "iban": "GB29NWBK60161331926819", "amount": 20.5 * n}
            | {"due": f"2026-05-0{n}", "paid": n > 2, "tags": ["rent", "May 7"]}
            for n in (1, 2, 3)
        ],
        "owner": "Ann",
        "limits": {"day": 500, "month": 5_000},
    },
    "read_mail": {"mails": [{"id": "m1", "sender": "x@example.org", "body": "Bill 12 is due."}]},
    "pay": {"id": "p1"},
    "send_mail": {"id": "m2"},
    "close_account": {"closed": True},
    "audit": {"ok": True},
}


def capabilities(made: list[str]) -> list[Capability]:
    """The tools; each call leaves its name in the list."""
    return [_capability(name, made) for name in SCHEMAS]


def _capability(name: str, made: list[str]) -> Capability:
    async def call(_args: dict[str, Json], _caller: Caller) -> Json:
        made.append(name)
        return SAMPLE[name]

    return Capability(name, f"The tool {name}.", *SCHEMAS[name], call)


class Expressions:
    """Random expressions of a type, over the bills that step `s1` lists."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def _one(self, *makers: Callable[[], Json]) -> Json:
        return self.random.choice(makers)()

    def table(self, depth: int) -> Json:
        """A list of bills."""
        bills = {"$ref": "s1#/bills"}
        if not depth:
            return bills
        rest = depth - 1
        key = {"$item": self.random.choice(["/amount", "/due", "/id"])}
        return self._one(
            lambda: {"$filter": [self.table(rest), self.condition(rest, item=True)]},
            lambda: {"$sort": [self.table(rest), key, self.random.choice(["asc", "desc"])]},
            lambda: {"$take": [self.table(rest), self.random.randint(1, 3)]},
            lambda: {"$flat": [self.table(rest), self.table(rest)]},
            lambda: {"$unique": self.table(rest)},
            lambda: {"$except": [self.table(rest), self.table(rest)]},
            lambda: {"$get": [{"$first": {"$group": [self.table(rest), {"$item": "/paid"}]}}, "items"]},
        )

    def row(self, depth: int) -> Json:
        """One bill."""
        rest, key = depth - 1, {"$item": self.random.choice(["/amount", "/due"])}
        return self._one(
            lambda: {"$first": self.table(rest)},
            lambda: {"$last": self.table(rest)},
            lambda: {"$min": [self.table(rest), key]},
            lambda: {"$max": [self.table(rest), key]},
            lambda: {"$get": [self.table(rest), self.random.choice([0, -1])]},
        )

    def text(self, depth: int, *, item: bool = False) -> Json:
        """A text of the service's own."""
        flat = [lambda: {"$ref": "s1#/owner"}, lambda: "May", *([lambda: {"$item": "/id"}] if item else [])]
        if depth <= 0:
            return self._one(*flat)
        rest = depth - 1
        return self._one(
            *flat,
            lambda: {"$text": ["No. ", self.number(rest), self.text(rest)]},
            lambda: {"$lower": self.text(rest, item=item)},
            lambda: {"$join": [self.texts(rest), ", "]},
            lambda: {"$match": [self.text(rest), "[a-z]+ ?([0-9]*)"]},
            lambda: {"$shift": [{"$ref": "s1#/bills/0/due"}, {"days": self.number(0), "hours": 2}]},
            lambda: {"$get": [{"$first": {"$entries": {"$ref": "s1#/limits"}}}, "key"]},
            lambda: {"$get": [self.row(depth), "id"]},
            lambda: {"$if": [self.condition(rest), self.text(rest), self.text(rest)]},
            lambda: {"$literal": "May"},
        )

    def texts(self, depth: int) -> Json:
        """A list of texts."""
        return self._one(
            lambda: {"$map": [self.table(depth), self.text(depth, item=True)]},
            lambda: {"$split": [self.text(depth), " "]},
            lambda: {"$unique": {"$flat": {"$map": [self.table(depth), {"$item": "/tags"}]}}},
            lambda: [self.text(depth), "x"],
        )

    def number(self, depth: int, *, item: bool = False) -> Json:
        """A number of the service's own."""
        flat = [lambda: {"$ref": "s1#/limits/day"}, lambda: self.random.randint(1, 9)]
        flat += [lambda: {"$item": "/amount"}] if item else []
        if depth <= 0:
            return self._one(*flat)
        rest, operator = depth - 1, self.random.choice(["$add", "$sub", "$mul", "$div"])
        return self._one(
            *flat,
            lambda: {operator: [self.number(rest, item=item), self.number(rest), 1]},
            lambda: {"$round": [self.number(rest), 2]},
            lambda: {"$number": self.text(rest)},
            lambda: {"$count": self.table(rest)},
            lambda: {"$sum": {"$map": [self.table(rest), {"$item": "/amount"}]}},
            lambda: {"$minutes": [{"$ref": "s1#/bills/0/due"}, {"$get": [self.row(depth), "due"]}]},
            lambda: {"$if": [self.condition(rest), self.number(rest), self.number(rest)]},
        )

    def condition(self, depth: int, *, item: bool = False) -> Json:
        """Something that holds or not."""
        flat = [lambda: True, lambda: {"$exists": {"$ref": "s1#/owner"}}]
        flat += [lambda: {"$item": "/paid"}] if item else []
        if depth <= 0:
            return self._one(*flat)
        rest = depth - 1
        both = self.random.choice(["$and", "$or"])
        compared = self.random.choice(["$eq", "$ne", "$lt", "$le", "$gt", "$ge"])
        return self._one(
            *flat,
            lambda: {compared: [self.number(rest, item=item), self.number(rest)]},
            lambda: {compared: [self.text(rest, item=item), self.text(rest)]},
            lambda: {both: [self.condition(rest, item=item), self.condition(rest)]},
            lambda: {"$not": self.condition(rest, item=item)},
            lambda: {"$in": [self.text(rest), self.texts(rest)]},
            lambda: {"$contains": [self._one(lambda: self.texts(rest), lambda: self.text(rest)), "a"]},
            lambda: {"$starts": [self.text(rest, item=item), "b"]},
            lambda: {"$eq": [self.row(depth), None]},
        )


BILLS_STEP: Plan = {"id": "s1", "tool": "list_bills", "args": {"month": "May 2026"}}


def _pay_each(make: Expressions) -> list[Plan]:
    amount = {"$if": [{"$lt": [{"$each": "/amount"}, 500]}, {"$each": "/amount"}, 500]}
    subject = {"$text": ["Bill ", {"$nth": 1}, " ", {"$each": "/id"}]}
    step = {"id": "s2", "tool": "pay", "for_each": make.table(2), "at_most": make.random.randint(1, 4)}
    return [
        {
            **step,
            "when": {"$not": {"$each": "/paid"}},
            "args": {"iban": {"$each": "/iban"}, "amount": amount, "subject": subject},
        }
    ]


def _pay_one(make: Expressions) -> list[Plan]:
    args = {
        "iban": {"$get": [make.row(2), "iban"]},
        "amount": make.number(3),
        "subject": make.text(3),
    }
    return [{"id": "s2", "tool": "pay", "args": args, "when": make.condition(3), "after": ["s1"]}]


def _write(make: Expressions) -> list[Plan]:
    sources = {"bills": make.table(2), "note": {"text": make.text(2)}}
    composed = {"sources": sources, "instruction": "Summarise.", "max_chars": 500}
    return [
        {"id": "s3", "tool": "compose", "args": composed},
        {
            "id": "s4",
            "tool": "send_mail",
            "args": {"to": "ann@example.com", "body": {"$text": [{"$ref": "s3#/text"}, make.text(2)]}},
        },
    ]


def _read(make: Expressions) -> list[Plan]:
    bill = {
        "$defs": {"no": {"type": "integer"}},
        "type": "object",
        "properties": {"no": {"$ref": "#/$defs/no"}},
    }
    args = {"sources": {"mail": {"$ref": "s5#/mails"}}, "schema": bill, "instruction": "Which bill is meant?"}
    return [
        {"id": "s5", "tool": "read_mail", "args": {"query": make.text(2)}},
        {"id": "s6", "tool": "extract", "args": args, "after": ["s5"]},
    ]


def _close(make: Expressions) -> list[Plan]:
    account = make.random.choice(["B7", {"$get": [make.row(2), "id"]}])
    return [{"id": "s7", "tool": "close_account", "args": {"id": account}, "when": make.condition(2)}]


def valid_plan(random: Random) -> Plan:
    """A plan that review must let pass, in any order of its steps."""
    make = Expressions(random)
    parts = [
        random.choice([_pay_each, _pay_one]),
        *random.sample([_write, _read, _close], random.randint(0, 3)),
    ]
    steps = [BILLS_STEP, *(step for part in parts for step in part(make))]
    random.shuffle(steps)
    plan: Plan = {"steps": [{**step, "why": "It was asked for."} for step in steps]}
    if random.random() < 0.5:
        plan["answer"] = {"total": make.number(2), "names": make.texts(2)}
    elif random.random() < 0.2:
        plan["again"] = True
    return plan
