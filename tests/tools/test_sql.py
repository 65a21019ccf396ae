"""Read-only SQL, against real databases: only a SELECT over the allowed tables runs, within its bounds."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import OperationalError

from state.errors import UsageError
from state.local_policy import SqlPolicy
from state.schema import violations
from tests.tools.attacks import CASES
from tools.capability import Caller, ToolError
from tools.database import PostgresServer, SqliteFile
from tools.sql import query_database
from tools.statement import checked

POSTGRES = os.environ.get("WARRANT_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/test")
TABLES = {"orders": "id, customer, ordered, total, note", "items": "order_id, name, quantity, price"}
SETUP = [
    "CREATE TABLE orders (id integer, customer text, ordered {date}, total numeric(10, 2), note text)",
    "CREATE TABLE items (order_id integer, name text, quantity integer, price numeric(10, 2))",
    "CREATE TABLE secrets (word text)",
    "CREATE VIEW hints AS SELECT length(word) AS letters FROM secrets",
    """INSERT INTO orders VALUES (1, 'Ada', '2026-01-05', 12.90, '50% off'),
        (2, 'Ada', '2026-02-06', 25, NULL), (3, 'Bea', '2026-03-07', 9.50, 'gift'),
        (4, 'Ann', '2026-03-31', 40.25, NULL)""",
    """INSERT INTO items VALUES (1, 'cup', 2, 4.50), (1, 'tea', 1, 3.90), (2, 'pot', 1, 25),
        (3, 'jam', 2, 4.75)""",
    "INSERT INTO secrets VALUES ('canary')",
]
EVERYTHING = ["SELECT * FROM orders ORDER BY 1", "SELECT * FROM items ORDER BY 1, 2", "SELECT * FROM secrets"]


class World(NamedTuple):
    """A database, and a way into it that is not ours."""

    dialect: str
    url: str

    def raw(self, *statements: str) -> list[list[tuple[Any, ...]]]:
        engine = create_engine(self.url)
        with engine.begin() as connection:
            results = [
                connection.execution_options(no_parameters=True).exec_driver_sql(one) for one in statements
            ]
            found = [[tuple(row) for row in result] if result.returns_rows else [] for result in results]
        engine.dispose()
        return found

    def ask(self, query: str, **policy: Any) -> dict[str, Any]:
        tool = query_database(self.url, SqlPolicy.model_validate({"tables": TABLES, **policy}))
        output: dict[str, Any] = asyncio.run(tool.call({"query": query}, Caller()))
        assert violations(tool.output_schema, output) == []
        return output


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World("sqlite", f"sqlite:///{tmp_path_factory.mktemp('sql') / 'my orders.db'}")
    made.raw(*(statement.format(date="text") for statement in SETUP))
    return made


@pytest.fixture(scope="module")
def postgres() -> Iterator[World]:
    schema = f"warrant_{uuid4().hex}"
    server = World(
        "postgres", make_url(POSTGRES).update_query_dict({"connect_timeout": "2"}).render_as_string(False)
    )
    try:
        server.raw(f"CREATE SCHEMA {schema}")
    except OperationalError:
        pytest.skip("no PostgreSQL server")
    url = make_url(POSTGRES).update_query_dict({"options": f"-csearch_path={schema}"})
    made = World("postgres", url.render_as_string(hide_password=False))
    made.raw(*(statement.format(date="date") for statement in SETUP))
    yield made
    server.raw(f"DROP SCHEMA {schema} CASCADE")


BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(request.param)
    return found


def cases(kind: str) -> list[Any]:
    return [
        pytest.param(dialect, case, id=f"{dialect}: {case['query'][:50]!r}", marks=marks)
        for case in CASES[kind]
        for dialect, marks in (("sqlite", ()), ("postgres", (pytest.mark.postgres,)))
        if case.get("dialect", dialect) == dialect
    ]


@pytest.mark.parametrize(("dialect", "case"), cases("sql"))
def test_an_attack_is_refused_with_its_reason_and_nothing_happens(
    dialect: str, case: dict[str, str], request: pytest.FixtureRequest
) -> None:
    world: World = request.getfixturevalue(dialect)
    before = world.raw(*EVERYTHING)
    with pytest.raises(ToolError, match=case["reason"]) as refusal:
        world.ask(case["query"])
    assert refusal.value.way_out
    assert world.raw(*EVERYTHING) == before


@pytest.mark.parametrize(("dialect", "case"), [one for one in cases("sql") if one.values[0] == "sqlite"])
def test_an_attack_is_refused_before_a_database_is_opened(
    dialect: str, case: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(ToolError, match=case["reason"]):
        World(dialect, f"sqlite:///{tmp_path / 'none.db'}").ask(case["query"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("dialect", "case"), cases("legitimate"))
def test_a_legitimate_query_gives_what_the_database_gives(
    dialect: str, case: dict[str, str], request: pytest.FixtureRequest
) -> None:
    world: World = request.getfixturevalue(dialect)
    [raw] = world.raw(case["query"])
    output = world.ask(case["query"])
    assert not output["truncated"]
    assert [[plain(value) for value in row.values()] for row in output["rows"]] == [
        [plain(value) for value in row] for row in raw
    ]


def plain(value: Any) -> Any:
    """A value as text; a number by its value, a date in ISO 8601."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if value is None or isinstance(value, str) else float(value)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM orders",
        "INSERT INTO orders (id) VALUES (9)",
        "UPDATE orders SET total = 0",
        "DROP TABLE orders",
        "CREATE TABLE stolen (x text)",
    ],
)
def test_the_connection_could_not_write_even_if_the_statement_passed(world: World, statement: str) -> None:
    policy = SqlPolicy(tables=TABLES)
    path = str(make_url(world.url).database)
    database = (
        SqliteFile(Path(path), policy)
        if world.dialect == "sqlite"
        else PostgresServer(make_url(world.url), policy)
    )
    before = world.raw(*EVERYTHING)
    with pytest.raises(ToolError, match="The database says"), closing(database.rows(statement)) as rows:
        list(rows)
    assert world.raw(*EVERYTHING) == before


