"""Words that turn a statement round: negations, directions, and how strongly something is said."""

from collections.abc import Iterable
from typing import NamedTuple


def words(text: str) -> frozenset[str]:
    """The words of a list that is written as a line."""
    return frozenset(text.split())


NEGATIONS = words(
    "no not never none nobody nothing neither nor without cannot n't lack lacks lacked lacking absence "
    "absent fail fails failed failing unable unlikely unaffected independent independently unrelated "
    "unchanged insufficient dispensable refute refuted denied denies ineffective isn aren wasn weren hasn "
    "haven hadn doesn don didn won wouldn shouldn couldn mustn"
)
OPPOSITES = (
    (
        "increase increases increased increasing higher high greater more rise rises rose rising raise "
        "raises activated "
        "raised elevated elevate elevates enhance enhances enhanced upregulated upregulates upregulate "
        "promote promotes promoted promoting stimulate stimulates stimulated activate activates "
        "induce induces induced grow grows grew gain gained improve improves improved longer larger bigger "
        "faster accelerate accelerates accelerated amplify amplifies up strengthen strengthens positive "
        "positively expand expands expanded facilitate facilitates",
        "decrease decreases decreased decreasing lower low less fewer fall falls fell falling reduce reduces "
        "reduced reducing reduction decline declines declined diminished diminish diminishes downregulated "
        "downregulates downregulate inhibit inhibits inhibited inhibiting inhibition suppress suppresses "
        "suppressed suppressing block blocks blocked prevent prevents prevented impair impairs impaired "
        "shrink shrinks lose loses lost loss worsen worsens shorter smaller slower attenuate attenuates "
        "attenuated down weaken weakens negative negatively inverse inversely deficient deficiency depleted "
        "abolish abolished limit limits limited",
    ),
    ("before prior earlier previously first", "after following later subsequently last"),
    ("beneficial benefit benefits effective safe protective protects protect success successful better best "
     "good favorable favourable accurate sensitive susceptible",
     "harmful harm harms ineffective unsafe adverse worse worst bad poor poorer unfavorable unfavourable "
     "inaccurate insensitive resistant resistance risk"),
    ("win wins won join joins joined open opened opens begin begins began start started starts enter entered",
     "lose loses lost leave leaves left close closed closes end ends ended finish finished exit exited"),
    ("all every always entire most majority", "some few rarely seldom minority none"),
)  # fmt: skip
SIDES = {
    word: (axis, side)
    for axis, pair in enumerate(OPPOSITES)
    for side, words in zip((1, -1), pair, strict=True)
    for word in words.split()
}
FLIPS = {
    "increase": "decrease",
    "increases": "decreases",
    "increased": "decreased",
    "increasing": "decreasing",
    "higher": "lower",
    "high": "low",
    "more": "less",
    "greater": "smaller",
    "promotes": "inhibits",
    "promote": "inhibit",
    "induces": "prevents",
    "activates": "suppresses",
    "enhances": "impairs",
    "improves": "worsens",
    "before": "after",
    "better": "worse",
    "beneficial": "harmful",
    "effective": "ineffective",
    "positively": "negatively",
    "positive": "negative",
    "longer": "shorter",
    "larger": "smaller",
    "all": "few",
    "most": "few",
}
FLIPPED = {**FLIPS, **{there: here for here, there in FLIPS.items() if there not in FLIPS}}
STRONG = words(
    "all every always must only never exclusively entirely completely solely certainly proves proven first "
    "best most largest"
)
HEDGES = words(
    "may might could can possibly perhaps some sometimes often suggest suggests suggested likely potential "
    "potentially appear appears seem seems partly approximately about almost nearly"
)


class Stance(NamedTuple):
    """What turns a text round."""

    negations: int
    up: frozenset[int]
    """Axes of OPPOSITES of which the text has a word of the first side."""
    down: frozenset[int]
    strong: int
    hedged: int


def stance(words: Iterable[str]) -> Stance:
    """The stance of a text's words, which are in lower case."""
    words = list(words)
    sides = [SIDES[word] for word in words if word in SIDES]
    return Stance(
        sum(word in NEGATIONS for word in words),
        frozenset(axis for axis, side in sides if side > 0),
        frozenset(axis for axis, side in sides if side < 0),
        sum(word in STRONG for word in words),
        sum(word in HEDGES for word in words),
    )


def against(one: Stance, other: Stance) -> int:
    """On how many axes the two texts only say opposite things."""
    return len(((one.up & other.down) - other.up) - one.down) + len(
        ((one.down & other.up) - other.down) - one.up
    )


def alike(one: Stance, other: Stance) -> int:
    """On how many axes both say the same."""
    return len(one.up & other.up) + len(one.down & other.down)


def turned(text: str) -> str:
    """The text with its direction words replaced by their opposites, or denied where it has none."""
    words = text.split(" ")
    flipped = [FLIPPED.get(word.strip(".,;").lower(), word) for word in words]
    return " ".join(flipped) if flipped != words else f"It is not true that {text}"
