import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from state.errors import ExitCode
from state.settings import PROJECT
from state.store import Store
from tests.artefacts import rows, small
from tests.evals.gate.test_harvest import trace
from tests.servers.processes import BIN, environment, warrant


@pytest.fixture(scope="module")
def prior(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(tmp_path_factory.mktemp("prior") / "request")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "ours.jsonl"
    lines = [json.dumps({"text": row.text, "label": row.label}) for row in rows()]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _train(data: Path, prior: Path, home: Path, *more: str) -> subprocess.CompletedProcess[str]:
    arguments = ("gate", "train", str(data), "--alone", "--prior", str(prior), *more)
    return warrant(*arguments, env=environment(home))


def test_a_classifier_is_written_that_the_policy_can_name(data: Path, prior: Path, tmp_path: Path) -> None:
    done = _train(data, prior, tmp_path, "--false-alarms", "0.05")
    assert done.returncode == 0, done.stderr
    assert "fold 1 of 3" in done.stderr
    assert "at most 5.0% false alarms at 95% confidence, from 1" in done.stdout
    assert "| direct_injection | recall of 200 |" in done.stdout
    folder = tmp_path / "gate" / "input"
    policy = tmp_path / "policy.toml"
    policy.write_text(done.stdout.partition("In policy.toml:")[2], encoding="utf-8")
    env = environment(tmp_path, WARRANT_POLICY=str(policy))
    checked = warrant("gate", "check", rows()[-1].text, "--json", env=env)
    assert (checked.returncode, json.loads(checked.stdout)["category"]) == (3, "direct_injection")
    shown = warrant("gate", "status", "--json", env=env)
    screen = json.loads(shown.stdout)["places"]["screen"]
    assert (shown.returncode, screen["promised"]) == (0, {"direct_injection": 0.05})
    assert sorted(path.name for path in folder.iterdir()) == ["CARD.md", "card.json", "weights.npz"]


def test_a_promise_that_takes_more_is_refused_with_what_is_missing(
    data: Path, prior: Path, tmp_path: Path
) -> None:
    done = _train(data, prior, tmp_path, "--false-alarms", "0.001")
    assert (done.returncode, done.stdout) == (2, "")
    assert "takes 2995 different benign texts; there are 300, 2695 are missing" in done.stderr
    assert not (tmp_path / "gate").exists()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Where the tests themselves run in the background, Ctrl-C is ignored, and so it would be in a child."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_stopping_it_leaves_nothing(data: Path, prior: Path, tmp_path: Path) -> None:
    command = [BIN / "warrant", "gate", "train", str(data), "--alone", "--prior", str(prior)]
    command += ["--false-alarms", "0.05", "--into", str(tmp_path / "own")]
    env = environment(tmp_path)
    with subprocess.Popen(command, cwd=PROJECT, env=env, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == "request: direct_injection\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == ExitCode.STOPPED
        finally:
            process.kill()
    assert not list(tmp_path.iterdir())


def test_what_is_reported_goes_into_the_next_training(prior: Path, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'warrant.db'}")
    for number, row in enumerate(one for one in rows() if not one.label):
        store.write_runs(trace(f"{number:04x}", row.text, {"x": number}))
    store.write_runs(trace("ffff", rows()[-1].text, {"x": 0}))
    store.close()
    env = environment(tmp_path)
    said = warrant("gate", "report", "ffff", "--missed", env=env)
    assert (said.returncode, said.stdout.split()[0]) == (0, "reported")
    arguments = ("--from-traces", "--feedback", "--alone", "--prior", str(prior), "--false-alarms", "0.05")
    done = warrant("gate", "train", *arguments, "--json", env=env)
    assert done.returncode == 0, done.stderr
    data = {one["source"]: (one["rows"], one["attacks"]) for one in json.loads(done.stdout)["card"]["data"]}
    assert data["feedback"] == (1, 1)
    assert data["traces"][1] == 0


def test_what_is_not_said_is_asked_for(tmp_path: Path) -> None:
    env = environment(tmp_path)
    nothing = warrant("gate", "train", env=env)
    assert (nothing.returncode, "Give files, --from-traces or --feedback" in nothing.stderr) == (2, True)
    both = warrant("gate", "report", "x", "--missed", "--false-alarm", env=env)
    assert (both.returncode, "either --false-alarm or --missed" in both.stderr) == (2, True)
