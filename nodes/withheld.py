"""What a user is told instead of an answer that may not leave, and what they can do."""

from state.verdict import Verdict

ADVICE = {
    "secret": "Ask for it without the key or password; who may use it finds it where it is kept.",
    "personal_data": "Ask without the data of people; who may see them looks them up in the source.",
    "unreadable": "Ask for plain text; the source needs to be cleaned of characters that nobody sees.",
    "prompt_leak": "Ask about your subject: what the assistant itself was told is not given out.",
    "foreign_data": "Ask for what is in your own documents, or have somebody give you access to the others.",
    "unsupported_claim": "Ask more narrowly, or add a source that says it.",
    "off_scope": "Ask about what this assistant is for.",
    "harmful_request": "Ask for something that harms nobody.",
    "direct_injection": "Ask for it in your own words, without instructions to the assistant.",
    "jailbreak": "Ask for it in your own words, without a role for the assistant.",
    "indirect_injection": "Have the source checked: it may hold instructions that somebody planted.",
    "too_long": "Ask for less at once.",
    "error": "Ask again in a moment; if that does not help, whoever runs this finds the cause in the log.",
}
"""Category → what the user can do now."""
OTHERWISE = "Ask differently, or have the source corrected."


def withheld(verdict: Verdict) -> str:
    """Why there is no answer, and the way out."""
    return f"The answer was withheld by the gate: {verdict.reason} {way_out(verdict.category)}"


def way_out(category: str) -> str:
    """What a user can do where a text of this category may not leave."""
    return ADVICE.get(category, OTHERWISE)