@pytest.mark.postgres
def test_the_transaction_of_postgresql_is_read_only(postgres: World) -> None:
    postgres.raw("CREATE SEQUENCE numbers")
    with pytest.raises(ToolError, match="read-only transaction"):
        postgres.ask("SELECT nextval('numbers') AS n", functions=["nextval"])


@pytest.mark.parametrize("statement", ["SELECT * FROM secrets", "SELECT sql FROM sqlite_master"])
def test_the_authorizer_of_sqlite_hides_other_tables(sqlite: World, statement: str) -> None:
    database = SqliteFile(Path(str(make_url(sqlite.url).database)), SqlPolicy(tables=TABLES))
    with pytest.raises(ToolError, match=r"prohibited|not authorized"):
        next(database.rows(statement))


@pytest.mark.parametrize("statement", ["ATTACH ':memory:' AS x", "PRAGMA query_only = OFF", "VACUUM"])
def test_the_authorizer_of_sqlite_allows_nothing_but_select(sqlite: World, statement: str) -> None:
    database = SqliteFile(Path(str(make_url(sqlite.url).database)), SqlPolicy(tables=TABLES))
    with pytest.raises(ToolError, match=r"not authorized|authorization denied"):
        next(database.rows(statement))


def test_an_allowed_view_shows_what_lies_below_it_and_nothing_else(world: World) -> None:
    assert world.ask("SELECT letters FROM hints", tables={"hints": ""})["rows"] == [{"letters": 6}]
    with pytest.raises(ToolError, match="table secrets is not allowed"):
        world.ask("SELECT word FROM hints, secrets", tables={"hints": ""})


def test_a_function_of_the_policy_may_be_called(world: World) -> None:
    with pytest.raises(ToolError, match=r"sql\.functions in policy\.toml"):
        world.ask("SELECT octet_length(note) AS n FROM orders")
    if world.dialect == "postgres":
        assert world.ask("SELECT md5('') AS m", functions=["MD5"])["rows"][0]["m"].startswith("d41d8c")
    assert world.ask("SELECT nullif(1, 2) AS n, abs(-1) AS a")["rows"] == [{"n": 1, "a": 1}]


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT "


def test_time_is_bounded(world: World) -> None:
    begun = time.monotonic()
    with pytest.raises(ToolError, match=r"longer than 0.3 s\. Ask for less"):
        world.ask(f"{ENDLESS} sum(i) AS s FROM n", seconds=0.3)
    assert time.monotonic() - begun < 5


def test_rows_are_bounded_and_it_is_said(world: World) -> None:
    output = world.ask(f"{ENDLESS} i FROM n WHERE i < 1000", rows=3)
    assert output == {"rows": [{"i": 1}, {"i": 2}, {"i": 3}], "truncated": True}
    assert not world.ask("SELECT id FROM orders", rows=4)["truncated"]


