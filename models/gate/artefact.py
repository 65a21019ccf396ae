"""Artefacts of trained classifiers: a folder with arrays, a card, and the digest of each file on the card.

Nothing in it is a pickle, so that a folder from elsewhere can be wrong but cannot run.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from models.gate.card import Card
from state.errors import UsageError

Array: TypeAlias = NDArray[Any]

CARD = "card.json"
WEIGHTS = "weights.npz"
RETRAIN = "Restore the folder as it was shipped, or train it anew with `python -m evals.gate.train`."


@dataclass(frozen=True)
class Artefact:
    """A verified folder."""

    folder: Path
    card: Card
    arrays: Mapping[str, Array]
    contents: Mapping[str, bytes] = field(default_factory=dict)
    """Each file of the card as it was verified: what is loaded is what was looked at."""


def read(folder: Path) -> Artefact:
    """The artefact in a folder, each of its files compared with its digest.

    Raises:
        UsageError: the folder is incomplete, damaged, or not what its card says.
    """
    card = read_card(folder)
    if WEIGHTS not in card.files:
        raise UsageError(f"{folder / CARD} names no {WEIGHTS}.", RETRAIN)
    contents = {name: _verified(place(folder, name), expected) for name, expected in card.files.items()}
    return Artefact(folder, card, _arrays(folder / WEIGHTS, contents[WEIGHTS]), contents)


def read_card(folder: Path) -> Card:
    """The card alone; the files it names are not looked at.

    Raises:
        UsageError: there is none, or it breaks its schema.
    """
    path = folder / CARD
    try:
        return Card.model_validate(json.loads(_content(path)))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{path} is no card: {place}: {first['msg']}.", RETRAIN) from error
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}.", RETRAIN) from error


def write(folder: Path, card: Card, arrays: Mapping[str, Array], explained: str) -> Card:
    """Write weights, card and `CARD.md`; returns the card with the digest of the weights.

    Files that the card names besides the weights must be there already.

    Raises:
        OSError: a file cannot be written or read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / WEIGHTS, allow_pickle=False, **arrays)
    names = {WEIGHTS, *card.files}
    files = {name: sha256(place(folder, name).read_bytes()) for name in sorted(names)}
    complete = card.model_copy(update={"files": files})
    text = json.dumps(complete.model_dump(mode="json"), indent=2, ensure_ascii=False)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")
    (folder / "CARD.md").write_text(explained, encoding="utf-8")
    return complete


def place(folder: Path, name: str) -> Path:
    """A file of an artefact: in its folder, or beside it if that one is shared."""
    own, shared = folder / name, folder.parent / name
    return shared if not own.exists() and shared.is_file() else own


def sha256(content: bytes) -> str:
    """Hexadecimal digest of bytes."""
    return hashlib.sha256(content).hexdigest()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror or error}.", RETRAIN) from error


def _verified(path: Path, expected: str) -> bytes:
    content = _content(path)
    found = sha256(content)
    if found != expected:
        raise UsageError(
            f"{path} is not the file that its card names: SHA-256 {found[:12]}…, not {expected[:12]}….",
            RETRAIN,
        )
    return content


def _arrays(path: Path, content: bytes) -> dict[str, Array]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, AttributeError) as error:
        raise UsageError(f"{path} holds no arrays: {error}.", RETRAIN) from error
