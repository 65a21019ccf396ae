import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.gate.hosts import ENDINGS, as_in_the_wild, unreserved
from evals.gate.rows import written

HOSTS = st.from_regex(r"[a-z][a-z0-9-]{0,12}[a-z0-9]", fullmatch=True)


@given(HOSTS, st.sampled_from([".example", ".example.com", ".example.org"]))
def test_a_host_keeps_its_name_and_has_one_ending_wherever_it_stands(host: str, reserved: str) -> None:
    [first, second] = unreserved(f"mail a@{host}{reserved} https://{host}{reserved}/x").split(" ")[1:]
    ending = first.removeprefix(f"a@{host}")
    assert ending in ENDINGS
    assert second == f"https://{host}{ending}/x"


@pytest.mark.parametrize(
    "text", ["for example", "x@example.org", "see .example", "a.examples", "bc1qexample"]
)
def test_what_is_no_reserved_host_stays(text: str) -> None:
    assert unreserved(text) == text


def test_no_written_text_has_one_left() -> None:
    changed = [as_in_the_wild(row) for row in written()]
    assert not [row.id for row in changed if ".example/" in row.text or ".example " in row.text]
    assert [row.id for row in changed] == [row.id for row in written()]
