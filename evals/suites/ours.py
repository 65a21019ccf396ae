"""Our own agent in this process, in a home of its own: nothing that a trial does reaches another one."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from langgraph.checkpoint.memory import InMemorySaver

from evals.cases.case import Case
from evals.suites.agent import Played
from evals.suites.local import graph_input, play
from evals.suites.suite import OURS, Suite
from evals.trajectory import Effect
from graphs.parts import assembled
from graphs.wiring import Parts, wire
from models.embeddings.names import resolve
from state.agent import Context
from state.errors import UsageError
from state.policy import Policy, load_policy
from state.schema import Json
from state.settings import PROJECT, Settings
from state.store import Store
from tools.index.ingest import add

INDEX = "index"


@dataclass(frozen=True)
class OurAgent:
    """The agent of `graphs/wiring.py`, as a suite sets it up."""

    suite: Suite
    home: Path
    """Holds the index, and a folder for each trial while it goes on."""
    graph: str = OURS

    @property
    def policy_file(self) -> Path:
        """The suite's policy, or the project's."""
        return self.suite.agent.policy or PROJECT / "policy.toml"

    @cached_property
    def policy(self) -> Policy:
        """What that file says."""
        return load_policy(self.policy_file)

    @cached_property
    def effects(self) -> Mapping[str, Effect]:
        """What the policy says of each tool."""
        return {name: tool.effect for name, tool in self.policy.tools.items()}

    @cached_property
    def stamp(self) -> Mapping[str, Json]:
        """What the agent itself records."""
        with self._parts(self.home) as parts:
            return parts.stamp(parts.terms(Context(model=self.suite.model))["model"])

    async def play(self, case: Case) -> Played:
        """Run the case with orders, effects and checkpoints that nobody has touched."""
        home = Path(tempfile.mkdtemp(prefix="trial-", dir=self.home))
        try:
            (home / INDEX).symlink_to(self.home / INDEX)
            with self._parts(home) as parts:
                graph = wire(parts).compile(checkpointer=InMemorySaver(), name="warrant")
                given = graph_input(case)
                if case.answer_schema is not None:
                    given = {**given, "answer_schema": case.answer_schema}
                seconds = min(self.suite.seconds, parts.policy.limits.seconds)
                context = Context(model=self.suite.model)
                return await play(graph, case, given, seconds, effects=self.effects, context=context)
        finally:
            shutil.rmtree(home, ignore_errors=True)

    @contextmanager
    def _parts(self, home: Path) -> Iterator[Parts]:
        """The agent's parts; the suite, and not the environment, says who asks."""
        agent = self.suite.agent
        chosen = Settings(
            home=home, policy=self.policy_file, store_url=None, labels=agent.labels, roles=agent.roles
        )
        with closing(Store(chosen.database_url())) as store:
            yield assembled(chosen, self.policy, store)


@contextmanager
def our_agent(suite: Suite) -> Iterator[OurAgent]:
    """The agent with the suite's documents indexed, in a folder that is removed in the end.

    Raises:
        UsageError: documents cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="warrant-eval-") as folder:
        agent = OurAgent(suite, Path(folder))
        (agent.home / INDEX).mkdir()
        if suite.agent.documents:
            _index(agent)
        yield agent


def _index(agent: OurAgent) -> None:
    # Sources are named as from the folder where the command runs, so that citations read the same everywhere.
    documents = [Path(os.path.relpath(path)) for path in agent.suite.agent.documents]
    policy = agent.policy
    embedder, rules = resolve(policy.models.embedding), policy.retrieval.labels
    summary = add(agent.home / INDEX, embedder, documents, rules=rules)
    if summary.broken:
        source, error = summary.broken[0]
        raise UsageError(f"The suite's document {source} cannot be read: {error}", "Mend or remove it.")
