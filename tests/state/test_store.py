"""The store, against real databases."""

import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from state.errors import UsageError
from state.feedback import Feedback
from state.process import is_gone, this_process
from state.store import Store, StoreError, _row, _run
from state.trace import Run

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def run(name: str, parent: Run | None = None, seconds: float = 0, **fields: object) -> Run:
    begun = START + timedelta(seconds=seconds)
    own = f"{begun:%Y%m%dT%H%M%S%fZ}{name}"
    return Run.model_validate(
        {
            "id": name,
            "trace_id": parent.trace_id if parent else name,
            "dotted_order": f"{parent.dotted_order}.{own}" if parent else own,
            "parent_run_id": parent and parent.id,
            "name": name,
            "run_type": "chain",
            "start_time": begun,
            **fields,
        }
    )


def test_a_run_comes_back_as_it_was_written(store: Store) -> None:
    written = run(
        "a",
        inputs={"q": "é\0\ud800"},
        outputs={"n": [1, None, 0.5]},
        extra={"metadata": {"x": 1}},
        tags=["t"],
    )
    store.write_runs([written])
    assert store.runs("a") == [written]


def test_text_that_databases_refuse_is_escaped(store: Store) -> None:
    store.write_runs([run("a", error="bad \0 and \ud800")])
    assert store.runs("a")[0].error == "bad \\x00 and \\ud800"


def test_a_later_record_replaces_an_earlier_one(store: Store) -> None:
    begun = run("a")
    ended = begun.model_copy(update={"end_time": START + timedelta(seconds=2), "outputs": {"x": 1}})
    store.write_runs([begun])
    store.write_runs([ended])
    assert store.runs("a") == [ended]
    assert (begun.status, ended.status, ended.seconds) == ("running", "ok", 2.0)


def test_runs_come_in_the_order_of_the_tree(store: Store) -> None:
    root = run("root")
    first, second = run("first", root, 1), run("second", root, 3)
    below = run("below", first, 2)
    store.write_runs([second, below, root, first])
    assert [each.id for each in store.runs("root")] == ["root", "first", "below", "second"]


def test_traces_are_the_roots_newest_first_and_by_thread(store: Store) -> None:
    old = run("old", extra={"metadata": {"thread_id": "one"}})
    new = run("new", seconds=5, extra={"metadata": {"thread_id": "two"}})
    store.write_runs([old, new, run("child", new, 6)])
    assert [each.id for each in store.traces()] == ["new", "old"]
    assert [each.id for each in store.traces(limit=1)] == ["new"]
    assert [each.id for each in store.traces(thread_id="one")] == ["old"]


def test_a_beginning_of_an_id_finds_its_trace(store: Store) -> None:
    root = run("abc1")
    store.write_runs([root, run("abd2", seconds=1), run("abc9", root), run("f_%", root)])
    assert store.trace_of("ABC1") == "abc1"
    assert store.trace_of("abc9") == "abc1"
    assert store.trace_of("f_%") == "abc1"
    assert store.trace_of("abc") == "abc1", "a root comes before its own child"


@pytest.mark.parametrize(
    ("prefix", "problem"), [("ab", "Several"), ("", "Several"), ("zz", "No run"), ("%", "No run")]
)
def test_a_beginning_that_does_not_name_one_trace_is_refused(store: Store, prefix: str, problem: str) -> None:
    store.write_runs([run("abc"), run("abd")])
    with pytest.raises(UsageError, match=problem):
        store.trace_of(prefix)


def test_the_thread_of_a_run_is_found_by_its_id(store: Store) -> None:
    store.write_runs([run("abc", extra={"metadata": {"thread_id": "t7"}}), run("xyz")])
    assert [store.thread_of(prefix) for prefix in ("ab", "xyz", "nope")] == ["t7", None, None]


RACE = """
import sys
from datetime import UTC, datetime
from state.store import Store
from state.trace import Run
store, me = Store(sys.argv[1]), sys.argv[2]
sys.stdin.read()
effect = {"scope": me, "step": "s", "tool": "t", "args_digest": "d", "seconds": 60}
for n in range(40):
    order = {"trace_id": me, "dotted_order": f"{n:03}", "start_time": datetime.now(UTC)}
    store.write_runs([Run(id=f"{me}-{n}", name="n", run_type="chain", **order)])
    print(n, store.claim(f"k{n}", **effect).state)
"""


