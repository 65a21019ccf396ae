"""The folders that were added as a whole: what is new in them belongs to the index too."""

from collections.abc import Iterable
from pathlib import Path

from tools.index.backend import Backend


def outermost(folders: Iterable[Path]) -> list[Path]:
    """The folders that lie in no other one of them, sorted."""
    kept: list[Path] = []
    for folder in sorted(set(folders)):
        if not kept or not is_below(folder, kept[-1]):
            kept.append(folder)
    return kept


def is_below(path: Path, folder: Path) -> bool:
    """Whether the path is the folder or lies in it; both absolute."""
    return path.parts[: len(folder.parts)] == folder.parts


def places(folders: Iterable[Path], files: Iterable[Path]) -> list[Path]:
    """The folders, and the files that lie in none of them: what brings an index up to date as a whole."""
    roots = outermost(folders)
    inside = set(roots)
    return [*roots, *(path for path in files if inside.isdisjoint(path.parents))]


def remembered(index: Backend) -> list[Path]:
    """What was ever added: folders, and the files that lie in none of them."""
    return places(index.roots(), (file.path for file in index.kept()))
