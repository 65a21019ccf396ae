"""On whose behalf a run acts, as nodes see it."""

from collections.abc import Callable
from typing import TypeAlias

from langgraph.runtime import Runtime

from state.agent import Context
from tools.capability import Caller

Callers: TypeAlias = Callable[[Runtime[Context]], Caller]
"""The caller of a run, from its authenticated context, never from its state or its request."""
