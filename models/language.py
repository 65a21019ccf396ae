"""The language of a text, and its words as index terms: told by script, else by its stop words."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from threading import local
from unicodedata import combining, normalize

ENGLISH = "english"
SURE = 0.25
"""Share of English stop words from which on a text is English; running text has .3 to .5."""
MIN_WORDS = 2
"""Different stop words of another language that are needed to take a text for it,"""
MIN_SHARE = 0.2
"""and their share of its words."""
LEAD = 2
"""More than so many times as often as English ones: `in` and `a` are words of several languages."""

SCRIPTS = (
    (re.compile(r"[\u0400-\u052f]+"), "russian"),
    (re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]{2,}"), "greek"),
    (re.compile(r"[\u0600-\u06ff]+"), "arabic"),
    (re.compile(r"[\u0900-\u097f]+"), "hindi"),
    (re.compile(r"[\u0b80-\u0bff]+"), "tamil"),
    (re.compile(r"[\u0530-\u058f]+"), "armenian"),
)
"""Scripts of which one language has a stemmer; a single Greek letter is a symbol."""
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\U00020000-\U0003134f]+"
)
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese, Korean: words are not, or not always, set apart by spaces."""
OTHER = re.compile(
    "[\u0400-\u06ff\u0900-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\U00020000-\U0003134f]"
)
GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff]{2}")


def other_script(text: str) -> bool:
    """Whether a text has words that are not analysed as English ones, whatever its language."""
    return bool(OTHER.search(text) or GREEK.search(text))


@cache
def stop_words() -> dict[str, frozenset[str]]:
    """Snowball's stop words by language, English ones aside."""
    lines = (Path(__file__).parent / "stop_words.txt").read_text("utf-8").splitlines()
    rows = (line.partition(": ") for line in lines if line and not line.startswith("#"))
    return {language: frozenset(words.split()) for language, _, words in rows}


def detect(words: Sequence[str], english: int) -> str:
    """The language of a text in Latin letters; English if that cannot be told.

    Args:
        words: Its words, case-folded.
        english: How many of them are English stop words.
    """
    if english >= SURE * len(words):
        return ENGLISH
    hits: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for word, count in Counter(words).items():
        for language in _languages().get(word, ()):
            hits[language] += count
            kinds[language] += 1
    if not hits:
        return ENGLISH
    # Of two that are equal the one that comes first in the alphabet.
    best = min(hits, key=lambda language: (-hits[language], -kinds[language], language))
    enough = kinds[best] >= MIN_WORDS and hits[best] >= MIN_SHARE * len(words) and hits[best] > LEAD * english
    return best if enough else ENGLISH


def other_terms(word: str, language: str) -> Iterable[str]:
    """Terms of a word that is not English, or not in Latin letters: none for a stop word.

    In a script without spaces they are its pairs of characters. Else they are its stem without accents and
    the stem that English would give it, by which it meets a text whose language could not be told.
    """
    if UNSPACED.search(word):
        return _pairs(word)
    if not word.isascii():
        language = next((name for script, name in SCRIPTS if script.fullmatch(word)), language)
    if language == ENGLISH:
        return (english(word),)
    if word in stop_words().get(language, ()):
        return ()
    return dict.fromkeys((unaccented(stem(word, language)), english(word)))


@lru_cache(maxsize=100_000)
def unaccented(word: str) -> str:
    """The word without accents; of scripts in which a mark is a vowel, unchanged."""
    if word.isascii() or any(script.fullmatch(word) for script, _ in SCRIPTS):
        return word
    return "".join(one for one in normalize("NFKD", word) if not combining(one)) or word


def _pairs(word: str) -> list[str]:
    found: list[str] = []
    reached = 0
    for run in UNSPACED.finditer(word):
        found += _rest(word[reached : run.start()])
        text = run[0]
        found += [text] if len(text) == 1 else [text[place : place + 2] for place in range(len(text) - 1)]
        reached = run.end()
    return found + _rest(word[reached:])


def _rest(part: str) -> list[str]:
    return [english(part)] if part else []


@cache
def _languages() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for language, words in stop_words().items():
        for word in words:
            found[word] = (*found.get(word, ()), language)
    return found


_own = local()


@lru_cache(maxsize=100_000)
def english(word: str) -> str:
    """The word's stem in English; in a function of its own, since every search and passage needs it."""
    return stem.__wrapped__(word, ENGLISH)


@lru_cache(maxsize=100_000)
def stem(word: str, language: str) -> str:
    """The word's stem (Snowball)."""
    # A stemmer keeps the word it works on in itself: each thread needs its own.
    made = _own.__dict__.setdefault("stemmers", {})
    if language not in made:
        from snowballstemmer import stemmer

        made[language] = stemmer(language)
    # A stemmer may leave nothing of a word that is one suffix.
    return str(made[language].stemWord(word)) or word
