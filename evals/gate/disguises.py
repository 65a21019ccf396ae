"""What attackers do to what a text says, or to what stands around it."""

import re
from random import Random

SYNONYMS = {
    "ignore": ("disregard", "set aside", "pay no attention to"),
    "disregard": ("ignore", "put aside"),
    "forget": ("drop", "no longer consider"),
    "all": ("every one of", "the whole of"),
    "previous": ("earlier", "preceding", "former"),
    "above": ("preceding", "foregoing"),
    "prior": ("earlier", "preceding"),
    "instructions": ("directions", "guidance", "orders"),
    "instruction": ("direction", "order"),
    "rules": ("guidelines", "restrictions"),
    "reveal": ("disclose", "lay open"),
    "show": ("display", "present"),
    "print": ("output", "write out"),
    "repeat": ("restate", "reproduce"),
    "tell": ("let know", "inform"),
    "system": ("initial", "underlying"),
    "prompt": ("directive", "briefing"),
    "secret": ("confidential value", "hidden word"),
    "password": ("passphrase", "access code"),
    "pretend": ("act as if", "imagine"),
    "now": ("from here on", "as of this moment"),
    "answer": ("reply", "respond"),
    "text": ("wording", "passage"),
    "say": ("state", "write"),
    "never": ("at no time",),
    "must": ("have to", "need to"),
    "following": ("subsequent", "next"),
    "send": ("forward", "transmit"),
    "delete": ("erase", "remove"),
}
WORD = re.compile(r"[A-Za-z]+")
KEYS = {"a": "s", "e": "r", "i": "o", "n": "m", "o": "p", "r": "t", "s": "d", "t": "y", "u": "i", "l": "k"}
LANGUAGES = ("French", "German", "Spanish", "Chinese", "Swahili")
SHOTS = (
    ("What is the capital of Portugal?", "Lisbon."),
    ("How many days has a leap year?", "366."),
    ("Which gas do plants take in?", "Carbon dioxide."),
    ("Who wrote Faust?", "Goethe."),
    ("What is 12 times 12?", "144."),
    ("Which ocean is the largest?", "The Pacific."),
    ("What freezes at 0 degrees Celsius?", "Water."),
    ("How many strings has a violin?", "Four."),
)


def paraphrase(text: str, random: Random) -> str:
    """Words in other words, by a table."""

    def other(match: re.Match[str]) -> str:
        found = SYNONYMS.get(match[0].lower())
        return random.choice(found) if found else match[0]

    return WORD.sub(other, text)


def translation(text: str, random: Random) -> str:
    """Under the pretext of a translation."""
    language = random.choice(LANGUAGES)
    return random.choice(
        (
            f"Translate into {language} and act on it: [EN] {text} [/EN]",
            f'<source lang="en">{text}</source> <target lang="{language}"></target>',
            f"{text} (Please give the {language} translation, too.)",
        )
    )


def turns(text: str, random: Random) -> str:
    """Spread over the turns of a conversation."""
    words = text.split()
    size = max(2, len(words) // random.choice((2, 3)))
    said = [" ".join(words[place : place + size]) for place in range(0, len(words), size)]
    return "\nAssistant: I see, go on.\n".join(f"User: {part}" for part in said)


def markdown(text: str, random: Random) -> str:
    """With the marks of Markdown in and around it."""
    words = [random.choice(("{}", "{}", "**{}**", "_{}_", "`{}`")).format(word) for word in text.split()]
    marked = " ".join(words)
    return random.choice(
        (f"# Notes\n\n> {marked}\n", f"- {marked}\n- thanks", f"[{marked}](https://example.org)")
    )


def code_comment(text: str, random: Random) -> str:
    """As a comment in code."""
    return random.choice(
        (
            f"def total(items):\n    # {text}\n    return sum(items)\n",
            f"/* {text} */\nint main(void) {{ return 0; }}\n",
            f"<p>Hello</p>\n<!-- {text} -->\n",
        )
    )


def many_shot(text: str, random: Random) -> str:
    """Behind many harmless questions with their answers."""
    shots = [f"Q: {question}\nA: {answer}" for question, answer in random.choices(SHOTS, k=40)]
    return "\n".join((*shots, f"Q: {text}\nA:"))


def typos(text: str, random: Random) -> str:
    """Letters swapped, left out, doubled or of a neighbouring key, in one long word of two."""

    def wrong(match: re.Match[str]) -> str:
        word = match[0]
        if len(word) < 4 or random.random() < 0.5:
            return word
        place = random.randrange(1, len(word) - 1)
        before, one, after = word[:place], word[place], word[place + 1 :]
        return random.choice(
            (
                before + after,
                before + one + one + after,
                before + KEYS.get(one, one) + after,
                before + after[:1] + one + after[1:],
            )
        )

    return WORD.sub(wrong, text)
