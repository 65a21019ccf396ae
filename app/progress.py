"""What a person sees while a run goes on, and the answer at its end."""

import json
import logging
import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from models.redacted_logs import redact_logs
from nodes.release import shown
from state.answer import Answer

MARKS = {"running": "…", "done": "✓", "failed": "✗", "unknown": "?"}


def command() -> str:
    """How this program can be called again from here."""
    return "warrant" if shutil.which("warrant") else os.path.relpath(sys.argv[0])


class Progress:
    """Writes the plan, its steps and what the gate did not simply allow to stderr, one line each."""

    def __init__(self) -> None:
        """Take stderr, and the warnings of Warrant with it."""
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        written = logging.StreamHandler(sys.stderr)
        logging.basicConfig(handlers=[written], format="warrant: %(message)s", level=logging.WARNING)
        redact_logs(written)

    def __call__(self, mode: str, what: Mapping[str, Any]) -> None:
        """Show one event of the run."""
        if mode == "custom":
            self._step(what)
        for node, update in what.items() if mode == "updates" else ():
            if node == "plan" and update.get("plan"):
                self._plan(update["plan"]["steps"])
            for violation in update.get("violations") or () if isinstance(update, dict) else ():
                self._line("back", f"{violation['at']}{violation['path']}: {violation['message']}", "yellow")
            for verdict in update.get("verdicts") or () if isinstance(update, dict) else ():
                if verdict["decision"] != "allow":
                    self._line(verdict["decision"], f"at {verdict['place']}: {verdict['reason']}", "yellow")

    def close(self, document: Mapping[str, Any]) -> None:
        """Say what was spent and where the trace is."""
        usage = document["usage"]
        cost = "" if not usage["cost_usd"] else f", ${usage['cost_usd']:.4f}"
        tokens = usage["input_tokens"] + usage["output_tokens"]
        spent = f"{usage['model_calls']} model calls, {tokens} tokens{cost}, {usage['seconds']:.2f} s"
        self._line(document["outcome"], spent, "green" if document["outcome"] == "answered" else "yellow")
        self._line("trace", f"{command()} trace show {document['run_id']}")
        self._console.print()

    def answer(self, document: Mapping[str, Any]) -> str:
        """The answer as text, or what is needed to go on."""
        if document["waiting"]:
            calls = [line for waiting in document["waiting"] for line in _call(waiting)]
            flags = " ".join(f"--approve {w['step']}" for w in document["waiting"])
            held = any(waiting["tool"].startswith("gate.") for waiting in document["waiting"])
            others = "(or --reject)" if held else "(or --reject, --edit, --respond)"
            way_out = f"{command()} ask --resume {document['thread_id']} {flags}   {others}"
            return "\n".join([f"These {'texts' if held else 'calls'} need your approval:", *calls, way_out])
        given = document["answer"]
        return shown(Answer.model_validate(given)) if given else str(document["reason"])

    def _plan(self, steps: list[dict[str, Any]]) -> None:
        for step in steps or [{}]:
            args = " ".join(f"{key}={json.dumps(value)}" for key, value in step.get("args", {}).items())
            named = f"{step['id']} {step['tool']} {args}" if step else "no tool is needed"
            self._line("plan", f"{named}  {step.get('why', '')}".rstrip())

    def _step(self, event: Mapping[str, Any]) -> None:
        if event.get("status") in MARKS and event["status"] != "running":
            found = (
                f", {event['passages']} passages" if event["status"] == "done" and "passages" in event else ""
            )
            self._line(
                "step", f"{event['step']} {event['tool']} {MARKS[event['status']]} {event['status']}{found}"
            )

    def _line(self, label: str, text: str, style: str = "cyan") -> None:
        self._console.print(Text(f"{label:<15}", style=style) + Text(text))


def _call(waiting: Mapping[str, Any]) -> list[str]:
    """A call that waits: its exact arguments, where they come from, and why a human is asked."""
    lines = [f"{waiting['step']}: {waiting['tool']} {json.dumps(waiting['args'], ensure_ascii=False)}"]
    lines += [f"    {name} from {', '.join(places)}" for name, places in waiting["origins"].items() if places]
    return [*lines, *(f"    asked because: {reason}" for reason in waiting["reasons"])]
