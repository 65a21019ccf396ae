"""Reading judgements: every layout, and what is wrong said with the way out."""

import gzip
from pathlib import Path

import pytest

from evals.retrieval.judgements import Judgements, Span, read
from state.errors import UsageError

GRADED = {"q1": {"d1": 2, "d2": 0}, "q2": {"d 3": 1}}


def put(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "qrels.tsv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td 3\t1\n",
        "q1\td1\t2\nq1\td2\t0\n\nq2\td 3\t1\n",
        "q1\t0\td1\t2\r\nq1\t0\td2\t0\r\nq2\t0\td 3\t1\r\n",
        "\ufeffq1\tQ0\td1\t2\nq1\tQ0\td2\t0\nq2\tQ0\td 3\t1",
    ],
)
def test_grades_of_beir_and_trec(tmp_path: Path, text: str) -> None:
    assert read(put(tmp_path, text)) == Judgements(grades=GRADED)


def test_columns_may_be_separated_by_spaces_and_packed(tmp_path: Path) -> None:
    path = tmp_path / "qrels.gz"
    path.write_bytes(gzip.compress(b"q1 0 d1 2\nq1 0 d2 0\n"))
    assert read(path).grades == {"q1": {"d1": 2, "d2": 0}}


@pytest.mark.parametrize("head", ["query-id\tcorpus-id\tstart\tend\n", ""])
def test_spans_are_merged_where_they_overlap(tmp_path: Path, head: str) -> None:
    found = read(put(tmp_path, f"{head}q\td\t10\t20\nq\td\t15\t30\nq\te\t0\t5\n"))
    assert found.spans == {"q": [Span("d", 10, 30), Span("e", 0, 5)]}
    assert found.relevant("q")
    assert not found.relevant("other")
    assert (len(found), found.documents) == (2, {"d", "e"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no judgement"),
        ("query-id\tcorpus-id\tscore\n", "no judgement"),
        ("q\td\t-1\n", "line 1: the grade is -1; write 0"),
        ("q\td\t1\nq\td\t2\n", "line 2: 'd' has another grade"),
        ("q\td\t1\nq\td\n", "line 2: it has 2 columns"),
        ("q\td\t1\t2\t3\n", "line 1: it has 5 columns"),
        ("q\td\t1\nq\te\thigh\n", "line 2: 'high' is no whole number"),
        ("query-id\tcorpus-id\tstart\tend\nq\td\t20\t10\n", "line 2: 20:10 is no span"),
    ],
)
def test_what_is_wrong_is_said_with_the_way_out(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(UsageError) as error:
        read(put(tmp_path, text))
    assert problem in str(error.value)
    assert "query document grade" in error.value.way_out


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot read"):
        read(tmp_path / "none.tsv")
