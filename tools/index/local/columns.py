"""Arrays on disk that are mapped rather than read: `.npy` files, written once and never changed."""

import hashlib
import mmap
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray


class Column:
    """A `.npy` file that grows by appending; whole once it is closed."""

    def __init__(self, path: Path, dtype: DTypeLike, width: int | None = None) -> None:
        """Open a new file for rows of one number, or of `width` numbers."""
        self._path = path
        self._dtype = np.dtype(dtype)
        self._width = width
        self._rows = 0
        self._file: BinaryIO = path.open("wb")
        self._header()

    def add(self, rows: NDArray[Any]) -> None:
        """Append rows."""
        self._file.write(np.ascontiguousarray(rows, self._dtype).data)
        self._rows += len(rows)

    def close(self) -> str:
        """Flush it to the disk; returns the SHA-256 of the file."""
        self._file.seek(0)
        # numpy leaves room in the header for a longer shape, so that it can be written over.
        self._header()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return sha256(self._path)

    def _header(self) -> None:
        shape = (self._rows,) if self._width is None else (self._rows, self._width)
        fields = {"descr": npy.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(self._file, fields)


def save(path: Path, rows: NDArray[Any]) -> str:
    """Write an array at once; returns the SHA-256 of the file."""
    column = Column(path, rows.dtype, rows.shape[1] if rows.ndim > 1 else None)
    column.add(rows)
    return column.close()


def mapped(path: Path) -> NDArray[Any]:
    """The array of a file, read as it is touched.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is shorter than it says, or no array.
    """
    found: NDArray[Any] = np.load(path, mmap_mode="r")
    return found


def release(rows: NDArray[Any]) -> None:
    """Let the system take back the memory of a mapped array that was read through once."""
    base: object = rows
    while base is not None and not isinstance(base, mmap.mmap):
        base = getattr(base, "base", None)
    if isinstance(base, mmap.mmap) and hasattr(base, "madvise"):
        base.madvise(mmap.MADV_DONTNEED)


def sha256(path: Path) -> str:
    """Digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
