"""One process writes, four read: no error, no torn result, nothing that may not be read."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]

SHARED = """
import sys, time
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[2]]
from conftest import Hashing
from tools.index.chunks import Chunk
from tools.index.document import Document
from tools.index.local.backend import LocalBackend
from tools.index.local.fold import Sizes
from tools.index.records import NEVER, Entry, Finished
folder, seconds = Path(sys.argv[3]), float(sys.argv[4])
backend, embedder = LocalBackend(folder, Sizes(fold=30, factor=3, exact_below=60)), Hashing()
until = time.monotonic() + seconds
"""
# Every file always holds 40 sources of one version; every other version of it may be read by hr alone.
WRITER = (
    SHARED
    + """
version = 0
while time.monotonic() < until:
    version += 1
    path = Path(f"{version % 3}")
    with backend.writing(embedder) as writer:
        if writer.known(path) is None:
            writer.register(path, str(path))
        labels = ("hr",) if version // 3 % 2 else ()
        entries = []
        for number in range(40):
            text = f"Return {number} in version {version}."
            document = Document(f"{path}#{number}", text, (), labels)
            entries.append(Entry(str(path), document, [Chunk(0, len(text), ())], embedder.embed([text]), ""))
        names = frozenset(one.document.source for one in entries)
        writer.write(entries, [Finished(str(path), "", NEVER, "", names)])
print(version)
"""
)
READER = (
    SHARED
    + """
searches = graphs = 0
asked = backend.nearest._collect
def counted(*arguments):
    global graphs
    graphs += 1
    return asked(*arguments)
backend.nearest._collect = counted
while time.monotonic() < until:
    for held in (frozenset(), frozenset({"hr"})):
        with backend.reading(embedder, held) as reader:
            if reader is None:
                continue
            query = f"return {searches % 40}"
            proposal = reader.propose(query, embedder.embed([query])[0], 200)
            found = reader.passages(proposal.candidates.ids.tolist()) if proposal else []
            assert len(found) == (len(proposal.candidates.ids) if proposal else 0)
            assert all(set(one.labels) <= held for one in found), "unreadable"
            versions = {}
            for one in found:
                versions.setdefault(one.source.split("#")[0], []).append(one.text.split()[-1])
            for seen in versions.values():
                assert len(set(seen)) == 1 and len(seen) == 40, ("torn", versions)
            searches += 1
    time.sleep(0.01)
backend.close()
print(searches, graphs)
"""
)


def start(code: str, folder: Path, seconds: float) -> "subprocess.Popen[str]":
    arguments = [str(ROOT), str(ROOT / "tests/tools/index"), str(folder), str(seconds)]
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("seconds", [6.0])
def test_four_processes_read_while_one_writes(folder: Path, seconds: float) -> None:
    processes = [start(WRITER, folder, seconds), *(start(READER, folder, seconds) for _ in range(4))]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * 5, outputs
    assert int(outputs[0][0]) > 1
    assert all(int(out.split()[0]) > 0 for out, _ in outputs[1:])
