"""Support: what a checker says about each claim of a draft, within time and budget."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.chat import ModelError
from models.faithfulness.checker import Checked, Checker
from nodes.asking import CHARS_PER_TOKEN, exceeded
from state.answer import Claim
from state.errors import WarrantError
from state.passage import Passage
from state.policy import Limits, VerifyPolicy
from state.support import Support
from state.usage import Usage


@dataclass
class Supported:
    """The verdicts on the claims, in their order; None where there is none, and why."""

    verdicts: list[Support | None] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """The reason for each None, empty for the others."""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class Supporting:
    """Asks the checker claim by claim."""

    checker: Checker
    policy: VerifyPolicy
    limits: Limits

    @property
    def drops(self) -> bool:
        """Whether an unsupported claim is dropped."""
        return self.policy.support == "drop"

    async def __call__(
        self, claims: Sequence[Claim], passages: Mapping[str, Passage], spent: Usage
    ) -> Supported:
        """The verdicts. A claim that could not be checked stays, with the reason beside it."""
        found, calls = Supported(), 0
        ends = asyncio.get_running_loop().time() + self.policy.timeout_seconds
        for claim in claims:
            texts = list(dict.fromkeys(passages[one.passage].text for one in claim.citations))
            try:
                if self.checker.spends:
                    self._afford(calls, spent + found.usage, len(claim.text) + sum(map(len, texts)))
                    calls += 1
                checked = await self._asked(claim.text, texts, ends)
            except WarrantError as error:
                if isinstance(error, ModelError):
                    found.usage += error.usage
                found.verdicts.append(None)
                found.problems.append(f"it was not checked: {error}")
                continue
            found.usage += checked.usage
            found.verdicts.append(checked.support)
            found.problems.append("")
        return found

    def _afford(self, calls: int, spent: Usage, chars: int) -> None:
        if calls >= self.policy.judge_calls:
            raise WarrantError(
                f"The bound verify.judge_calls of {self.policy.judge_calls} is reached.",
                "Raise it in policy.toml.",
            )
        if bound := exceeded(spent, self.limits, chars // CHARS_PER_TOKEN):
            raise WarrantError(bound, "Claims that are left are not checked.")

    async def _asked(self, claim: str, texts: Sequence[str], ends: float) -> Checked:
        try:
            async with asyncio.timeout_at(ends):
                return await self.checker.check(claim, texts)
        except WarrantError:
            raise
        except TimeoutError as error:
            raise WarrantError("The time for checking is over.", "Raise verify.timeout_seconds.") from error
        except Exception as error:  # a checker of one's own may raise anything
            raise WarrantError(f"The checker failed: {error!r}.", "Correct it, or set another.") from error
