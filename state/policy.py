"""The policy: which tools exist, what each may do, which models think, and every bound."""

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from state.canonical import digest
from state.errors import UsageError
from state.gate_policy import GatePolicy
from state.label_policy import Rules
from state.local_policy import FilesPolicy, SqlPolicy, WebPolicy
from state.mcp_policy import McpServerPolicy, ServerName
from state.models_policy import ModelsPolicy
from state.schema import JsonSchema
from state.tool_policy import Section, ToolPolicy


class HttpPolicy(Section):
    """What one caller may ask of the HTTP server; more is answered 429 with Retry-After."""

    requests_per_minute: int = Field(default=600, ge=1, le=1_000_000)
    concurrent_runs: int = Field(default=20, ge=1, le=10_000)
    """Runs and streams of one caller at once, from the request until run and response have ended."""
    callers: int = Field(default=10_000, ge=1, le=1_000_000)
    """Callers that are remembered; the one that was idle longest is forgotten."""
    key_header: str | None = Field(default=None, pattern="^[a-z0-9-]{1,64}$")
    """Header that tells callers apart where the server authenticates none. Name one only if what stands
    before the server checks it: a caller who may choose it freely is someone new each time."""


class Limits(Section):
    """Bounds of one turn; each is checked before spending."""

    plan_retries: int = Field(default=2, ge=0, le=10)
    """How often a plan with violations goes back to the planner."""
    answer_retries: int = Field(default=2, ge=0, le=10)
    """How often an answer with violations goes back to the model."""
    replans: int = Field(default=1, ge=0, le=5)
    """How often a failed step leads to a new plan."""
    steps: int = Field(default=12, ge=1, le=100)
    """Steps of one plan."""
    model_calls: int = Field(default=20, ge=1, le=1_000)
    tokens: int = Field(default=200_000, ge=1_000, le=100_000_000)
    """Input and output tokens together."""
    cost_usd: float = Field(default=1.0, ge=0, le=10_000)
    seconds: float = Field(default=600.0, gt=0, le=86_400)
    """Wall-clock time of one run; what is finished stays, and the run can be resumed."""
    request_chars: int = Field(default=20_000, ge=1, le=10_000_000)


class RetrievalPolicy(Section):
    """How passages are found."""

    passages: int = Field(default=6, ge=1, le=100)
    """Passages that one search returns."""
    candidates: int = Field(default=100, ge=1, le=1_000)
    """Candidates of each leg that are ranked."""
    least_relevance: float = Field(default=0.0, ge=0, le=1)
    """Passages whose calibrated relevance is lower are left out; 0 keeps all. The card of the ranking
    (`tools/index/ranking/CARD.md`) says what a threshold costs."""
    reranker: str = "features"
    """Who puts them in order: `features` (no second model), `rrf`, `cross-encoder:FOLDER`, the address of a
    rerank server with its model behind `#`, or your own as `module:attribute`."""
    rerank: int = Field(default=30, ge=1, le=1_000)
    """Of the best passages, how many a reranker with a model of its own is shown."""
    context: Literal["none", "neighbours", "section"] = "none"
    """What a passage that was found is widened by: those before and after it, or the rest of its section."""
    context_chars: int = Field(default=3_000, ge=1, le=100_000)
    """Characters of a widened passage; what was found itself is never cut."""
    rewrites: int = Field(default=0, ge=0, le=4)
    """Other wordings of a query that the chat model is asked for before a search; each search then costs a
    model call, and answers to all wordings are merged. 0 asks for none."""
    max_age_days: float | None = Field(default=None, gt=0)
    """Days after which a passage is marked as stale if nobody has read its source again; never by default."""
    labels: Rules = ()
    """ACL labels by path; `warrant index label` applies a change of them."""


class VerifyPolicy(Section):
    """Whether the passages that a claim cites support it, beyond its quotes and numbers."""

    support: Literal["flag", "drop", "off"] = "flag"
    """`flag` records the verdict in the answer, `drop` also drops a claim judged unsupported."""
    checker: str = "features"
    """`features` (a classifier, no language model), `judge:MODEL`, or `module:attribute`."""
    kind: Literal["default", "dialogue", "scientific", "encyclopaedic"] = "default"
    """The kind of text that `features` is calibrated for."""
    judge_calls: int = Field(default=10, ge=1, le=100)
    """Claims that one `verify` hands to a judge; each is a model call of the run."""
    timeout_seconds: float = Field(default=10.0, gt=0, le=600)
    """For all claims of an answer; claims that are left then are not checked."""


class TracesPolicy(Section):
    """What is kept of a run."""

    redact: bool = False
    """Whether secrets and personal data are replaced by their kind before a trace is kept, in the fields
    `name`, `inputs`, `outputs`, `error`, `extra` and `tags`. They cannot be put back: such a trace is to be
    read, and replays only where its texts decide nothing. What leaves the machine is redacted anyway."""


class Policy(Section):
    """The whole of `policy.toml`."""

    models: ModelsPolicy = ModelsPolicy()
    limits: Limits = Limits()
    retrieval: RetrievalPolicy = RetrievalPolicy()
    gate: GatePolicy = GatePolicy()
    verify: VerifyPolicy = VerifyPolicy()
    traces: TracesPolicy = TracesPolicy()
    http: HttpPolicy = HttpPolicy()
    sql: SqlPolicy | None = None
    web: WebPolicy | None = None
    files: FilesPolicy | None = None
    tools: dict[str, ToolPolicy] = Field(default_factory=dict)
    mcp: dict[ServerName, McpServerPolicy] = Field(default_factory=dict)

    def digest(self) -> str:
        """Digest of the effective policy, defaults included."""
        return digest(self.model_dump(mode="json"))


def policy_schema() -> JsonSchema:
    """JSON Schema of `policy.toml`, for editors."""
    schema = Policy.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def load_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises:
        UsageError: the file is missing, is not TOML, or has an unknown or ill-typed key.
    """
    try:
        return Policy.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise UsageError(
            f"Cannot read the policy {path}: {error.strerror}.", "Set WARRANT_POLICY to a policy.toml."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}.", "Correct the file.") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'policy'}: {e['msg']}" for e in error.errors()
        )
        raise UsageError(f"{path} is not a valid policy: {problems}.", "Correct these keys.") from error


if __name__ == "__main__":
    import json
    import sys

    json.dump(policy_schema(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
