"""What is hostile by its place or its name: no regular file, a link to nothing, a name that spoils a report."""
# ruff: noqa: E501 - a file stands on one line

import os
import socket
from pathlib import Path

ODD = ["new\nline.md", "return\r.md", "bell\a.md", "escape\x1b[2J.md", "turned\u202edm.md", "split\u2028.md"]
DEPTH = 1_500


def make(folder: Path) -> list[str]:
    """Make them in a folder; returns how each begins in a report."""
    os.mkfifo(folder / "fifo.md")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(folder / "socket.md"))
    for name, target in [
        ("zero", "/dev/zero"),
        ("tty", "/dev/tty"),
        ("nothing", "gone.md"),
        ("self", "self.md"),
    ]:
        (folder / f"{name}.md").symlink_to(target)
    (folder / "loop").symlink_to(folder)
    (folder / "up.md").symlink_to("..")
    for name in ODD:
        (folder / name).write_text("Text.", "utf-8")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.md")).write_text("Text.", "utf-8")
    sparse = folder / "sparse.jsonl"
    sparse.touch()
    os.truncate(sparse, 1 << 40)
    (folder / f"{'n' * 252}.md").write_text("A long name.", "utf-8")
    (folder / "folder.md").mkdir()
    _dig(folder)
    written = [name.encode("unicode_escape").decode() for name in ODD]
    return [*("fifo", "socket", "zero", "tty", "nothing", "self", "sparse"), r"\udcff\udcfe", *written]


def _dig(folder: Path) -> None:
    """Folders in folders, deeper than Python's stack, and a file at the bottom."""
    top = os.open(folder, os.O_RDONLY)
    for _ in range(DEPTH):
        os.mkdir("d", dir_fd=top)
        below = os.open("d", os.O_RDONLY, dir_fd=top)
        os.close(top)
        top = below
    os.close(os.open("bottom.md", os.O_WRONLY | os.O_CREAT, dir_fd=top))
    os.close(top)


def fill(folder: Path) -> None:
    """Undo what `make` made where others would trip over it."""
    top = folder
    places = [top := top / "d" for _ in range(DEPTH)]
    (places[-1] / "bottom.md").unlink()
    for place in reversed(places):
        place.rmdir()
