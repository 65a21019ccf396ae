"""Recall and precision of what is found in generated texts, kind by kind.

    python -m benchmarks.redaction [--count 4000] [--harmless 2000] [--seed 7] [--held-out]

A planted value counts as found if no character of it is left. What else is found is a false alarm.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from typing import Any

from benchmarks.redaction.texts import Text, negatives, planted
from evals.statistics.intervals import wilson
from models.sensitive import Match, find


def judged(text: Text, matches: list[Match]) -> tuple[bool, list[str]]:
    """Whether nothing of the planted value is left, and what was found beside it."""
    end = text.start + len(text.value)
    left = [at for at in range(text.start, end) if not any(one.start <= at < one.end for one in matches)]
    found = bool(text.value) and not any(text.text[at].isalnum() for at in left)
    beside = [one for one in matches if not (text.value and one.start < end and one.end > text.start)]
    return found, [f"{one.kind}: {text.text[one.start : one.end]}" for one in beside]


def measured(count: int, harmless: int, seed: int, show: int, *, held_out: bool = False) -> dict[str, Any]:
    """The counts of one run."""
    found, total, named = Counter[str](), Counter[str](), defaultdict[str, Counter[str]](Counter)
    forms, forms_found, alarms, shown = Counter[str](), Counter[str](), Counter[str](), 0
    for text in planted(seed, count, held_out=held_out):
        matches = find(text.text)
        is_found, beside = judged(text, matches)
        total[text.kind] += 1
        forms[text.written] += 1
        found[text.kind] += is_found
        forms_found[text.written] += is_found
        named[text.kind].update(
            one.kind for one in matches if one.start < text.start + len(text.value) and one.end > text.start
        )
        alarms["beside what is planted"] += len(beside)
        if (not is_found or beside) and shown < show:
            shown += 1
            print(
                "missed" if not is_found else f"beside {beside}",
                text.kind,
                text.written,
                repr(text.text),
                file=sys.stderr,
            )
    wrong, texts = Counter[str](), Counter[str]()
    for text in negatives(seed, harmless, held_out=held_out):
        _, beside = judged(text, find(text.text))
        texts[text.kind] += 1
        wrong[text.kind] += bool(beside)
        alarms["in harmless texts"] += len(beside)
        if beside and shown < show:
            shown += 1
            print("false alarm", beside, text.kind, repr(text.text), file=sys.stderr)
    hits, false = sum(found.values()), sum(alarms.values())
    return {
        "recall": _share(hits, count),
        "precision": _share(hits, hits + false),
        "harmless_texts_flagged": _share(sum(wrong.values()), harmless),
        "kinds": {kind: {**_share(found[kind], total[kind]), "as": dict(named[kind])} for kind in total},
        "written": {form: _share(forms_found[form], forms[form]) for form in forms},
        "harmless": {kind: _share(wrong[kind], texts[kind]) for kind in texts},
        "false_alarms": dict(alarms),
    }


def _share(successes: int, of: int) -> dict[str, Any]:
    interval = wilson(successes, of)
    return {
        "value": round(successes / of, 4),
        "low": round(interval.low, 4),
        "high": round(interval.high, 4),
        "n": of,
    }


def _line(name: str, share: dict[str, Any]) -> str:
    return f"{name:<26}{share['value']:>7.3f}  [{share['low']:.3f}, {share['high']:.3f}]  n={share['n']}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=4_000, help="texts with something planted")
    parser.add_argument("--harmless", type=int, default=2_000, help="texts with nothing")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", type=int, default=0, help="so many mistakes on stderr")
    parser.add_argument("--held-out", action="store_true", help="sentences that nothing was tuned on")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    report = measured(given.count, given.harmless, given.seed, given.show, held_out=given.held_out)
    if given.json:
        print(json.dumps(report, indent=1))
        return
    for name in ("recall", "precision", "harmless_texts_flagged"):
        print(_line(name.replace("_", " "), report[name]))
    for title in ("kinds", "written", "harmless"):
        print(f"\n{'false alarms by what it looks like' if title == 'harmless' else 'recall by ' + title}")
        for name, share in report[title].items():
            print(_line(name, share))


if __name__ == "__main__":
    main()
