"""Blocks: folders of mapped arrays, each for passages of one label set, written once."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from state.errors import WarrantError
from tools.index.errors import DamagedError
from tools.index.local.columns import mapped, save, sha256, sync_folder
from tools.index.local.rows import Postings, Rows, invert

FOLDER = "blocks"
UNFINISHED = ".part"
REPAIR = "Run `warrant index check --repair`: it makes what is lost anew from the catalogue."

COLUMNS = ("ids", "sources", "positions", "title_terms", "starts", "sequence")
POSTINGS = ("post_terms", "post_starts", "post_rows", "post_counts")


@dataclass(frozen=True)
class Block:
    """A block whose files are mapped."""

    rows: Rows
    postings: Postings
    lengths: NDArray[np.int32]


def vectors_name(generation: int) -> str:
    """The file with the vectors of the embedding model that is the generation-th."""
    return f"vectors.{generation}.npy"


def new_name() -> str:
    """A name that no block had before."""
    return uuid4().hex


def write(index: Path, rows: Rows, generation: int) -> tuple[str, dict[str, str]]:
    """Write a block; returns its name and the digests of its files. Nobody knows of it yet."""
    postings = invert(rows)
    arrays: dict[str, NDArray[Any]] = {name: getattr(rows, name) for name in COLUMNS}
    arrays |= dict(zip(POSTINGS, postings, strict=True))
    name = new_name()
    folder = begin(index, name)
    digests = {f"{key}.npy": save(folder / f"{key}.npy", array) for key, array in arrays.items()}
    digests[vectors_name(generation)] = save(folder / vectors_name(generation), rows.vectors)
    finish(index, name)
    return name, digests


def begin(index: Path, name: str) -> Path:
    """A folder for the files of a block, under a name that is not yet its own."""
    folder = index / FOLDER / f"{name}{UNFINISHED}"
    folder.mkdir(parents=True)
    return folder


def finish(index: Path, name: str) -> None:
    """Give the folder its name, once all of its files are on the disk."""
    folder = index / FOLDER / f"{name}{UNFINISHED}"
    sync_folder(folder)
    folder.rename(index / FOLDER / name)
    sync_folder(index / FOLDER)


def load(index: Path, name: str, generation: int) -> Block:
    """Map a block.

    Raises:
        FileNotFoundError: it is gone; if the catalogue still knows it, it was lost.
        WarrantError: one of its files is damaged.
    """
    folder = index / FOLDER / name
    try:
        postings = Postings(*(mapped(folder / f"{key}.npy") for key in POSTINGS))
        columns = {key: mapped(folder / f"{key}.npy") for key in COLUMNS}
        rows = Rows(**columns, vectors=mapped(folder / vectors_name(generation)))
    except ValueError as error:
        raise damaged(folder, str(error)) from error
    aligned = (rows.vectors, rows.sources, rows.positions, rows.title_terms, rows.starts[1:])
    if (
        any(len(one) != len(rows) for one in aligned)
        or len(postings.starts) != len(postings.terms) + 1
        or len(postings.rows) != len(postings.counts)
    ):
        raise damaged(folder, "its files do not fit together")
    return Block(rows, postings, rows.lengths())


def damaged(folder: Path, reason: str) -> WarrantError:
    """A block that cannot be used."""
    return DamagedError(f"The index is damaged in {folder}: {reason}.", REPAIR)


def wrong(index: Path, name: str, digests: Mapping[str, str]) -> list[str]:
    """The files of a block that are missing or not as they were written."""
    folder = index / FOLDER / name
    return [
        file
        for file, digest in digests.items()
        if not (folder / file).is_file() or sha256(folder / file) != digest
    ]


def remove(index: Path, name: str) -> None:
    """Delete a block that the catalogue no longer knows; who has it open goes on reading."""
    shutil.rmtree(index / FOLDER / name, ignore_errors=True)


def names(index: Path) -> set[str]:
    """Every block that lies there, also unfinished ones."""
    folder = index / FOLDER
    return {one.name for one in folder.iterdir()} if folder.is_dir() else set()
