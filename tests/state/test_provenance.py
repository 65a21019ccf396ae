"""Provenance: which values may stand where, against brute force."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.canonical import canonical
from state.provenance import stands_in, strange
from state.schema import violations
from state.shape import Field, Sources
from state.tool_policy import STRICTNESS, RolePolicy, ToolPolicy, covers

PARTS = st.lists(st.sampled_from(["a", "b", "0", "*", "~1"]), max_size=3)


def pointer(parts: list[str]) -> str:
    return "".join(f"/{part}" for part in parts)


def places(pattern: str, depth: int = 4) -> set[tuple[str, ...]]:
    """Every place that a pointer with `*` may stand for, down to a depth, with all that lies below it."""
    keys = ["a", "b", "0", "~1", "other"]
    wanted = pattern.split("/")[1:]
    found = set()
    for length in range(len(wanted), depth + 1):
        for place in itertools.product(keys, repeat=length):
            if all(want in ("*", key) for want, key in zip(wanted, place, strict=False)):
                found.add(place)
    return found


@given(PARTS, PARTS)
def test_a_pattern_covers_what_it_names_wherever_that_is(pattern: list[str], at: list[str]) -> None:
    wanted, field = places(pointer(pattern)), places(pointer(at))
    if covers(pointer(pattern), pointer(at)):
        assert field <= wanted


@given(st.lists(PARTS, max_size=3), st.lists(PARTS, max_size=2), PARTS)
def test_a_field_is_trusted_only_if_all_of_it_is(
    trusted: list[list[str]], untrusted: list[list[str]], at: list[str]
) -> None:
    policy = ToolPolicy(
        effect="read", trusted=tuple(map(pointer, trusted)), untrusted=tuple(map(pointer, untrusted))
    )
    field = places(pointer(at))
    ours = set().union(*(places(pointer(one)) for one in trusted))
    theirs = set().union(*(places(pointer(one)) for one in untrusted))
    if policy.trusts(pointer(at)):
        assert field <= ours
        assert not field & theirs
    elif any(pointer(at).startswith(pointer(one)) and "*" not in one for one in trusted if one):
        assert field & theirs or not field <= ours


def test_trust_as_the_page_says() -> None:
    policy = ToolPolicy(effect="read", trusted=("/*/id", "/*/received"), untrusted=("/*/id/alias",))
    fields = ["/*/id", "/0/id", "/*/received/at", "/*", "", "/*/body", "/*/id/alias", "/*/id/n"]
    assert [policy.trusts(one) for one in fields] == [False, False, True, False, False, False, False, True]
    assert ToolPolicy(effect="read", trusted=True, untrusted=("/a",)).trusts("") is False


REQUEST = (
    "Pay 50.00 EUR and 1,200.5 to Bob (bob@evil.com) on June 13 at 13:30 "
    'for "x" of file-7 in #general, not -8. '
    "See https://a.example/b?c=1."
)


@pytest.mark.parametrize(
    ("literal", "stands"),
    [
        ("Bob", True),
        ("bob", True),
        ("Bo", False),
        ("ob", False),
        ("bob@evil.com", True),
        ("evil.com", False),
        ("June 13", True),
        (13, True),
        ("13", True),  # the planner has bound it to this step, and it does stand there
        (3, False),
        (30, False),
        (50, True),
        (50.0, True),
        (500, False),
        (5, False),
        (1200.5, True),
        (1, False),
        (200.5, False),
        (7, False),
        (-8, True),
        (8, False),
        ("general", True),
        ('for "x" of', True),
        ("https://a.example/b?c=1", True),
        ("https://a.example", False),
        ("https://a.example/b", False),
        ("", True),
        (None, True),
        (False, True),
        (0, False),
        ("0", False),
    ],
)
def test_a_literal_stands_in_the_request_as_words_of_its_own(literal: Any, stands: bool) -> None:
    assert stands_in(canonical(literal), REQUEST) is stands


@given(st.text(), st.text(max_size=5))
def test_any_literal_and_request_can_be_compared(request: str, literal: str) -> None:
    spaced = f"{request} {literal} {request}"
    if literal and not literal[0].isspace() and not literal[-1].isspace():
        assert stands_in(canonical(literal), spaced)


FIELDS = st.builds(Field, st.sampled_from(["t", "u"]), st.sampled_from(["", "/a", "/a/*", "/b"]))
ALLOWED = st.lists(st.sampled_from(["request", "literal", "trusted", "t#", "t#/a", "u#/b"]), unique=True)


@given(st.frozensets(st.sampled_from(['"here"', '"away"'])), st.frozensets(FIELDS), ALLOWED)
def test_a_source_is_strange_unless_one_word_of_policy_allows_it(
    literals: frozenset[str], fields: frozenset[Field], allowed: list[str]
) -> None:
    wrong = strange(Sources(literals, fields), allowed, "stand here", lambda one: one == Field("u", "/a"))
    ok = {'literal "here"'} if {"request", "literal"} & set(allowed) else set()
    ok |= {'literal "away"'} if "literal" in allowed else set()
    ok |= {"u#/a"} if "trusted" in allowed else set()
    ok |= {"t#", "t#/a", "t#/a/*", "t#/b"} if "t#" in allowed else set()
    ok |= {"t#/a", "t#/a/*"} if "t#/a" in allowed else set()
    ok |= {"u#/b"} if "u#/b" in allowed else set()
    given_ = {f"literal {one}" for one in literals} | {f"{one.tool}#{one.pointer}" for one in fields}
    assert set(wrong) == given_ - ok


BOUND = {"properties": {"n": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"maximum": 50}}}
ROLES = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.builds(
        RolePolicy,
        allowed=st.booleans() | st.just(True),
        approval=st.none() | st.sampled_from(STRICTNESS),
        calls=st.none() | st.integers(1, 20),
        per_minute=st.none() | st.integers(1, 20),
        constraints=st.none()
        | st.integers(1, 99).map(
            lambda n: {"properties": {"n": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"maximum": n}}}
        ),
    ),
)


@given(
    ROLES, st.sets(st.sampled_from(["a", "b", "c", "d"])), st.sets(st.sampled_from(["a", "d"])), st.booleans()
)
def test_a_role_can_only_be_stricter(
    role: dict[str, RolePolicy], held: set[str], needed: set[str], bound: bool
) -> None:
    policy = ToolPolicy(
        effect="write", role=role, roles=tuple(needed), per_minute=15, constraints=BOUND if bound else {}
    )
    narrowed = policy.of_role(frozenset(held))
    mine = [one for name, one in role.items() if name in held]
    if (needed and not needed & held) or not all(one.allowed for one in mine):
        assert narrowed is None
        return
    assert narrowed is not None
    approvals = [policy.approval, *(one.approval for one in mine if one.approval)]
    assert narrowed.approval == max(approvals, key=STRICTNESS.index)
    assert narrowed.calls == min([8, *(one.calls for one in mine if one.calls)])
    assert narrowed.per_minute == min([15, *(one.per_minute for one in mine if one.per_minute)])
    most = [one.constraints["$defs"]["n"]["maximum"] for one in mine if one.constraints]
    most += [50] if bound else []
    for n in range(1, 100):
        allowed = not most or n <= min(most)
        assert (violations(narrowed.constraints, {"n": n}) == []) is allowed


@pytest.mark.parametrize(
    ("host", "stands"),
    [
        ("www.a.com.They wrote", True),
        ("www.a.com. They", True),
        ("www.a.com.evil", False),
        ("www.a.com.EVIL.org", False),
    ],
)
def test_a_sentence_may_begin_without_a_space(host: str, stands: bool) -> None:
    assert stands_in('"www.a.com"', f"Post it to {host}") is stands
