import sqlite3
from pathlib import Path

import pytest

from tools.index.local.guard import NAME, briefly, exclusive
from tools.index.local.lasting import Lasting


def test_a_writer_keeps_out_those_who_come_first_and_those_who_were_there(folder: Path) -> None:
    folder.mkdir(parents=True)
    lasting = Lasting(folder / NAME, "rwc")
    for _ in range(2):
        with exclusive(folder), briefly(lasting) as held:
            assert not held
        with briefly(lasting) as held:
            assert held
    lasting.close()


def test_a_connection_follows_the_file_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    lasting = Lasting(path, "rwc")
    with lasting.lent() as first, lasting.lent() as second:
        assert first is not second
    with lasting.lent() as again:
        assert again in (first, second)
    path.unlink()
    with lasting.lent() as other:
        assert other not in (first, second)
    assert path.exists()
    lasting.close()


def test_what_comes_back_is_in_no_transaction_and_is_closed_if_it_failed(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    lasting = Lasting(tmp_path / "a.db", "rwc")
    with lasting.lent() as kept:
        kept.execute("BEGIN")
    with lasting.lent() as again:
        assert again is kept
        assert not kept.in_transaction
    with pytest.raises(sqlite3.OperationalError), lasting.lent():
        kept.execute("SELECT * FROM nothing")
    with lasting.lent() as other:
        assert other is not kept
        lasting.close()
    for closed in (kept, other):
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            closed.execute("SELECT 1")
