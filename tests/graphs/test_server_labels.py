"""The labels of callers in the real LangGraph dev server: said by its login, and by nothing in a request."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient
from langgraph_sdk.errors import LangGraphError

from nodes.clearance import NOT_CLEARED
from state.settings import PROJECT
from tests.servers.processes import DevServer, environment, langgraph_dev, warrant

SECRET = "KESTREL"
QUESTION = "What is the code word of the vault?"
AUTH = """
from langgraph_sdk import Auth

auth = Auth()
LABELS = {"ada": ["hr"], "bob": [], "eve": "hr", "max": {"hr": True}}


@auth.authenticate
async def who(authorization: str | None) -> Auth.types.MinimalUserDict:
    if authorization not in LABELS:
        raise Auth.exceptions.HTTPException(status_code=401, detail="who?")
    return {"identity": authorization, "labels": LABELS[authorization]}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / "hr").mkdir()
    (home / "hr" / "vault.md").write_text(
        f"# The vault\n\nThe code word of the vault is {SECRET}.\n", "utf-8"
    )
    (home / "hr" / "_labels.toml").write_text('labels = ["hr"]', "utf-8")
    indexed = warrant("index", "add", str(home / "hr"), env=environment(home))
    assert indexed.returncode == 0, indexed.stderr
    return home


@pytest.fixture(scope="module")
def guarded(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    """A server with a login, started by somebody who holds the label."""
    folder = tmp_path_factory.mktemp("config")
    config = json.loads((PROJECT / "langgraph.json").read_text(encoding="utf-8"))
    (folder / "who.py").write_text(AUTH)
    config |= {"dependencies": [str(PROJECT)], "auth": {"path": f"{folder}/who.py:auth"}}
    (folder / "langgraph.json").write_text(json.dumps(config))
    with langgraph_dev(
        home, folder / "dev.log", config=folder / "langgraph.json", WARRANT_LABELS="hr"
    ) as running:
        yield running


@contextmanager
def client_of(server: DevServer, user: str | None) -> Iterator[SyncLangGraphClient]:
    headers = {"Authorization": user} if user else {}
    with get_sync_client(url=server.url, headers=headers) as sdk:
        yield sdk


def everything(server: DevServer, user: str | None, thread: str | None = None, **more: Any) -> str:
    """Every byte that a run tells its caller, of an own thread or of another one."""
    given: Any = {"messages": [{"role": "user", "content": QUESTION}], **more.pop("input", {})}
    modes: Any = (
        ["updates", "custom", "messages-tuple"] if thread else ["values", "updates", "custom", "debug"]
    )
    with client_of(server, user) as client:
        thread = thread or str(client.threads.create()["thread_id"])
        try:
            parts = [*client.runs.stream(thread, "agent", input=given, stream_mode=modes, **more)]
            values: Any = client.threads.get_state(thread)["values"]
            return repr(parts) + json.dumps(values.get("messages", [None])[-1])
        except LangGraphError as error:
            return f"refused: {error}"


def test_the_login_says_which_labels_a_caller_holds(guarded: DevServer) -> None:
    assert SECRET in everything(guarded, "ada")
    for user in ("bob", "eve", "max"):
        told = everything(guarded, user)
        assert SECRET not in told
        assert "'outcome': 'answered'" in told


HR = {"labels": ["hr"], "permissions": ["hr"]}
FORGED: dict[str, dict[str, Any]] = {
    "context": {"context": {"labels": ["hr"]}},
    "configurable": {"config": {"configurable": HR}},
    "user": {"config": {"configurable": {"langgraph_auth_user": {"identity": "ada", **HR}}}},
    "user id": {"config": {"configurable": {"langgraph_auth_user_id": "ada", "user_id": "ada"}}},
    "input": {"input": {**HR, "read": {}, "caller": HR, "user": {"identity": "ada", **HR}}},
    "metadata": {"metadata": {**HR, "langgraph_auth_user": {"identity": "ada", **HR}}},
    "header": {"headers": {"X-Labels": "hr", "X-User": "ada", "x-auth-scheme": "langsmith"}},
}


@pytest.mark.parametrize("forged", FORGED)
def test_nothing_in_a_request_adds_a_label(guarded: DevServer, forged: str) -> None:
    told = everything(guarded, "bob", **FORGED[forged])
    assert SECRET not in told
    assert "'outcome': 'answered'" in told or "Extra inputs are not permitted" in told, told[-2000:]


def test_who_goes_on_with_the_thread_of_another_one_is_not_told_what_it_holds(guarded: DevServer) -> None:
    with client_of(guarded, "ada") as client:
        thread = str(client.threads.create()["thread_id"])
        given: Any = {"messages": [{"role": "user", "content": QUESTION}]}
        assert SECRET in json.dumps(client.runs.wait(thread, "agent", input=given))
    told = everything(guarded, "bob", thread)
    assert SECRET not in told
    assert NOT_CLEARED in told
    assert SECRET in everything(guarded, "ada", thread)


def test_without_a_login_everybody_is_the_local_user_and_no_request_makes_more_of_it(
    home: Path, tmp_path: Path
) -> None:
    with langgraph_dev(home, tmp_path / "dev.log") as running:
        for forged in FORGED.values():
            assert SECRET not in everything(running, None, **forged)
    with langgraph_dev(home, tmp_path / "second.log", WARRANT_LABELS="hr") as running:
        assert SECRET in everything(running, None)
