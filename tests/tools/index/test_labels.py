"""Who may read a file from outside it: sidecars, path rules, and how a change of them takes effect."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from models.embeddings.names import Embedder
from state.errors import UsageError
from state.label_policy import NOBODY, LabelRule, rules_digest
from tools.index.document import BrokenDocumentError
from tools.index.ingest import add
from tools.index.labels import Labels
from tools.index.relabel import label
from tools.index.search import Index

EVERYTHING = frozenset({"hr", "legal", "staff"})


def rule(path: str, *labels: str) -> LabelRule:
    return LabelRule.model_validate({"path": path, "labels": labels or ("hr",)})


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def found(
    folder: Path, embedder: Embedder, *held: str, rules: Sequence[LabelRule] = ()
) -> dict[str, tuple[str, ...]]:
    index = Index(folder, embedder, rules=rules_digest(tuple(rules)))
    passages = index.search("return shipping", 50, 50, frozenset(held))
    return {Path(one.source).name: one.labels for one in passages}


class Counting:
    """An embedding model that counts the texts of documents it is given."""

    def __init__(self, inner: Embedder) -> None:
        self._inner, self.name, self.dimensions, self.texts = inner, inner.name, inner.dimensions, 0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += len(texts)
        return self._inner.embed(texts)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("hr/**", "/srv/hr/a.md", True),
        ("hr/**", "/srv/hr/deep/er/a.md", True),
        ("hr", "/srv/hr/deep/a.md", True),
        ("hr", "/srv/hr.md", False),
        ("HR/*.md", "/srv/hr/A.MD", True),
        ("hr/*.md", "/srv/hr/deep/a.md", False),
        ("docs/hr/**", "/srv/docs/hr/a.md", True),
        ("docs/hr/**", "/srv/hr/a.md", False),
        ("/srv/hr", "/srv/hr/a.md", True),
        ("/hr", "/srv/hr/a.md", False),
        ("a/**/z.md", "/a/z.md", True),
        ("a/**/z.md", "/a/b/c/z.md", True),
        ("salary?.[cm]*", "/x/salary1.md", True),
        ("**/*.pdf", "/a.pdf", True),
        ("gehälter", "/srv/geha\u0308lter/a.md", True),
    ],
)
def test_a_pattern_covers_a_path_and_all_below_it(pattern: str, path: str, matches: bool) -> None:
    assert Labels([rule(pattern)]).of(Path(path)) == (("hr",) if matches else ())


@pytest.mark.parametrize("path", ["", "/", "hr/", "hr//x", "../hr", "./hr", "hr\\x", "a**", "hr/**x"])
def test_a_pattern_that_would_silently_match_nothing_is_refused(path: str) -> None:
    with pytest.raises(ValidationError):
        rule(path)


@pytest.mark.parametrize("name", ["", " hr", "!nobody"])
def test_a_label_that_nobody_can_hold_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        rule("hr", name)


NAMES = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=5)


@given(NAMES, st.lists(st.sampled_from(["a", "b", "*", "?", "**", "a*"]), min_size=1, max_size=4))
def test_whatever_matches_a_folder_matches_all_below_it(names: list[str], pattern: list[str]) -> None:
    labels = Labels([rule("/".join(pattern))])
    above, below = Path("/", *names), Path("/", *names, "below", "x.md")
    assert set(labels.of(above)) <= set(labels.of(below))


def test_labels_of_a_document_its_sidecars_and_the_rules_add_up(
    folder: Path, documents: Path, embedder: Embedder
) -> None:
    write(documents / "free.md", "Return shipping is free.")
    write(documents / "deep" / "er" / "all.md", "---\nlabels: legal\n---\nReturn shipping for staff.")
    write(documents / "deep" / "_labels.toml", 'labels = ["staff"]')
    rules = [rule("deep/er/**")]
    add(folder, embedder, [documents], rules=rules)
    assert found(folder, embedder, rules=rules) == {"free.md": ()}
    assert found(folder, embedder, "hr", "legal", rules=rules) == {"free.md": ()}
    everything = found(folder, embedder, *EVERYTHING, rules=rules)
    assert everything == {"free.md": (), "all.md": ("hr", "legal", "staff")}


def test_a_link_has_the_labels_of_where_it_lies_and_of_what_it_leads_to(
    folder: Path, documents: Path, tmp_path: Path, embedder: Embedder
) -> None:
    secret = write(tmp_path / "elsewhere" / "hr" / "pay.md", "Return shipping of pay slips.")
    write(secret.with_name("pay.md.labels.toml"), 'labels = "legal"')
    (documents / "open.md").symlink_to(secret)
    write(documents / "open.md.labels.toml", 'labels = ["staff"]')
    assert Labels([rule("hr")]).of(documents / "open.md") == ("hr", "legal", "staff")


@pytest.mark.parametrize("how", ["sidecar", "folder", "rule"])
def test_a_change_relabels_without_reading_or_embedding_and_at_once(
    folder: Path, documents: Path, embedder: Embedder, how: str
) -> None:
    counting = Counting(embedder)
    write(documents / "in" / "a.md", "Return shipping is free.")
    write(documents / "b.md", "Return shipping by ship.")
    add(folder, counting, [documents])
    written, rules = counting.texts, [rule("in/*.md")] if how == "rule" else []
    open_index = Index(folder, embedder, rules=rules_digest(tuple(rules)))
    if how != "rule":
        assert len(open_index.search("return", 9, 9, frozenset())) == 2
        sidecar = "in/a.md.labels.toml" if how == "sidecar" else "in/_labels.toml"
        write(documents / sidecar, 'labels = ["hr"]')
    done = label(folder, counting, Labels(rules))
    assert (done.files, done.changed, done.broken) == (2, 1, [])
    assert [Path(one.source).name for one in open_index.search("return", 9, 9, frozenset())] == ["b.md"]
    assert len(open_index.search("return", 9, 9, frozenset({"hr"}))) == 2
    assert label(folder, counting, Labels(rules)).changed == 0
    again = add(folder, counting, [documents], rules=rules)
    assert (again.relabelled, again.unchanged, again.passages) == (0, 2, 0)
    assert counting.texts == written
    if how == "rule":
        with pytest.raises(UsageError, match="would be lost"):
            add(folder, counting, [documents])
        assert add(folder, counting, [documents], rules=()).relabelled == 1
    else:
        (documents / sidecar).unlink()
        assert add(folder, counting, [documents]).relabelled == 1
    assert len(found(folder, embedder)) == 2
    assert counting.texts == written


def test_a_rule_reaches_what_is_not_named_in_this_call(
    folder: Path, documents: Path, embedder: Embedder
) -> None:
    write(documents / "a.md", "Return shipping is free.")
    write(documents / "b.md", "Return shipping by ship.")
    add(folder, embedder, [documents])
    rules = [rule("a.md")]
    assert add(folder, embedder, [documents / "b.md"], rules=rules).relabelled == 1
    assert found(folder, embedder, rules=rules) == {"b.md": ()}


def test_other_rules_than_those_of_the_index_are_refused(
    folder: Path, documents: Path, embedder: Embedder
) -> None:
    path = write(documents / "a.md", "Return shipping is free.")
    assert found(folder, embedder, rules=[rule("a.md")]) == {}, "there is nothing yet"
    add(folder, embedder, [documents])
    index = Index(folder, embedder, rules=rules_digest((rule("a.md"),)))
    for ask in (
        lambda: index.search("return", 9, 9, EVERYTHING),
        lambda: index.source_text(str(path), EVERYTHING),
    ):
        with pytest.raises(UsageError, match="warrant index label"):
            ask()
    label(folder, embedder, Labels([rule("a.md")]))
    assert index.search("return", 9, 9, frozenset()) == []
    with pytest.raises(UsageError, match="restarted"):
        found(folder, embedder, "hr")


def test_the_order_of_rules_and_labels_does_not_matter() -> None:
    one, two = rule("a", "x", "y"), rule("b")
    assert rules_digest((one, two)) == rules_digest((two, rule("a", "y", "x")))
    assert rules_digest((one,)) != rules_digest((two,))
    assert rules_digest(()) == ""


UNCLEAR = [
    "labels = [",
    "label = ['hr']",
    "labels = ['hr']\nmore = 1",
    "labels = 3",
    "labels = ['']",
    "labels = ['!nobody']",
    "",
    "#" * 70_000,
]


@pytest.mark.parametrize("text", UNCLEAR)
@pytest.mark.parametrize("name", ["a.md.labels.toml", "_labels.toml"])
def test_an_unclear_sidecar_is_read_as_nobody(
    folder: Path, documents: Path, embedder: Embedder, name: str, text: str
) -> None:
    write(documents / "a.md", "Return shipping is free.")
    add(folder, embedder, [documents])
    sidecar = write(documents / name, text)
    done = label(folder, embedder, Labels())
    assert (done.changed, len(done.broken)) == (1, 1)
    assert "nobody may" in done.broken[0].error
    assert found(folder, embedder, *EVERYTHING) == {}
    write(documents / "new.md", "Return shipping, new.")
    summary = add(folder, embedder, [documents])
    assert any("nobody may" in one.error for one in summary.broken)
    assert "a.md" not in found(folder, embedder, *EVERYTHING)
    assert ("new.md" in found(folder, embedder, *EVERYTHING)) == (name != "_labels.toml")
    sidecar.write_text("labels = []", "utf-8")
    add(folder, embedder, [documents])
    assert found(folder, embedder) == {"a.md": (), "new.md": ()}


@pytest.mark.parametrize("how", ["folder", "link", "binary"])
def test_a_sidecar_that_cannot_be_opened_is_unclear(documents: Path, how: str) -> None:
    sidecar = documents / "a.md.labels.toml"
    if how == "folder":
        sidecar.mkdir()
    elif how == "link":
        sidecar.symlink_to(documents / "nowhere")
    else:
        sidecar.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BrokenDocumentError):
        Labels().of(documents / "a.md")
    assert Labels().surely(documents / "a.md")[0] == (NOBODY,)


def test_what_is_gone_keeps_the_labels_that_went_with_it(
    folder: Path, documents: Path, embedder: Embedder
) -> None:
    path = write(documents / "in" / "a.md", "Return shipping is free.")
    sidecar = write(documents / "in" / "_labels.toml", 'labels = ["hr"]')
    add(folder, embedder, [documents])
    path.unlink()
    sidecar.unlink()
    assert label(folder, embedder, Labels()).changed == 0
    assert found(folder, embedder) == {}
    assert found(folder, embedder, "hr") == {"a.md": ("hr",)}


def test_a_killed_change_of_rules_serves_nobody_by_the_new_ones(
    folder: Path, documents: Path, embedder: Embedder
) -> None:
    write(documents / "a.md", "Return shipping is free.")
    rules = [rule("a.md")]
    add(folder, embedder, [documents], rules=rules)
    with sqlite3.connect(folder / "catalogue.db") as database:
        database.execute("UPDATE meta SET value = 'half' WHERE key = 'rules'")
    database.close()
    with pytest.raises(UsageError, match="warrant index label"):
        found(folder, embedder, rules=rules)
    label(folder, embedder, Labels(rules))
    assert found(folder, embedder, "hr", rules=rules) == {"a.md": ("hr",)}


def test_a_name_too_long_for_a_sidecar_has_none(tmp_path: Path) -> None:
    path = tmp_path / f"{'n' * 252}.md"
    path.write_text("A long name.", "utf-8")
    assert Labels().of(path) == ()
