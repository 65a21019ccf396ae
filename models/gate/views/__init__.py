"""What a model would read in a text."""

import unicodedata

from models.gate.views.view import View, whole


def views(text: str) -> list[View]:
    """The readings of a text, the plain one first."""
    return [whole(text)]
