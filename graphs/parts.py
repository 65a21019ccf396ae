"""The composition root: picks the parts, once for each process."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from importlib.resources import files

from graphs import gate
from graphs.callers import callers
from graphs.gate import Judgings
from graphs.langsmith_export import LangSmithExport
from graphs.local import local_tools
from graphs.outbox import Outbox
from graphs.tracing import Tracer, install
from graphs.wiring import Parts, wire
from models.chat import Chat
from models.embeddings import names as embeddings
from models.faithfulness import names as faithfulness
from models.gate.canaries import marked
from models.gate.names import Means
from models.names import chat
from models.offline.vectors import Remembered
from models.prices import cost
from models.redaction import redact
from nodes.supporting import Supporting
from state.agent import Context, Terms
from state.canonical import digest, digest_text
from state.label_policy import rules_digest
from state.plan import THINKING
from state.policy import Policy, load_policy
from state.schema import Json
from state.settings import Settings, settings
from state.store import Store
from tools.calculator import calculate
from tools.capability import Capability
from tools.documents import open_document, search_documents
from tools.index.access import labels_of
from tools.index.ordering import ordering
from tools.index.place import backend
from tools.index.search import Index
from tools.mcp.capabilities import mcp_capabilities
from tools.mcp.lock import load_lock, lock_path
from tools.orders import OrderDesk, order_status, refund_order
from tools.registry import Registry


@dataclass(frozen=True)
class Application:
    """The parts of the graph, and what is around it."""

    settings: Settings
    store: Store
    tracer: Tracer
    parts: Parts


@cache
def application() -> Application:
    """Everything, picked by settings and policy; from here on every run of this process is traced."""
    chosen = settings()
    policy = load_policy(chosen.policy)
    store = Store(chosen.database_url())
    tracer = _tracer(chosen, store)
    install(tracer)
    return Application(chosen, store, tracer, assembled(chosen, policy, store))


def _tracer(chosen: Settings, store: Store) -> Tracer:
    """Every run goes to the store and, where it is asked for, redacted to LangSmith."""
    sinks = [Outbox(store.write_runs, "the store")]
    if chosen.langsmith_tracing:
        sinks.append(Outbox(_langsmith(chosen).send, "LangSmith"))
    return Tracer(sinks, cost)


def _langsmith(chosen: Settings) -> LangSmithExport:
    key = chosen.langsmith_api_key.get_secret_value() if chosen.langsmith_api_key else None
    return LangSmithExport(chosen.langsmith_endpoint, key, chosen.langsmith_project, redact)


def assembled(chosen: Settings, policy: Policy, store: Store) -> Parts:
    """The parts of the graph alone, with their effects in this store."""
    registry = Registry(capabilities(chosen, policy), policy, store)
    prompts, named = _prompts(), _named(chosen, policy)
    given = {name: marked(text) for name, text in prompts.items()}
    judgings = gating(chosen, policy, named)
    release = {"warrant": version("warrant")}
    fixed: dict[str, Json] = {
        "prompts": {name: digest_text(text) for name, text in prompts.items()},
        "tools": registry.digest(),
        "policy": policy.digest(),
        "gate": {place: judging.digest for place, judging in judgings.items()},
    }

    def stamp(model: str) -> dict[str, Json]:
        models = {"chat": named(model).name, "embedding": policy.models.embedding}
        return {**release, "graph": drawing, **fixed, "models": models}

    parts = Parts(
        policy=policy,
        chat=named,
        registry=registry,
        judge=gate.judge(judgings),
        caller=callers(chosen),
        supporting=_supporting(policy, named),
        terms=_terms(policy, chosen),
        stamp=stamp,
        guard=gate.guard_of(judgings),
        plan_instructions=given["plan"],
        answer_instructions=given["answer"],
        rewording_instructions=given["reword"],
        thinking_instructions={name: given[name] for name in sorted(THINKING)},
        labels_of=partial(labels_of, backend(chosen), rules_digest(policy.retrieval.labels)),
    )
    drawing = digest(wire(parts).compile().get_graph().to_json())
    return parts


def gating(chosen: Settings, policy: Policy, named: Callable[[str], Chat] | None = None) -> Judgings:
    """Who judges at each place."""
    means = Means(policy.gate, chosen, named or _named(chosen, policy), embeddings.resolve, _prompts())
    return gate.judgings(means)


def capabilities(chosen: Settings, policy: Policy) -> list[Capability]:
    """Every tool there is; the policy says which of them may be used."""
    approved = load_lock(lock_path(chosen.policy))
    return [*local_capabilities(chosen, policy), *mcp_capabilities(policy, approved, chosen.home / "mcp")]


def local_capabilities(chosen: Settings, policy: Policy) -> list[Capability]:
    """The tools that run in this process."""
    order = ordering(policy.retrieval, chosen.reranker_key, policy.models.timeout_seconds)
    embedder, rules = embeddings.resolve(policy.models.embedding), rules_digest(policy.retrieval.labels)
    index = Index(backend(chosen), embedder, order, rules=rules, resolve=embeddings.resolve)
    desk = OrderDesk(chosen.home / "orders.db")
    return [
        search_documents(index, policy.retrieval),
        open_document(index),
        calculate(),
        order_status(desk),
        refund_order(desk),
        *local_tools(chosen, policy),
    ]


def _named(chosen: Settings, policy: Policy) -> Callable[[str], Chat]:
    kept = cache(partial(chat, policy=policy.models, settings=chosen))

    def named(name: str) -> Chat:
        # A tape is used up as it plays, so that each use of it starts with a fresh one.
        return chat(name, policy.models, chosen) if name.startswith("tape:") else kept(name)

    return named


@cache
def _prompts() -> dict[str, str]:
    folder = files("nodes").joinpath("prompts")
    names = ("plan", "answer", "reword", *sorted(THINKING))
    return {name: folder.joinpath(f"{name}.md").read_text(encoding="utf-8") for name in names}


def _terms(policy: Policy, chosen: Settings) -> Callable[[Context], Terms]:
    """Precedence of every knob: caller, then file, then environment, then default."""
    limits = policy.limits

    def terms(context: Context) -> Terms:
        asked = context.model_dump(exclude_none=True)
        agreed: dict[str, Json] = {
            "model": policy.models.chat or chosen.chat_model(),
            "plan_retries": limits.plan_retries,
            "answer_retries": limits.answer_retries,
            "replans": limits.replans,
            "passages": policy.retrieval.passages,
            "answer_schema": None,
        }
        return Terms(**{**agreed, **asked})  # type: ignore[typeddict-item]  # keys are those of Context

    return terms


def _supporting(policy: Policy, named: Callable[[str], Chat]) -> Supporting | None:
    """The checker of claims; it embeds with the model of this machine, whatever the index uses."""
    chosen = policy.verify
    if chosen.support == "off":
        return None
    checker = faithfulness.resolve(
        chosen.checker, chosen.kind, lambda: Remembered(embeddings.resolve()), named
    )
    return Supporting(checker, chosen, policy.limits)
