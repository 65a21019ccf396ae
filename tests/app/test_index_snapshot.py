import json
import shutil
from pathlib import Path

from tests.app.test_index import warrant


def test_an_index_is_checked_kept_lost_and_restored(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "returns.md").write_text("# Returns\n\nWithin 30 days.\n", "utf-8")
    warrant(tmp_path, "add", "documents")
    assert warrant(tmp_path, "check").stdout == "The index is sound.\n"
    assert warrant(tmp_path, "snapshot", "kept.tar.gz").stdout.startswith("1 passages, ")
    assert "--force" in warrant(tmp_path, "restore", "kept.tar.gz", code=2).stderr

    (tmp_path / "home" / "index" / "catalogue.db").write_bytes(b"damaged" * 1000)
    found = json.loads(warrant(tmp_path, "check", "--json", code=5).stdout)
    assert [one["repairable"] for one in found["left"]] == [False]
    assert "warrant index restore FILE --force" in found["way_out"]
    for command in (["search", "returns"], ["status"], ["add", "documents"]):
        done = warrant(tmp_path, *command, code=5)
        assert done.stderr.count("\n") == 1
        assert "`warrant index check`" in done.stderr
    assert "was moved to" in warrant(tmp_path, "restore", "kept.tar.gz", "--force").stdout
    assert "documents/returns.md [" in warrant(tmp_path, "search", "returns").stdout

    shutil.rmtree(tmp_path / "home")
    assert warrant(tmp_path, "restore", "kept.tar.gz").stdout.startswith("1 passages restored")
