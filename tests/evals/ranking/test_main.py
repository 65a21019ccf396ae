import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from evals.ranking.__main__ import main, report
from evals.ranking.card import card
from evals.ranking.judged import Collection
from models.embeddings.names import resolve
from state.errors import UsageError
from tools.index.ranking.weights import CARD, SHIPPED, shipped

TOPICS = {
    "plants": ["tea is brewed at eighty degrees", "oolong grows in taiwan", "matcha is ground in mills"],
    "wings": ["a wing stalls at high angle", "supersonic flow heats the nose", "flutter destroys a panel"],
}


def written(path: Path, records: list[dict[str, Any]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("collections")
    for name, texts in TOPICS.items():
        (root / name).mkdir()
        records = [{"_id": str(at), "title": "", "text": f"{text}."} for at, text in enumerate(texts * 4)]
        written(root / name / "corpus.jsonl.gz", records)
        written(root / name / "queries.jsonl.gz", records)
        # Spans in one collection, documents in the other.
        ends = "0\t10" if name == "plants" else "1"
        lines = [f"{at}\t{at}\t{ends}" for at in range(len(records))]
        (root / name / "qrels.tsv").write_text("\n".join(["query\tdocument\tjudged", *lines]))
    return root


def test_it_fits_any_collections_and_the_same_data_give_the_same_card(data: Path, tmp_path: Path) -> None:
    found = [report([Collection(data / name, resolve(), tmp_path) for name in TOPICS]) for _ in range(2)]
    assert card(found[0]) == card(found[1])
    assert found[0].weights == found[1].weights
    assert len(list(tmp_path.glob("*.npy"))) == len(TOPICS)


def test_what_is_shipped_is_left_alone_unless_told_to_write(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = SHIPPED.read_bytes(), CARD.read_bytes()
    assert main(["--data", str(data), "--collection", "plants", "--collection", "wings"]) == 0
    assert (SHIPPED.read_bytes(), CARD.read_bytes()) == before
    assert "least_relevance" in capsys.readouterr().out


def test_data_that_are_missing_are_said_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--data"):
        main(["--data", str(tmp_path)])


def test_the_card_belongs_to_the_weights() -> None:
    text = CARD.read_text(encoding="utf-8")
    for name, value in shipped().features.model_dump().items():
        assert f"{name} {value:g}" in text
