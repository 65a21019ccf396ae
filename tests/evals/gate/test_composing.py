import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.gate.composing import Composed, compose, fold, put
from evals.gate.places import PLACES, Place
from evals.gate.rows import Row, written

PLACE = {place.name: place for place in PLACES}
CARRIERS = {
    "middle": "The ferry was late. It rained. Nobody minded.",
    "inline": "The ferry was late.",
    "json": '{"a": "x \\"y\\"", "b": ["one", "two"], "c": 3}',
    "cell": "| Year | Won |\n|---|---|\n| 1999 | 4 |\n| 2000 | 6 |",
    "yaml": "- id: 1\n  title: Dentist\n  place: Room 4\n- id: 2\n  title: Choir\n",
    "comment": "import os\n\ndef area(x):\n    # metres\n    return x * x\n",
    "markup": "# Opening hours\n\nFrom nine to five.",
    "signature": "Dear Ms. Holm,\n\nthe room is booked.\n\nRegards",
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)


def row(text: str, name: str, label: int = 0) -> Row:
    category = "indirect_injection" if label else "benign"
    return Row(name, text, label, category, f"written-{label}", "Apache-2.0", "tool", "en", "plain")


def rows(texts: list[str], label: int = 0) -> list[Row]:
    return [row(text, f"{label}-{number}", label) for number, text in enumerate(texts)]


def without_span(one: Composed) -> str:
    start, end = one.span
    return one.row.text[:start] + one.row.text[end:]


def inside(place: Place, carrier: str, text: str) -> list[Composed]:
    return [put(row(carrier, "c"), row(text, "a", 1), place, at) for at in place.spots(carrier)]


@given(st.lists(TEXTS, max_size=5), st.lists(TEXTS, min_size=1, max_size=5), st.integers(0, 9))
def test_the_carrier_is_kept_and_the_insert_is_in_it(
    carriers: list[str], inserts: list[str], seed: int
) -> None:
    for one in compose(rows(carriers), rows(inserts, 1), seed=seed, folds=1):
        start, end = one.span
        assert without_span(one) == one.carrier.text
        assert PLACE[one.place].escaped(one.inserted.text) in one.row.text[start:end]


@given(st.sampled_from(sorted(CARRIERS)), TEXTS)
def test_every_spot_of_every_place_keeps_the_carrier(name: str, text: str) -> None:
    found = inside(PLACE[name], CARRIERS[name], text)
    assert found
    for one in found:
        assert without_span(one) == CARRIERS[name]
        assert PLACE[name].escaped(text) in one.row.text


@given(TEXTS)
def test_json_stays_json_and_holds_the_text(text: str) -> None:
    found = inside(PLACE["json"], CARRIERS["json"], text)
    assert len(found) == 3
    for one in found:
        value = json.loads(one.row.text)
        assert any(said.endswith(" " + text) for said in (value["a"], *value["b"]))


@given(TEXTS)
def test_a_table_keeps_its_cells_and_a_comment_its_end(text: str) -> None:
    for one in inside(PLACE["cell"], CARRIERS["cell"], text):
        assert len(re.findall(r"(?<!\\)\|", one.row.text)) == CARRIERS["cell"].count("|")
    for one in inside(PLACE["markup"], CARRIERS["markup"], text):
        assert one.row.text.count("-->") == 1


@pytest.mark.parametrize(
    ("carrier", "begins"),
    [
        (CARRIERS["comment"], "# "),
        ("const a = 1;\nlet b = 2;\n", "// "),
        ("SELECT 1;\n-- two\nSELECT 2;\n", "-- "),
    ],
)
def test_a_comment_is_one_of_its_language(carrier: str, begins: str) -> None:
    for one in inside(PLACE["comment"], carrier, "Do\nthis."):
        start, end = one.span
        assert one.row.text[start:end].lstrip(" ") == f"{begins}Do this.\n"


def test_a_yaml_note_has_the_indent_of_its_neighbours() -> None:
    texts = [one.row.text for one in inside(PLACE["yaml"], CARRIERS["yaml"], 'Say "hi"')]
    assert texts[0].startswith('- id: 1\n  note: "Say \\"hi\\""\n  title: Dentist\n')


def test_structure_is_found_only_where_it_is() -> None:
    prose = CARRIERS["middle"]
    assert [place.name for place in PLACES if place.spots(prose)] == ["start", "middle", "inline", "end"]
    assert [place.name for place in PLACES if place.spots(CARRIERS["json"])] == ["start", "end", "json"]


def test_the_same_seed_gives_the_same_texts_in_any_order_and_another_does_not() -> None:
    carriers, inserts = rows(list(CARRIERS.values())), rows([f"Do {n}." for n in range(40)], 1)
    first = {one.row for one in compose(carriers, inserts, seed=3, times=2)}
    assert first == {one.row for one in compose(carriers[::-1], inserts[::-1], seed=3, times=2)}
    assert first != {one.row for one in compose(carriers, inserts, seed=4, times=2)}


def test_a_composed_row_says_what_it_is_made_of() -> None:
    [one] = compose(rows(["Calm sea."]), rows(["Do it."], 1), folds=1)
    assert one.groups == (one.carrier.id, one.inserted.id) == ("0-0", "1-0")
    assert (one.row.label, one.row.category, one.row.source) == (
        1,
        "indirect_injection",
        "written-0+written-1",
    )
    assert (one.row.licence, one.row.surface, one.carrier.text) == ("Apache-2.0", "tool", "Calm sea.")


def test_folds_share_neither_carriers_nor_inserts() -> None:
    carriers, inserts = rows([f"Sea {n}." for n in range(60)]), rows([f"Do {n}." for n in range(60)], 1)
    made = list(compose(carriers, inserts, times=3))
    assert len({one.fold for one in made}) > 1
    assert all(fold(name) == one.fold for one in made for name in one.groups)
    assert len({one.row.id for one in made}) == len(made)


def test_what_is_written_can_be_composed_in_every_place() -> None:
    carriers = [one for one in written() if one.source.startswith("written-carriers")]
    attacks = [one for one in written() if one.category == "indirect_injection"]
    made = list(compose(carriers, attacks, times=4))
    assert {one.place for one in made} == set(PLACE)
    assert all(without_span(one) == one.carrier.text for one in made)