def test_bytes_are_bounded_and_it_is_said(world: World) -> None:
    output = world.ask(f"{ENDLESS} i, 'twenty characters...' AS text FROM n WHERE i < 1000", bytes=1_000)
    assert output["truncated"]
    assert 20 < len(output["rows"]) < 40


DOUBLING = """WITH RECURSIVE n(i, s) AS (SELECT 1, cast('0123456789' AS text) UNION ALL
    SELECT i + 1, s || s FROM n WHERE i < {}) SELECT s FROM n ORDER BY i DESC"""


def test_one_large_value_does_not_come_over(world: World) -> None:
    with pytest.raises(ToolError, match="A row has more than 1000 bytes"):
        world.ask(DOUBLING.format(12), bytes=1_000)


def test_sqlite_does_not_build_a_giant_on_its_way(sqlite: World) -> None:
    with pytest.raises(ToolError, match="too big"):
        sqlite.ask(DOUBLING.format(40))


def test_columns_of_one_name_are_not_mixed_up(world: World) -> None:
    with pytest.raises(ToolError, match="AS"):
        world.ask("SELECT 1 AS a, 2 AS a")


def test_a_mistake_is_explained_by_the_database(world: World) -> None:
    with pytest.raises(ToolError, match=r"The database says: .*nope.*Correct the query"):
        world.ask("SELECT nope FROM orders")


def test_a_database_that_is_not_there_is_an_error_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="unable to open"):
        World("sqlite", f"sqlite:///{tmp_path / 'none.db'}").ask("SELECT 1 AS x")
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_an_error_without_the_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(ToolError, match="The database says") as error:
        World("postgres", "postgresql://u:hush-hush@127.0.0.1:1/x").ask("SELECT 1 AS x")
    assert "hush" not in str(error.value)


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_another_database_is_refused_with_the_way_out(url: str) -> None:
    with pytest.raises(UsageError, match="WARRANT_SQL_URL"):
        query_database(url, SqlPolicy(tables=TABLES))


def test_values_of_sqlite_are_plain(tmp_path: Path) -> None:
    path = tmp_path / "values.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TABLE v AS SELECT x'00ff' AS b, 9e999 AS i, NULL AS n, 9007199254740993 AS l"
        )
    world = World("sqlite", f"sqlite:///{path}")
    assert world.ask("SELECT * FROM v", tables={"v": ""})["rows"] == [
        {"b": "\\x00ff", "i": "inf", "n": None, "l": 9007199254740993}
    ]


PIECES = """SELECT id FROM orders ; secrets AS secrets WITH orders AS ( SELECT * UNION ALL word FROM secrets )
-- /* */ ' " [ ] ` , DELETE INTO hex (1) WHERE = E' \\ UPDATE VALUES RETURNING LIMIT PRAGMA ATTACH""".split()  # noqa: SIM905
TAILS = [
    "FROM secrets",
    "; DELETE FROM secrets",
    "UNION SELECT word FROM secrets",
    "AS secrets FROM orders",
    "",
]


def effects(statement: str) -> set[str]:
    """What SQLite itself says that a statement would do, beyond reading `orders` and `items`."""
    found = set()

    def note(action: int, first: str | None, *_rest: str | None) -> int:
        if action == sqlite3.SQLITE_READ and first not in TABLES:
            found.add(f"read {first}")
        if action not in {
            sqlite3.SQLITE_READ,
            sqlite3.SQLITE_SELECT,
            sqlite3.SQLITE_FUNCTION,
            sqlite3.SQLITE_RECURSIVE,
        }:
            found.add(f"action {action}")
        return sqlite3.SQLITE_OK

    with closing(sqlite3.connect(":memory:")) as connection:
        for setup in SETUP:
            connection.execute(setup.format(date="text"))
        connection.set_authorizer(note)
        with suppress(sqlite3.OperationalError):  # such as an unknown column
            connection.execute(f"EXPLAIN {statement}")
    return found


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=10).map(" ".join), st.sampled_from(TAILS))
def test_whatever_passes_does_nothing_but_read_the_allowed_tables(middle: str, tail: str) -> None:
    try:
        statement = checked(f"SELECT {middle} {tail}", "sqlite", TABLES)
    except ToolError:
        return
    assert effects(statement) == set()
    assert checked(statement, "sqlite", TABLES) == statement


@pytest.mark.parametrize("statement", ["SELECT * FROM secrets", "DELETE FROM orders", "PRAGMA query_only"])
def test_the_judge_of_that_test_sees_what_must_not_be(statement: str) -> None:
    assert effects(statement)
