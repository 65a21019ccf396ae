"""A gate that cannot judge refuses or does not start, through the whole process."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from models.gate.artefact import CARD, WEIGHTS
from tests.artefacts import HARMLESS, small
from tests.servers.processes import environment, warrant

BROKEN = """
import math, threading
from models.gate.classifier import Finding

class Broken:
    name, digest, categories = "broken", "1", frozenset({"jailbreak"})

class Raises(Broken):
    def classify(self, text, place):
        raise ValueError("the text was: " + text)

class Hangs(Broken):
    def classify(self, text, place):
        threading.Event().wait()

class Nan(Broken):
    def classify(self, text, place):
        return [Finding("jailbreak", math.nan, "fine")]
"""
POLICY = """
[gate.{place}]
classifiers = [{classifier}]
timeout_seconds = 0.5
"""


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(tmp_path_factory.mktemp("artefact") / "request")


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    (tmp_path / "broken_gate.py").write_text(BROKEN, encoding="utf-8")

    def run(command: str, classifier: str, place: str = "screen") -> tuple[int, str, str]:
        policy = POLICY.format(place=place, classifier=json.dumps(classifier))
        (tmp_path / "policy.toml").write_text(policy, encoding="utf-8")
        env = environment(tmp_path, WARRANT_POLICY=str(tmp_path / "policy.toml"), PYTHONPATH=str(tmp_path))
        done = warrant(*command.split(), HARMLESS, "--json", env=env)
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.mark.parametrize(
    ("classifier", "place", "said"),
    [
        ("Raises", "screen", "it raised ValueError"),
        ("Hangs", "screen", "it took longer than 0.5 s"),
        ("Nan", "release", "the score nan"),
    ],
)
def test_a_classifier_that_fails_ends_the_run_with_a_refusal(
    ask: Callable[..., tuple[int, str, str]], classifier: str, place: str, said: str
) -> None:
    code, printed, _ = ask("ask", f"broken_gate:{classifier}", place)
    document = json.loads(printed)
    assert (code, document["outcome"]) == (3, "refused")
    assert said in document["reason"]
    assert document["answer"] is None


def test_check_refuses_with_a_classifier_that_fails(ask: Callable[..., tuple[int, str, str]]) -> None:
    code, printed, _ = ask("gate check", "broken_gate:Raises")
    verdict = json.loads(printed)
    assert (code, verdict["decision"], verdict["category"]) == (3, "refuse", "error")


def _cut(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-7])


def _gone(folder: Path) -> None:
    (folder / CARD).unlink()


@pytest.fixture
def copied(artefact: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(artefact, tmp_path / "request"))


@pytest.mark.parametrize(
    ("command", "harm", "said"), [("ask", _cut, "SHA-256"), ("gate check", _gone, "Cannot read")]
)
def test_nothing_starts_with_a_damaged_artefact(
    ask: Callable[..., tuple[int, str, str]],
    copied: Path,
    command: str,
    harm: Callable[[Path], None],
    said: str,
) -> None:
    harm(copied)
    code, printed, told = ask(command, f"trained:{copied}")
    assert (code, printed) == (2, "")
    (line,) = [line for line in told.splitlines() if line.startswith("warrant: ")]
    assert said in line
    assert str(copied) in line
    assert "train it anew" in line


def test_a_classifier_that_is_not_there_does_not_start(ask: Callable[..., tuple[int, str, str]]) -> None:
    code, _, told = ask("ask", "trained:/nowhere")
    assert code == 2
    assert "Cannot read /nowhere/card.json: No such file or directory." in told
