"""Training data from traces that were rated, in the conversational formats of TRL.

https://huggingface.co/docs/trl/dataset_formats: supervised fine-tuning takes `{messages, tools}`, preference
optimisation `{prompt, chosen, rejected, tools}`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from evals.traces.transcripts import transcript
from evals.traces.trl import TrainedMessage, UnfitError, compared, prompt_of, tools_of, trained
from state.canonical import digest
from state.feedback import Feedback
from state.schema import Json
from state.trace import Run

Traces: TypeAlias = Callable[[str], Sequence[Run]]
"""The runs of a trace, by its id."""


class Opinion(NamedTuple):
    """What is thought of a trace under one key."""

    score: float | None
    """The mean, where several sources rated it."""
    correction: str | None
    """The last one."""


class _Trace(NamedTuple):
    id: str
    messages: list[TrainedMessage]
    tools: list[Json]


@dataclass
class Training:
    """Makes training data, one record at a time, and counts what it left out."""

    traces: Traces
    tools: Sequence[Json] = ()
    """Definitions of the tools, for traces that do not hold them."""
    written: int = 0
    without_tools: int = 0
    """Records with calls and no definitions of tools."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Reason → number of traces."""

    def sft(self, opinions: Mapping[str, Opinion], min_score: float) -> Iterator[dict[str, Json]]:
        """`{messages, tools}` of each trace that is rated at least `min_score`."""
        for trace_id, opinion in opinions.items():
            if opinion.score is None or opinion.score < min_score:
                self.left_out["no rating" if opinion.score is None else f"rated below {min_score:g}"] += 1
            elif trace := self._read(trace_id):
                yield self._record({"messages": trace.messages}, trace.tools)

    def dpo(self, opinions: Mapping[str, Opinion]) -> Iterator[dict[str, Json]]:
        """`{prompt, chosen, rejected, tools}`: of each correction, and of traces with one prompt.

        The best trace of a prompt goes with the worst, the second best with the second worst, and so on,
        while their ratings differ. Two traces share what they begin with; what they do next, until the user
        speaks again, is compared.
        """
        groups: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
        for trace_id, opinion in opinions.items():
            if opinion.correction is None and opinion.score is None:
                self.left_out["no rating"] += 1
            elif trace := self._read(trace_id):
                if opinion.correction is not None:
                    yield from self._corrected(trace, opinion.correction)
                elif opinion.score is not None:
                    groups[digest(prompt_of(trace.messages))].append((opinion.score, trace_id))
        for group in groups.values():
            yield from self._pairs(sorted(group))

    def _pairs(self, group: list[tuple[float, str]]) -> Iterator[dict[str, Json]]:
        while len(group) > 1 and group[0][0] < group[-1][0]:
            worse, better = group.pop(0)[1], group.pop()[1]
            best, worst = self._read(better), self._read(worse)
            found = compared(best.messages, worst.messages) if best and worst else None
            if best and found:
                yield self._record(found, best.tools)
            elif best and worst:
                self.left_out["both do the same until the user speaks"] += 2
        if group:
            self.left_out["no trace of the same prompt with another rating"] += len(group)

    def _corrected(self, trace: _Trace, correction: str) -> Iterator[dict[str, Json]]:
        *before, last = trace.messages
        if last["role"] != "assistant" or "tool_calls" in last:
            self.left_out["a correction of no answer"] += 1
        elif last["content"] == correction:
            self.left_out["a correction that changes nothing"] += 1
        else:
            chosen = {"role": "assistant", "content": correction}
            yield self._record({"prompt": before, "chosen": [chosen], "rejected": [last]}, trace.tools)

    def _record(self, record: dict[str, Json], tools: Sequence[Json]) -> dict[str, Json]:
        self.written += 1
        if tools:
            return {**record, "tools": list(tools)}
        calls = any("tool_calls" in message for part in record.values() for message in part)
        self.without_tools += calls
        return record

    def _read(self, trace_id: str) -> _Trace | None:
        runs = self.traces(trace_id)
        try:
            if not runs:
                raise UnfitError("no such trace any more")
            return _Trace(trace_id, trained(transcript(runs)), tools_of(runs) or list(self.tools))
        except UnfitError as error:
            self.left_out[str(error)] += 1
            return None


def opinions(feedback: Iterable[Feedback], key: str) -> dict[str, Opinion]:
    """Trace → what is thought of it under a key."""
    of_trace: defaultdict[str, list[Feedback]] = defaultdict(list)
    for one in feedback:
        if one.key == key:
            of_trace[one.trace_id].append(one)
    return {trace_id: _opinion(judged) for trace_id, judged in of_trace.items()}


def _opinion(judged: Sequence[Feedback]) -> Opinion:
    scores = [one.score for one in judged if one.score is not None]
    corrections = [one.correction for one in judged if one.correction is not None]
    mean = sum(scores) / len(scores) if scores else None
    return Opinion(mean, corrections[-1] if corrections else None)
