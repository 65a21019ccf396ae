"""Files below one root: the tools `list_files`, `read_file` and `write_file`."""

import asyncio
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tools.capability import Caller, Capability, ToolError, typed
from tools.root import Entries, Root, Written

FilePath = Annotated[
    str,
    Field(min_length=1, max_length=1_000, description="Path below the root, such as reports/2026.txt."),
]


class Listing(BaseModel):
    """Which folder is listed."""

    model_config = ConfigDict(extra="forbid")

    folder: str = Field(
        default="", max_length=1_000, description="Path below the root; empty for the root itself."
    )


class Reading(BaseModel):
    """Which file is read, and how much of it."""

    model_config = ConfigDict(extra="forbid")

    path: FilePath
    start: int = Field(default=0, ge=0, le=100_000_000, description="Offset of the first character.")
    characters: int = Field(default=20_000, ge=1, le=50_000, description="How many characters at most.")


class FileText(BaseModel):
    """A part of a file."""

    path: str
    text: str
    total: int = Field(description="Characters of the whole file.")


class Writing(BaseModel):
    """What is written where."""

    model_config = ConfigDict(extra="forbid")

    path: FilePath
    text: str = Field(max_length=1_000_000, description="The whole content of the file.")
    replace: bool = Field(default=False, description="Whether a file that exists may be replaced.")


def list_files(root: Root) -> Capability:
    """The tool `list_files`."""

    async def run(listing: Listing, _caller: Caller) -> Entries:
        return await asyncio.to_thread(root.entries, listing.folder)

    return typed("list_files", "Lists the files and folders of a folder.", Listing, Entries, run)


def read_file(root: Root) -> Capability:
    """The tool `read_file`."""

    async def run(reading: Reading, _caller: Caller) -> FileText:
        text = await asyncio.to_thread(root.read, reading.path)
        if reading.start and reading.start >= len(text):
            raise ToolError(f"{reading.path} has {len(text)} characters.", "Start before its end.")
        part = text[reading.start : reading.start + reading.characters]
        return FileText(path=reading.path, text=part, total=len(text))

    return typed(
        "read_file", "Reads a text file, or a part of it by character offsets.", Reading, FileText, run
    )


def write_file(root: Root) -> Capability:
    """The tool `write_file`, which writes."""

    async def run(writing: Writing, _caller: Caller) -> Written:
        return await asyncio.to_thread(root.write, writing.path, writing.text, writing.replace)

    return typed(
        "write_file", "Writes a text file into a folder that exists.", Writing, Written, run, writes=True
    )
