"""The gate as nodes see it."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from state.verdict import Place, Verdict

Judge: TypeAlias = Callable[[str, Place], Awaitable[Verdict]]
"""Judges a text at a place; whatever goes wrong inside, it gives a verdict, and that refuses."""
