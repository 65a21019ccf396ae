"""Files below one root: nothing outside is read, listed or written, whatever the path says."""

import asyncio
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.local_policy import FilesPolicy
from state.schema import violations
from tests.tools.attacks import CASES
from tools.capability import Caller, Capability, ToolError
from tools.files import list_files, read_file, write_file
from tools.root import Root, _parts


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """The folder above the root, with a file that must stay unread and unchanged."""
    (tmp_path / "canary.txt").write_text("canary", "utf-8")
    return tmp_path


@pytest.fixture
def root(outside: Path) -> Iterator[Path]:
    made = outside / "root"
    inside = made / "inside"
    inside.mkdir(parents=True)
    (inside / "plain.txt").write_text("Grüße\nzwei", "utf-8")
    (inside / ".env").write_text("KEY=secret", "utf-8")
    (inside / "folder_link").symlink_to(outside)
    (inside / "file_link.txt").symlink_to(outside / "canary.txt")
    (inside / "dangling_link.txt").symlink_to(outside / "made.txt")
    os.mkfifo(inside / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(inside)  # the path of a socket must be short
        listening.bind("socket")
        os.chdir(here)
        yield made


def call(tool: Capability, **args: Any) -> dict[str, Any]:
    assert violations(tool.input_schema, args) == []
    output: dict[str, Any] = asyncio.run(tool.call(args, Caller()))
    assert violations(tool.output_schema, output) == []
    return output


def below(root: Path, **policy: Any) -> Root:
    return Root(FilesPolicy(root=root, **policy))


def snapshot(folder: Path) -> dict[str, bytes | int]:
    """Every name below a folder with its content, or its kind."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        found[str(path)] = path.read_bytes() if stat.S_ISREG(mode) else stat.S_IFMT(mode)
    return found


@pytest.mark.parametrize("tool", [read_file, write_file, list_files], ids=lambda tool: tool.__name__)
@pytest.mark.parametrize("case", CASES["path"], ids=lambda case: repr(case["path"]))
def test_a_path_that_leads_elsewhere_is_refused_and_nothing_happens(
    case: dict[str, str], tool: Any, root: Path, outside: Path
) -> None:
    path = case["path"].replace("{outside}", str(outside))
    args = {
        "read_file": {"path": path},
        "list_files": {"folder": path},
        "write_file": {"path": path, "text": "stolen", "replace": True},
    }[tool.__name__]
    if case.get("harmless_for") == tool.__name__:
        call(tool(below(root)), **args)
        assert (outside / "canary.txt").read_text("utf-8") == "canary"
        return
    before = snapshot(outside)
    with pytest.raises(ToolError, match=f"{case['reason']}|There is no") as refusal:
        call(tool(below(root)), **args)
    assert refusal.value.way_out
    assert snapshot(outside) == before


def test_a_file_is_read_in_parts(root: Path) -> None:
    tool = read_file(below(root))
    assert call(tool, path="inside/plain.txt") == {
        "path": "inside/plain.txt",
        "text": "Grüße\nzwei",
        "total": 10,
    }
    assert call(tool, path="inside/plain.txt", start=2, characters=3)["text"] == "üße"
    with pytest.raises(ToolError, match="has 10 characters"):
        call(tool, path="inside/plain.txt", start=10)


def test_a_listing_shows_files_and_folders_only(root: Path) -> None:
    tool = list_files(below(root))
    assert call(tool)["entries"] == [
        {"path": "inside", "kind": "folder", "bytes": (root / "inside").stat().st_size}
    ]
    assert call(tool, folder="inside") == {
        "entries": [{"path": "inside/plain.txt", "kind": "file", "bytes": 12}],
        "truncated": False,
    }


def test_a_listing_is_bounded_and_says_so(root: Path) -> None:
    for number in range(9):
        (root / f"{number}.txt").touch()
    listing = call(list_files(below(root, entries=3)))
    assert [entry["path"] for entry in listing["entries"]] == ["0.txt", "1.txt", "2.txt"]
    assert listing["truncated"]


def test_what_was_written_is_read_back(root: Path) -> None:
    tools = below(root)
    assert call(write_file(tools), path="inside/new.txt", text="Grüße") == {
        "path": "inside/new.txt",
        "bytes": 7,
    }
    assert call(read_file(tools), path="inside/new.txt")["text"] == "Grüße"
    assert stat.S_IMODE((root / "inside" / "new.txt").stat().st_mode) & 0o111 == 0


def test_a_file_is_replaced_only_if_that_is_asked_for(root: Path) -> None:
    tool = write_file(below(root))
    with pytest.raises(ToolError, match=r"exists already\. Choose another name, or give replace"):
        call(tool, path="inside/plain.txt", text="new")
    assert (root / "inside" / "plain.txt").read_text("utf-8") == "Grüße\nzwei"
    call(tool, path="inside/plain.txt", text="new", replace=True)
    assert (root / "inside" / "plain.txt").read_text("utf-8") == "new"
    assert not list((root / "inside").glob("*.draft"))


def test_sizes_are_bounded(root: Path) -> None:
    tools = below(root, bytes=10)
    with pytest.raises(ToolError, match="more than 10 bytes"):
        call(read_file(tools), path="inside/plain.txt")
    with pytest.raises(ToolError, match="more than 10 bytes"):
        call(write_file(tools), path="inside/large.txt", text="é" * 6)
    assert not (root / "inside" / "large.txt").exists()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\0b"])
def test_what_is_not_text_is_said(root: Path, content: bytes) -> None:
    (root / "binary").write_bytes(content)
    with pytest.raises(ToolError, match=r"not (UTF-8 )?text"):
        call(read_file(below(root)), path="binary")


def test_a_root_that_is_not_there_says_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"files\.root in policy\.toml"):
        call(list_files(below(tmp_path / "none")))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_no_descriptor_stays_open(root: Path) -> None:
    tools = below(root)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in ("inside/plain.txt", "inside/pipe", "inside/none", "none/x", "inside/plain.txt/x"):
        for attempt in (tools.read, tools.entries):
            with suppress(ToolError):
                attempt(path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_folder_that_turns_into_a_link_meanwhile_leads_nowhere(root: Path, outside: Path) -> None:
    """A race that a check of the path before its use would lose."""
    (root / "swap").mkdir()
    (root / "swap" / "canary.txt").write_text("harmless", "utf-8")
    (root / "link").symlink_to(outside)
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            (root / "swap").rename(root / "aside")
            (root / "link").rename(root / "swap")
            (root / "swap").rename(root / "link")
            (root / "aside").rename(root / "swap")

    swapping = threading.Thread(target=swap)
    swapping.start()
    tools = below(root)
    seen = set()
    try:
        for number in range(300):
            try:
                seen.add(tools.read("swap/canary.txt"))
                tools.write(f"swap/{number}.txt", "x", replace=False)
            except ToolError as refusal:
                assert "There is no" in str(refusal)
    finally:
        stop.set()
        swapping.join()
    assert seen | {tools.read("swap/canary.txt")} == {"harmless"}
    assert sorted(path.name for path in outside.iterdir()) == ["canary.txt", "root"]


@given(st.text(max_size=40) | st.lists(st.sampled_from(["..", ".", "", "a", "/", "\\", "~"])).map("/".join))
def test_a_path_that_passes_stays_below_the_root_by_its_form(path: str) -> None:
    try:
        parts = _parts(path)
    except ToolError:
        return
    resolved = os.path.normpath(os.path.join("/root", *parts))  # noqa: PTH118
    assert resolved == "/root/" + path
