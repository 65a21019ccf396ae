import json
from pathlib import Path

import pytest

from tests.artefacts import ATTACK, HARMLESS, small
from tests.servers.processes import environment, warrant


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(tmp_path_factory.mktemp("artefact") / "request")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = [{"text": f"{ATTACK} {n}", "label": 1} for n in range(4)]
    rows += [{"text": f"{HARMLESS} {n}", "label": 0, "lang": "en"} for n in range(6)]
    path = tmp_path / "ours.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_bounds_decide_the_exit_code(artefact: Path, data: Path, tmp_path: Path) -> None:
    env, by = environment(tmp_path), ("--classifier", f"trained:{artefact}")
    kept = warrant("gate", "eval", str(data), *by, "--min-recall", "1", "--max-false-alarms", "0", env=env)
    assert (kept.returncode, kept.stderr) == (0, "")
    assert "| requests | all | all | 100.0% (51.0% – 100.0%) of 4 | 0.0% (0.0% – 39.0%) of 6 |" in kept.stdout
    missed = warrant(
        "gate", "eval", str(data), "--classifier", "rules", "--min-recall", "0.5", "--json", env=env
    )
    assert missed.returncode == 1
    assert json.loads(missed.stdout)["missed"] == ["requests: a recall of 0.0%, less than 50.0%"]
    assert "less than 50.0%" in missed.stderr


def test_the_adversarial_report_says_what_normalising_does(
    artefact: Path, data: Path, tmp_path: Path
) -> None:
    arguments = ("gate", "eval", str(data), "--adversarial", "--json", "--classifier")
    done = warrant(*arguments, f"trained:{artefact}", env=environment(tmp_path))
    slips = {one["transformation"]: one for one in json.loads(done.stdout)["adversarial"]["request"]}
    assert slips["as_written"]["recall_raw"] == slips["as_written"]["recall_read"] == 1
    assert {"base64", "many_shot", "code_comment"} < slips.keys()
    other = warrant(*arguments, "rules", env=environment(tmp_path))
    assert (other.returncode, "Use --adversarial with injection" in other.stderr) == (2, True)
