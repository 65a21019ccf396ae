"""The command line with an index in PostgreSQL."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.test_index import warrant
from tests.app.test_index_watch import Watching
from tools.index.postgres.schema import NAME, connect


@pytest.fixture
def url(server: str) -> Iterator[str]:
    """Of a server without an index, before and after."""
    yield server
    with connect(server, "public") as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {NAME} CASCADE")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "returns.md").write_text("# Returns\n\nWithin 30 days.\n", "utf-8")
    (tmp_path / "documents" / "staff.md").write_text(
        "---\nlabels: staff\n---\n# Goodwill\n\nUp to 25 EUR.\n", "utf-8"
    )
    return tmp_path


def test_documents_are_added_found_and_compared_with_their_files(home: Path, url: str) -> None:
    documents = home / "documents"
    assert "warrant index add" in warrant(home, "search", "returns", WARRANT_INDEX_URL=url).stderr
    added = json.loads(warrant(home, "add", "documents", "--json", WARRANT_INDEX_URL=url).stdout)
    assert (added["added"], added["passages"]) == (2, 2)
    shown = warrant(home, "search", "goodwill or returns", WARRANT_INDEX_URL=url).stdout
    assert "documents/returns.md [" in shown
    assert "staff.md" not in shown
    shown = warrant(home, "search", "goodwill", WARRANT_INDEX_URL=url, WARRANT_LABELS="staff").stdout
    assert "documents/staff.md [" in shown

    shown = warrant(home, "status", "--strict", WARRANT_INDEX_URL=url).stdout
    assert "2 passages" in shown
    assert "Every file is as it was read." in shown
    (documents / "returns.md").unlink()
    (documents / "new.md").write_text("# Shipping\n\nTwo days.\n", "utf-8")
    state = json.loads(warrant(home, "status", "--strict", "--json", code=1, WARRANT_INDEX_URL=url).stdout)
    assert state["freshness"]["missing"] == [str(documents / "returns.md")]
    assert state["freshness"]["new"] == [str(documents / "new.md")]
    assert (state["embedding"], state["files"], state["roots"]) == ("minilm", 2, [str(documents)])
    assert sum(state["parts"].values()) == state["bytes"] > 0
    assert warrant(home, "add", "--prune", WARRANT_INDEX_URL=url).stdout.startswith(
        "1 added, 0 changed, 1 unchanged, 1 removed"
    )
    assert not (home / "home" / "index").exists()


def test_changes_of_files_are_followed(home: Path, url: str) -> None:
    process = Watching(home, "documents", WARRANT_INDEX_URL=url)
    try:
        process.sums_to(added=2)
        process.says("Watching")
        (home / "documents" / "returns.md").write_text("# Returns\n\nWithin 60 days.\n", "utf-8")
        process.sums_to(changed=1)
        (home / "documents" / "staff.md").unlink()
        process.sums_to(removed=1)
        process.end()
    finally:
        process.kill()


@pytest.mark.parametrize(
    ("arguments", "way_out"),
    [
        (["check"], "pg_amcheck"),
        (["snapshot", "kept.tar.gz"], "pg_dump --schema=warrant_index"),
        (["restore", "kept.tar.gz"], "pg_restore"),
    ],
)
def test_what_postgresql_has_tools_for_is_left_to_them(
    tmp_path: Path, arguments: list[str], way_out: str
) -> None:
    # Nothing listens there: the server is not asked.
    done = warrant(tmp_path, *arguments, code=2, WARRANT_INDEX_URL="postgresql://127.0.0.1:1/none")
    assert way_out in done.stderr
    assert done.stderr.count("\n") == 1
