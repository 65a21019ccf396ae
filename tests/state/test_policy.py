"""The policy: every key is checked, every bound is enforced, and the error names the key."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from state.errors import UsageError
from state.policy import Policy, load_policy
from state.settings import PROJECT

SQL = "[sql]\ntables.orders = ''\n"
HOST = "[[web.hosts]]\n"
PAY = '[tools.pay]\neffect = "write"\n'


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "policy.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("[limit]\nsteps = 3", "limit:"),
        ("[limits]\nstpes = 3", "limits.stpes"),
        ('[limits]\nsteps = "3"', "limits.steps"),
        ("[limits]\nsteps = 3.5", "limits.steps"),
        ("[limits]\nsteps = true", "limits.steps"),
        ("[limits]\nsteps = 0", "limits.steps"),
        ("[limits]\nsteps = 101", "limits.steps"),
        ("[limits]\ncost_usd = nan", "limits.cost_usd"),
        ("[limits]\ncost_usd = inf", "limits.cost_usd"),
        ("[models]\ntimeout_seconds = nan", "models.timeout_seconds"),
        ("[models]\nfallback = [1]", "models.fallback.0"),
        ('[models]\nfallback = "offline"', "models.fallback"),
        ("[gate.screen]\nthreshold = 1.5", "gate.screen.threshold"),
        ('[gate.screen]\naction = "allow"', "gate.screen.action"),
        ("[tools.pay]\ncalls = 3", "tools.pay.effect"),
        ('[tools.pay]\neffect = "wirte"', "tools.pay.effect"),
        (PAY + "retries = 1", "tools.pay: .*retries must be 0"),
        (PAY.replace("write", "outward") + "retries = 1", "tools.pay: .*retries must be 0"),
        (PAY + 'approval = "sometimes"', "tools.pay.approval"),
        (PAY + "timeout_seconds = 0", "tools.pay.timeout_seconds"),
        ("tools = []", "tools"),
        ("[models.limits.openai]\nrequest_per_minute = 3", "models.limits.openai.request_per_minute"),
        ("[models.limits.openai]\nrequests_per_minute = 0", "models.limits.openai.requests_per_minute"),
        ("[models.limits.openai]\nqueue_seconds = inf", "models.limits.openai.queue_seconds"),
        ("[models.limits.openai]\nfailures = 0", "models.limits.openai.failures"),
        ("[models.limits]\nqueue = 1", "models.limits.queue"),
        ("[http]\nconcurrent_runs = 0", "http.concurrent_runs"),
        ('[http]\nkey_header = "X-Api-Key"', "http.key_header"),
        ("[sql]", "sql.tables"),
        ("[sql.tables]", "sql.tables"),
        (SQL + "uri = 'x'", "sql.uri"),
        (SQL + "rows = 0", "sql.rows"),
        (SQL + "seconds = 601", "sql.seconds"),
        (SQL + "url = 'nonsense'", "sql.url: .*not an SQLAlchemy URL"),
        (SQL + "url = 'postgresql://u:hush@h/d'", "sql.url: .*WARRANT_SQL_URL"),
        ("[web]", "web.hosts"),
        ("[web]\nhosts = []", "web.hosts"),
        ("[web]\nhosts = ['docs.test']", "web.hosts.0"),
        (HOST + "name = 'Docs.test'", "web.hosts.0.name"),
        (HOST + "name = '*.test'", "web.hosts.0.name"),
        (HOST + "name = 'a'\nschemes = ['ftp']", "web.hosts.0.schemes.0"),
        (HOST + "name = 'a'\nports = [0]", "web.hosts.0.ports.0"),
        (HOST + "name = 'a'\nprivat = true", "web.hosts.0.privat"),
        ("[files]", "files.root"),
        ("[files]\nroot = 'data'", "files.root: .*absolute"),
        ("[files]\nroot = '/data'\nbytes = 0", "files.bytes"),
        ("[files]\nroot = '/data'\nfollow = true", "files.follow"),
    ],
)
def test_a_bad_key_is_named(content: str, key: str, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=f"(?s)policy.toml is not a valid policy: .*{key}.*Correct these keys"
    ):
        load_policy(written(tmp_path, content))


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"[limits", b"a = 1\na = 2", b"a = \x00", "[limits]\nsteps = ٣"]
)
def test_what_is_not_toml_is_said(content: str | bytes, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is not valid TOML: .*Correct the file"):
        load_policy(written(tmp_path, content))


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_file_that_cannot_be_read_is_said_with_the_setting(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Cannot read the policy .*Set WARRANT_POLICY"):
        load_policy(tmp_path / name)


def test_a_byte_order_mark_and_crlf_are_no_obstacle(tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbf[limits]\r\nsteps = 3\r\ncost_usd = 2\r\n")
    assert (load_policy(path).limits.steps, load_policy(path).limits.cost_usd) == (3, 2.0)


def test_the_policy_of_the_repository_is_valid_and_its_write_needs_approval() -> None:
    policy = load_policy(PROJECT / "policy.toml")
    assert {name for name, tool in policy.tools.items() if tool.effect != "read"} == {"refund_order"}
    assert policy.tools["refund_order"].approval == "always"


def test_the_digest_covers_defaults_and_ignores_how_it_is_written(tmp_path: Path) -> None:
    plain = load_policy(written(tmp_path, ""))
    assert load_policy(written(tmp_path, "# nothing\n[limits]\nsteps = 12\n")).digest() == plain.digest()
    assert load_policy(written(tmp_path, "[limits]\nsteps = 11\n")).digest() != plain.digest()


def test_an_empty_policy_allows_no_tool() -> None:
    assert Policy().tools == {}


def test_a_policy_does_not_change() -> None:
    with pytest.raises(ValidationError):
        Policy().limits.steps = 99


def test_a_password_does_not_stand_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        load_policy(written(tmp_path, SQL + "url = 'postgresql://u:hush-hush@h/d'"))
    assert "hush" not in str(error.value)
