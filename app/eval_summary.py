"""What a person reads at the end of a suite's run."""

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from app.drawing import text_of

if TYPE_CHECKING:
    from evals.judges.agreement import Estimate
    from evals.suites.summary import Rate, Summary

WIDTH = 110


def shown(found: "Summary") -> str:
    """The result as a text: rates with their 95 % intervals, why trials failed, costs, what to do next."""
    lines = [*_controls(found), *_means(found), *_judges(found), *_costs(found), *_next(found)]
    return text_of(_rates(found), width=WIDTH) + "".join(line.rstrip() + "\n" for line in lines)


def _rates(found: "Summary") -> Table:
    table = Table("", "passed", "95 % interval", "trials", "cases", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    rows = {"all": found.passed, "goal completion": found.goal_completion, **found.tags}
    for name, rate in rows.items():
        if rate is not None:
            table.add_row(Text(name), *_cells(rate))
    return table


def _cells(rate: "Rate") -> list[str]:
    low, high = rate.interval
    return [f"{rate.value:.1%}", f"{low:.1%} to {high:.1%}", str(rate.trials), str(rate.cases)]


def _controls(found: "Summary") -> list[str]:
    controls = {name: value for name, value in found.run.controls.items() if value is not None}
    lines = []
    if "null" in controls:
        gold = f", doing just what is expected {controls['gold']:.1%}" if "gold" in controls else ""
        lines.append(f"goal completion of doing nothing {controls['null']:.1%}{gold}")
    if "null_passed" in controls:
        lines.append(f"doing nothing passes {controls['null_passed']:.1%} of the cases")
    return ["", *lines] if lines else []


def _means(found: "Summary") -> list[str]:
    return [
        f"{name}: {mean.value:.3f} ({mean.interval[0]:.3f} to {mean.interval[1]:.3f}) in {mean.cases} cases"
        for name, mean in found.means.items()
    ]


def _judges(found: "Summary") -> list[str]:
    lines = []
    for name, rate in found.judges.items():
        behind = f"; corrected {_share(rate.corrected)}" if rate.corrected is not None else ""
        without = f"; {rate.undefined} without a verdict" if rate.undefined else ""
        lines.append(f"{name}: {_share(rate.apparent)} of {rate.apparent.n} trials{behind}{without}")
        lines.append(f"  {rate.trust}")
    return lines


def _share(found: "Estimate") -> str:
    if found.value is None or found.low is None or found.high is None:
        return "undefined"
    return f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%})"


def _costs(found: "Summary") -> list[str]:
    labels = ", ".join(f"{label} {count}" for label, count in found.labels.items())
    usage = found.usage
    cost = "unknown" if usage.cost_usd is None else f"${usage.cost_usd:.4f}"
    tokens = usage.input_tokens + usage.output_tokens
    lines = [f"labels: {labels}"] if labels else []
    lines.append(f"infrastructure errors: {found.infrastructure_errors}, counted nowhere else")
    lines.append(f"cost: {cost}, {usage.model_calls} model calls, {tokens} tokens")
    if found.seconds_p50 is not None and found.seconds_p95 is not None:
        lines.append(f"latency: p50 {found.seconds_p50:.3f} s, p95 {found.seconds_p95:.3f} s")
    return lines


def _next(found: "Summary") -> list[str]:
    return [
        f"results: {found.folder}",
        f"compare: warrant eval compare BASE {found.folder}",
        f"report:  warrant eval report {found.folder} --out report.html",
    ]
