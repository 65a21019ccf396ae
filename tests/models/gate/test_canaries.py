import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.gate.canaries import ForeignData, Markers, canary, marked
from models.gate.views.reading import views
from state.gate_policy import GatePolicy

MARKER = "ACME-Kestrel-7731"
CANARIES = {"acme": [MARKER], "globex": ["gx:0099-aa17-bb"]}


@given(st.text(max_size=200))
def test_a_prompt_has_the_same_canary_everywhere_and_holds_it_once(text: str) -> None:
    given = marked(text)
    assert given == marked(text)
    assert given.endswith(text)
    assert canary(text) in given.removesuffix(text)


def test_another_prompt_has_another_canary() -> None:
    assert len({canary(f"You are assistant {number}.") for number in range(500)}) == 500


@pytest.mark.parametrize(
    "written",
    [
        MARKER,
        MARKER.lower(),
        "A C M E K e s t r e l 7 7 3 1",
        "acme_kestrel_7731",
        "ACME-Kes\u200btrel-7731",
        "АCME-Kestrel-7731",  # the first letter is Cyrillic
        "**ACME** Kestrel *7731*",
        base64.b64encode(f"The file is {MARKER}, it says.".encode()).decode(),
        "%41CME%2DKestrel%2D7731",
    ],
)
def test_a_marker_is_found_in_whatever_way_it_is_written(written: str) -> None:
    text = f"The contract says: {written} and more."
    [finding] = ForeignData(CANARIES, frozenset()).classify(text, "release")
    assert (finding.category, finding.score, finding.action) == ("foreign_data", 1.0, "refuse")
    assert "acme" not in finding.reason.lower()
    start, end = finding.spans[0]
    assert text.index(written) <= start < end <= text.index(written) + len(written)


def test_a_marker_of_ones_own_documents_may_be_told() -> None:
    both = f"{MARKER} and gx:0099-aa17-bb"
    held = ForeignData(CANARIES, frozenset({"acme"}))
    assert held.classify(MARKER, "release") == []
    assert held.classify(both, "release")[0].spans == ((both.index("gx"), len(both)),)
    assert ForeignData(CANARIES, frozenset({"acme", "globex"})).classify(both, "release") == []


def test_who_holds_other_labels_is_judged_otherwise() -> None:
    assert ForeignData(CANARIES, frozenset()).digest == ForeignData(CANARIES, frozenset({"acme"})).digest
    assert ForeignData(CANARIES, frozenset()).digest != ForeignData({}, frozenset()).digest


@given(st.text(max_size=300), st.text(max_size=300))
def test_the_place_of_a_marker_is_that_of_the_original(before: str, after: str) -> None:
    text = f"{before} {MARKER} {after}"
    spans = Markers([MARKER]).spans(views(text))
    assert any(MARKER in text[start:end] or "Kestrel" in text[start:end] for start, end in spans)
    assert all(0 <= start <= end <= len(text) for start, end in spans)


@given(st.text(max_size=300))
def test_a_text_without_markers_has_none(text: str) -> None:
    assert Markers([]).spans(views(text)) == []


@pytest.mark.parametrize("short", ["", "a-1", "1234567", "--------"])
def test_a_marker_that_could_be_said_by_chance_is_refused(short: str) -> None:
    with pytest.raises(ValueError, match="needs at least 8 letters and digits"):
        GatePolicy.model_validate({"canaries": {"acme": [short]}})
