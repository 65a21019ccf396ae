"""Drawing a measurement of retrieval in the terminal."""

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from app.eval_comparison import VERDICTS
from evals.retrieval.comparing import Comparison, Difference
from evals.retrieval.summary import Summary

NAMES = {
    "ndcg_at_10": "nDCG@10",
    "recall_at_10": "recall@10",
    "recall_at_100": "recall@100",
    "mrr_at_10": "MRR@10",
    "precision_at_10": "precision@10",
    "hit_at_1": "hit@1",
    "recall_in_2000": "recall in 2,000 characters",
    "density_in_2000": "density in 2,000 characters",
}


class Printed(BaseModel):
    """What `--json` prints."""

    model_config = ConfigDict(frozen=True)

    measured: Summary
    compared: list[Comparison]


def drawn(found: Summary, compared: Sequence[Comparison]) -> Iterator[RenderableType]:
    """The measures, what they were taken on, then each comparison."""
    table = _table("measure", "mean", "95 % interval")
    for name, figure in found.metrics.items():
        table.add_row(NAMES[name], f"{figure.mean:.4f}", f"[{figure.low:.4f}, {figure.high:.4f}]")
    yield table
    yield Text(_queries(found))
    yield from map(Text, _costs(found))
    for one in compared:
        yield Text("")
        yield from _comparison(one)


def _queries(found: Summary) -> str:
    left_out = f" ({found.header.left_out} without a relevant document left out)" * (
        found.header.left_out > 0
    )
    return (
        f"{found.queries} queries{left_out}, {found.header.judgements} judgements; "
        f"{found.unjudged_at_10:.1%} of the first ten documents are not judged; "
        f"{found.documents_per_query:.0f} documents ranked per query"
    )


def _costs(found: Summary) -> Iterator[str]:
    head = found.header
    if found.embedding_ms and found.search_ms and found.search_cpu_ms and found.total_ms:
        parts = {
            "embedding": found.embedding_ms,
            "the rest": found.search_ms,
            "its CPU": found.search_cpu_ms,
            "together": found.total_ms,
        }
        shown = ", ".join(f"{name} {one.p50:.1f} / {one.p95:.1f}" for name, one in parts.items())
        yield f"milliseconds per query, p50 / p95: {shown}"
    if head.index_bytes is not None:
        unreadable = f", {head.unreadable} documents could not be indexed" * (head.unreadable > 0)
        yield f"index: {head.index_bytes / 1e6:.1f} MB, {head.index_passages:,} passages{unreadable}"
        yield f"embedding model {head.embedding}, {head.candidates} candidates of each leg"


def _comparison(found: Comparison) -> Iterator[RenderableType]:
    words, style = VERDICTS[found.decision]
    differs = f" The two differ in: {', '.join(found.differs)}." if found.differs else ""
    yield Text(f"{words} Against {found.base}, {found.queries} queries.{differs}", style=f"bold {style}")
    level = f"{found.metrics[0].level:.0%} interval"
    table = _table("measure", "base", "new", "difference", level, "p", "worse", "better", "decision")
    for one in found.metrics:
        table.add_row(*_row(one), style=None if one.decision else "dim")
    yield table


def _row(found: Difference) -> Sequence[str]:
    low, high = found.interval
    return (
        NAMES[found.name],
        f"{found.base:.4f}",
        f"{found.new:.4f}",
        f"{found.difference:+.4f}",
        f"[{low:+.4f}, {high:+.4f}]",
        f"{found.p_corrected:.3f}" if found.p_corrected >= 0.001 else "<0.001",
        str(found.worse),
        str(found.better),
        f"{found.decision.replace('_', ' ')}: {found.reason}" if found.decision else "",
    )


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, justify="left" if name in ("measure", "decision") else "right")
    return table
