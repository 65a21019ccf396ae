"""Our own agent for a replay: its effects go to a store that is thrown away."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from evals.replay.graph import Graph, isolated
from evals.replay.recording import Recording
from graphs.parts import assembled
from graphs.wiring import wire
from models.names import KEYS
from state.policy import load_policy
from state.schema import Json
from state.settings import Settings, settings
from state.store import Store

NAME = "graphs.agent:agent"
VOLATILE = ("state/scope", "state/results/*/seconds", "state/usage", "state/stamp")
"""What is new in each run of it, or says which version ran."""
NO_KEY = SecretStr("replay")


@contextmanager
def own_graph() -> Iterator[Graph]:
    """The agent of this process's settings and policy, with a ledger of its own."""
    chosen = _keyed(settings())
    with (
        TemporaryDirectory(prefix="warrant-replay-") as folder,
        closing(Store(f"sqlite:///{Path(folder) / 'warrant.db'}")) as store,
    ):
        yield isolated(wire(assembled(chosen, load_policy(chosen.policy), store)))


def own_context(recorded: Sequence[Recording], model: str | None = None) -> dict[str, Json]:
    """The knobs of a recorded run, and the model that it was asked with unless another one is named."""
    root = recorded[-1].root
    named = str(((root.metadata.get("stamp") or {}).get("models") or {}).get("chat") or "offline")
    kept: dict[str, Json] = dict(root.metadata.get("context") or {})
    return {**kept, "model": model or (named if _can_be_built(named) else "offline")}


def _can_be_built(name: str) -> bool:
    """Whether the model's client needs nothing that a replay may lack, as a tape's file or a key."""
    return name == "offline" or name.startswith(("http://", "https://")) or name.partition(":")[0] in KEYS


def _keyed(chosen: Settings) -> Settings:
    """Settings with some key for every provider, since a client is not built without; nothing is sent."""
    keys = ("openai_api_key", "anthropic_api_key", "api_key")
    return chosen.model_copy(update={name: getattr(chosen, name) or NO_KEY for name in keys})
