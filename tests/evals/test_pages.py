"""What docs/suites.md and docs/scorers.md show works, and the lists are whole."""

import re
import types
from pathlib import Path

from evals.cases.case import Case
from evals.scorers.labels import LABELS
from evals.scorers.registry import SCORERS
from evals.suites.suite import load_suite
from evals.trajectory import Trajectory
from state.settings import PROJECT

DOCS = PROJECT / "docs"


def block(page: str, language: str) -> str:
    (found,) = re.findall(
        rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return str(found)


def test_the_suite_of_the_page_is_one(tmp_path: Path) -> None:
    (tmp_path / "suite.toml").write_text(block("suites.md", "toml"), encoding="utf-8")
    suite = load_suite(tmp_path)
    assert (suite.name, suite.trials, suite.dataset) == ("demo", 1, tmp_path / "cases.jsonl")


def test_the_scorer_of_the_page_is_one() -> None:
    page = types.ModuleType("page")
    exec(compile(block("scorers.md", "python"), "docs/scorers.md", "exec"), page.__dict__)
    (score,) = page.polite(Case(id="c", input="?"), Trajectory(answer="Thank you."))
    assert score.passed
    assert page.polite(Case(id="c", input="?"), Trajectory(answer="No."))[0].passed is False


def test_the_page_lists_every_scorer_and_label() -> None:
    page = (DOCS / "scorers.md").read_text(encoding="utf-8")
    assert [name for name in (*SCORERS, *LABELS) if f"`{name}`" not in page] == []


def test_the_guide_links_to_pages_that_exist() -> None:
    links = re.findall(r"\]\(([\w-]+\.md)\)", (DOCS / "evaluation.md").read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []
