"""A judge: a model by name and a rubric, asked in the product's own way for a reason and a verdict."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from evals.judges.item import Item
from evals.judges.rubric import Rubric, instructions
from evals.judges.votes import Budget, Vote, VoteFile
from models.chat import Chat, ModelError, Prompt, Reply
from models.names import chat
from nodes.asking import prompt
from state.canonical import digest
from state.errors import WarrantError
from state.models_policy import ModelsPolicy
from state.schema import Json, JsonSchema
from state.settings import Settings
from state.usage import Usage

TEMPERATURE = 0.0
DEFAULT_CALLS = 10_000
MAX_REASON = 2_000


class Judgement(BaseModel):
    """What a judge makes of one item, out of all its votes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    good: bool | None
    """The good label, or of a pair the first answer; None where the judge gives no verdict, or a tie."""
    reason: str = ""
    undefined: str | None = None
    """Why there is no verdict: `invalid`, `orders disagree`, `tie` or `repeats disagree`."""
    rounds: tuple[bool | None, ...] = ()
    """What each repeat came to."""
    sides: tuple[str, ...] = ()
    """Of a pair: `first` or `second` for each repeat in which the judge kept to a side in both orders."""

    @property
    def unanimous(self) -> bool:
        """Whether every repeat came to the same verdict."""
        return None not in self.rounds and len(set(self.rounds)) == 1


@dataclass(frozen=True)
class Judge:
    """A judge; several items are judged at once, each vote is asked for once."""

    chat: Chat
    rubric: Rubric
    votes: VoteFile = field(default_factory=VoteFile)
    budget: Budget = field(default_factory=lambda: Budget(DEFAULT_CALLS))
    repeats: int = 1
    retries: int = 2
    """How often a reply that breaks the schema is sent back."""
    concurrency: int = 4

    @property
    def model(self) -> str:
        """Digest of the model's name and settings; a calibration holds for exactly these."""
        return digest({"model": self.chat.name, "temperature": TEMPERATURE, "retries": self.retries})

    async def judge(self, item: Item) -> Judgement:
        """Judge one item, as often as `repeats` says, a pair in both orders each time.

        Raises:
            ModelError: the model cannot be asked.
            BoundExceededError: the budget is used up.
        """
        votes = [await self._round(item, repeat) for repeat in range(self.repeats)]
        return combined(self.rubric, votes)

    async def judge_all(
        self, items: Sequence[Item], done: Callable[[int], None] = lambda _count: None
    ) -> list[Judgement]:
        """Judge many items, in their order; `done` is told how many are finished.

        Raises:
            ModelError: the model cannot be asked; votes that are finished are kept.
            BoundExceededError: the budget is used up; likewise.
        """
        found = dict[int, Judgement]()
        waiting = (pair for pair in enumerate(items))

        async def work() -> None:
            for place, item in waiting:
                try:
                    found[place] = await self.judge(item)
                except WarrantError:
                    waiting.close()  # What is under way has been paid for and is kept; nothing new begins.
                    raise
                done(len(found))

        ends = await asyncio.gather(*(work() for _ in range(self.concurrency)), return_exceptions=True)
        for error in filter(None, ends):
            raise error
        return [found[place] for place in range(len(items))]

    async def _round(self, item: Item, repeat: int) -> list[Vote]:
        orders = (False, True) if self.rubric.kind == "pairwise" else (False,)
        return [await self._vote(item, repeat, swapped=swapped) for swapped in orders]

    async def _vote(self, item: Item, repeat: int, *, swapped: bool) -> Vote:
        sections = item.shown(self.rubric, swapped=swapped)
        key = digest([self.model, self.rubric.digest, digest(sections), repeat, "swapped" if swapped else ""])
        if key not in self.votes.votes:
            self.votes.keep(key, await self._ask(sections))
        return self.votes.votes[key]

    async def _ask(self, sections: dict[str, Json]) -> Vote:
        violations: list[Json] = []
        usage = Usage()
        for _ in range(1 + self.retries):
            reply = await self._reply(self._prompt(sections, violations))
            usage += reply.usage
            if not reply.violations:
                return Vote(verdict=reply.value["verdict"], reason=reply.value["reason"], usage=usage)
            violations = [violation.model_dump() for violation in reply.violations]
        return Vote(verdict=None, problem=reply.violations[0].message, usage=usage)

    async def _reply(self, asked: Prompt) -> Reply:
        self.budget.begin()
        usage = Usage()
        try:
            reply = await self.chat.reply(asked)
            usage = reply.usage
        except ModelError as error:
            usage = error.usage
            raise
        finally:
            self.budget.end(usage)
        return reply

    def _prompt(self, sections: dict[str, Json], violations: list[Json]) -> Prompt:
        told = f"{instructions()}\n# {self.rubric.question}\n\n{self.rubric.criteria}\n"
        return prompt(
            "judge", told, reply_schema(self.rubric), {**sections, "violations": violations or None}
        )


def named_judge(name: str, rubric: Rubric, policy: ModelsPolicy, settings: Settings) -> Judge:
    """A judge of this very model: with no fallback, since another model is another judge.

    Raises:
        ModelError: the name has no known form.
    """
    strict = policy.model_copy(update={"fallback": (), "temperature": TEMPERATURE})
    return Judge(chat(name, strict, settings), rubric)


def reply_schema(rubric: Rubric) -> JsonSchema:
    """JSON Schema of a judge's reply; the reason comes first, so that the verdict follows from it."""
    return {
        "type": "object",
        "properties": {
            "reason": {"type": "string", "maxLength": MAX_REASON},
            "verdict": {"type": "string", "enum": list(rubric.verdicts)},
        },
        "required": ["reason", "verdict"],
        "additionalProperties": False,
    }


def combined(rubric: Rubric, rounds: Sequence[Sequence[Vote]]) -> Judgement:
    """The judgement of all votes: what more than half of the defined rounds say."""
    found = [_of_pair(votes) if rubric.kind == "pairwise" else _of_one(rubric, votes[0]) for votes in rounds]
    verdicts = [one.good for one in found]
    for good in (True, False):
        if verdicts.count(good) * 2 > len(verdicts) - verdicts.count(None):
            decided = found[verdicts.index(good)]
            return _with_rounds(decided, found)
    split = any(good is not None for good in verdicts)
    undecided = Judgement(good=None, undefined="repeats disagree") if split else found[0]
    return _with_rounds(undecided, found)


def _with_rounds(decided: Judgement, found: Sequence[Judgement]) -> Judgement:
    rounds = tuple(one.good for one in found)
    sides = tuple(side for one in found for side in one.sides)
    return decided.model_copy(update={"rounds": rounds, "sides": sides})


def _of_one(rubric: Rubric, vote: Vote) -> Judgement:
    if vote.verdict is None:
        return Judgement(good=None, reason=vote.problem or "", undefined="invalid")
    return Judgement(good=vote.verdict == rubric.labels[0], reason=vote.reason)


def _of_pair(votes: Sequence[Vote]) -> Judgement:
    """Both orders have to name the same answer; a judge that names the same side has looked at the order."""
    straight, swapped = votes
    if straight.verdict is None or swapped.verdict is None:
        problem = straight.problem or swapped.problem or ""
        return Judgement(good=None, reason=problem, undefined="invalid")
    if straight.verdict == swapped.verdict:
        if straight.verdict == "tie":
            return Judgement(good=None, reason=straight.reason, undefined="tie")
        return Judgement(good=None, undefined="orders disagree", sides=(straight.verdict,))
    if "tie" in (straight.verdict, swapped.verdict):
        return Judgement(good=None, undefined="orders disagree")
    return Judgement(good=straight.verdict == "first", reason=straight.reason)
