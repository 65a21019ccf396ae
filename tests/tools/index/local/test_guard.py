from pathlib import Path

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
    first = lasting.connection()
    assert lasting.connection() is first
    path.unlink()
    assert lasting.connection() is not first
    assert path.exists()
    lasting.close()