def test_of_several_processes_exactly_one_gets_each_claim_and_all_can_write(store: Store, url: str) -> None:
    def start(me: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", RACE, url, me]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    racers = [start(me) for me in ("a", "b")]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.close()
    lines = []
    for racer in racers:
        assert racer.stdout is not None
        with racer, racer.stdout as stdout:
            lines += stdout.read().splitlines()
        assert racer.returncode == 0
    assert sorted(line.split()[0] for line in lines if line.endswith("new")) == sorted(map(str, range(40)))
    assert len(lines) == 80
    assert [len(store.runs(me)) for me in ("a", "b")] == [40, 40]


def test_a_locked_database_is_reported(sqlite_url: str) -> None:
    store = Store(f"{sqlite_url}?timeout=0.1")
    store.write_runs([run("a")])
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match=r"locked.*try again"):
        store.write_runs([run("b")])
    other.close()
    store.write_runs([run("b")])
    assert len(store.traces()) == 2
    store.close()


def test_a_new_store_waits_for_another_process_that_creates_it(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.parent.mkdir()
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")  # SQLite answers a switch to WAL "locked" at once, without waiting
    ends = threading.Timer(0.3, other.execute, ("COMMIT",))
    ends.start()
    store = Store(sqlite_url)
    assert store.traces() == []
    store.close()
    ends.join()
    other.close()


def test_a_full_disk_is_reported_and_loses_nothing(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    store.write_runs([run("a")])
    with store._begin() as connection:
        connection.execute(text("PRAGMA max_page_count=20"))
    with pytest.raises(StoreError, match=r"full.*Free some space"):
        store.write_runs([run("b", inputs={"x": "y" * 200_000})])
    assert [each.id for each in store.traces()] == ["a"]
    store.close()


@pytest.mark.parametrize(
    ("unusable", "way_out"),
    [
        ("postgresql://u:secret@127.0.0.1:1/x", "Check WARRANT_STORE_URL"),
        ("mysql://u:secret@h/x", "sqlite:///FILE"),
        ("secret nonsense", "sqlite:///FILE"),
        ("sqlite://", "sqlite:///FILE"),
        ("sqlite:////dev/null/x.db", "WARRANT_HOME"),
    ],
)
def test_a_store_that_cannot_be_opened_says_the_way_out_and_no_password(unusable: str, way_out: str) -> None:
    with pytest.raises(StoreError, match=way_out) as caught:
        Store(unusable).traces()
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("not a database, but long enough to be read as one" * 40)
    with pytest.raises(StoreError, match=r"not a database.*Move that file away"):
        Store(f"sqlite:///{tmp_path / 'x.db'}").traces()


def test_the_store_of_a_newer_warrant_is_left_alone(store: Store) -> None:
    store.traces()
    with store._begin() as connection:
        connection.execute(text("UPDATE schema_version SET version = 99"))
    store.close()
    with pytest.raises(StoreError, match="Update Warrant"):
        store.traces()


def test_a_claim_is_synchronous_and_a_trace_is_not(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    for durable, synchronous in ((True, 2), (False, 1)):
        with store._begin(durable=durable) as connection:
            assert connection.execute(text("PRAGMA synchronous")).scalar() == synchronous
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    store.close()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_comes_back(value: object) -> None:
    with_value = run("a", inputs={"value": value})
    assert _run(_row(with_value)) == with_value


def test_a_process_is_gone_when_it_has_ended_or_its_number_is_used_again() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    mark = this_process()
    assert not is_gone(mark)
    assert is_gone({**mark, "pid": int(ended.stdout)})
    assert is_gone({**mark, "birth": "1"})
    assert not is_gone({**mark, "host": "elsewhere", "pid": int(ended.stdout)})
    assert not is_gone(None)


def test_an_interrupt_is_no_error() -> None:
    assert run("a", error="GraphInterrupt(('Sure?',))").status == "interrupted"
    assert run("a", error="ValueError('x')").status == "error"


def test_a_judgement_takes_the_place_of_an_earlier_one_by_the_same_source(store: Store) -> None:
    first = Feedback(trace_id="a", score=0.5, comment="é \x00", created=START)
    second = first.model_copy(update={"score": 1.0, "created": START + timedelta(seconds=1)})
    other = first.model_copy(update={"source": "tau", "score": None, "correction": "x"})
    store.write_feedback([first, other])
    store.write_feedback([second, first.model_copy(update={"trace_id": "b"})])
    assert [(one.source, one.score) for one in store.feedback("a")] == [("tau", None), ("human", 1.0)]
    assert len(store.feedback()) == 3


def test_a_store_of_the_version_before_gets_the_table_of_feedback(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    store.write_runs([run("a")])
    with store._begin() as connection:
        connection.execute(text("DROP TABLE feedback"))
        connection.execute(text("UPDATE schema_version SET version = 2"))
    store.close()
    store.write_feedback([Feedback(trace_id="a", score=1, created=START)])
    assert [one.trace_id for one in store.feedback()] == store.trace_ids() == ["a"]
    store.close()
