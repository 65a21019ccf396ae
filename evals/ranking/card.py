"""The card of the ranking: what it is made of, how well it does, and what it does not promise."""

from collections.abc import Sequence
from typing import NamedTuple

from evals.ranking.relevance import Cost, Reliability
from evals.ranking.table import HIT, Row, gain, markdown, mean_interval
from evals.statistics.intervals import wilson
from tools.index.ranking.weights import Weights

LICENCES = {
    "scifact": "CC BY 4.0 / ODC-BY",
    "cranfield": "long free for research, no explicit licence",
    "npl": "long free for research, no explicit licence",
    "chunkeval": "MIT",
}


class Report(NamedTuple):
    """Everything that was measured."""

    weights: Weights
    rows: list[Row]
    """RRF first, then fusion, the ranking as shipped, cross-validated, and what else was tried."""
    own: Reliability
    """Of the queries asked of their own collection, cross-validated."""
    every: Reliability
    """Of these and those asked of another."""
    costs: list[Cost]
    data: dict[str, str]
    """Digest by collection."""


def card(report: Report) -> str:
    """The card as Markdown; the same data give the same card."""
    return "\n".join(
        [
            "# The weights of the ranking",
            "",
            "Made by `python -m evals.ranking --data DIR --write`; do not edit. See `docs/retrieval.md`.",
            "",
            _model(report.weights),
            "",
            "## Data",
            "",
            "Development parts; nothing of them is shipped. 100 candidates of each leg and the passages "
            "beside them, default chunking.",
            "",
            _data(report),
            "",
            "Folds: five, by the hash of the first relevant passage, so that queries that share it stay on "
            "one side. The form of the features and their constants were chosen with all of these data in "
            "view, the weights of a fold were not.",
            "",
            "## Measures",
            "",
            "nDCG@10 of documents (a document scores as its best passage), macro over SciFact, Cranfield and "
            "NPL; on chunkeval hit@1 and recall within the first 2,000 characters of the passages.",
            "",
            markdown(report.rows),
            "",
            _intervals(report.rows),
            "",
            "## Relevance",
            "",
            _calibration(report),
            "",
            "## What it does not promise",
            "",
            _limits(),
            "",
        ]
    )


def _model(weights: Weights) -> str:
    named = ", ".join(f"{name} {value:g}" for name, value in weights.features.model_dump().items())
    return (
        f"A linear score of features ({named}), of which {weights.beside:g} is taken from the passages "
        "beside, and a logistic regression that makes a probability of it. Fitted by a listwise softmax; "
        "each collection weighs the same, one with judged spans less."
    )


def _data(report: Report) -> str:
    counts = {name.removesuffix(f" {HIT}"): len(one) for name, one in report.rows[0].by_query.items()}
    lines = ["| | queries | licence | SHA-256 |", "|---|---|---|---|"]
    for name, digest in report.data.items():
        training = f" + {counts[f'{name} train']} training" if f"{name} train" in counts else ""
        lines.append(f"| {name} | {counts[name]}{training} | {LICENCES.get(name, '')} | `{digest[:16]}…` |")
    return "\n".join(lines)


def _intervals(rows: Sequence[Row]) -> str:
    base, new = rows[0], rows[3]
    lines = ["Cross-validated, 95 % bootstrap over queries:", ""]
    for place, values in new.by_query.items():
        low, high = mean_interval([values])
        lines.append(f"* {place}: {values.mean():.3f} ({low:.3f} to {high:.3f})")
    difference, (low, high) = gain(base, new)
    lines.append(f"* macro less that of RRF, paired: {difference:+.3f} ({low:+.3f} to {high:+.3f})")
    return "\n".join(lines)


def _calibration(report: Report) -> str:
    lines = [
        "The probability that a passage is judged relevant, from its score behind the best one, its cosine "
        "and its coverage. Of the best ten passages of each query, cross-validated:",
        "",
        "| queries | Brier | Brier of the mean | ECE |",
        "|---|---|---|---|",
        *(
            f"| {name} | {one.brier:.3f} | {one.constant:.3f} | {one.error:.3f} |"
            for name, one in (
                ("of their own collection", report.own),
                ("and asked of another", report.every),
            )
        ),
        "",
        "| said (mean) | judged relevant | passages |",
        "|---|---|---|",
        *(f"| {said:.2f} | {was:.2f} | {count} |" for said, was, count in report.every.bins),
        "",
        "What `retrieval.least_relevance` costs, six passages a search (95 % Wilson intervals):",
        "",
        "| threshold | answerable, but every relevant passage dropped | off topic, but a passage left |",
        "|---|---|---|",
        *(
            f"| {one.threshold:g} | {_share(one.turned_away, one.answerable)} "
            f"| {_share(one.passed, one.elsewhere)} |"
            for one in report.costs
        ),
    ]
    return "\n".join(lines)


def _share(hits: int, n: int) -> str:
    low, high = wilson(hits, n)
    return f"{hits / max(n, 1):.3f} ({low:.3f} to {high:.3f}, n = {n})"


def _limits() -> str:
    return (
        "* Judgements are incomplete: what nobody judged counts as not relevant, so that probabilities are "
        "too low where many passages would do.\n"
        "* Off topic means a query of another of these collections. A question on the topic that the "
        "corpus cannot answer looks like one that it can.\n"
        "* Relevance was calibrated for English and for the embedding model `minilm`; another model has "
        "cosines of its own: tune anew before you set `retrieval.least_relevance`.\n"
        "* Abstracts and technical prose were measured; code, tables and conversations hardly."
    )
