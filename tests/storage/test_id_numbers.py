"""Numbers at rest: opened by their key alone, found by their mark, and never marked with a second key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database, connect
from storage.errors import KeyRefused
from storage.id_numbers import IdNumbers
from tests.fakes.notary import NOTARY
from tests.storage.database.examples import ACTOR, after

NUMBER = "11010519491231002X"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.sqlite3'}", NOTARY)
    yield database
    database.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secrets" / "numbers.key"


def enter(database: Database, numbers: IdNumbers) -> None:
    database.register.enter("import_roster", "b-1", [numbers.draft], ACTOR, after(0))


def test_a_key_that_is_lost_is_not_made_anew_where_numbers_were_entered(database: Database, file: Path) -> None:
    enter(database, IdNumbers.kept(file, database))
    file.unlink()
    with pytest.raises(KeyRefused, match="bring back the one of your backup"):
        IdNumbers.kept(file, database)
    assert not file.exists()


def test_another_key_in_its_place_is_refused(database: Database, file: Path) -> None:
    enter(database, IdNumbers.kept(file, database))
    file.unlink()
    other = IdNumbers.kept(file.with_name("other.key"), connect_fresh(file))
    file.with_name("other.key").rename(file)
    assert other.id
    with pytest.raises(KeyRefused, match="is not the key"):
        IdNumbers.kept(file, database)


def connect_fresh(file: Path) -> Database:
    return connect(f"sqlite:///{file.parent.parent / 'fresh.sqlite3'}", NOTARY)


def test_a_file_that_holds_no_key_or_that_others_may_read_is_refused(database: Database, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("no key\n")
    file.chmod(0o600)
    with pytest.raises(KeyRefused, match="holds no key"):
        IdNumbers.kept(file, database)
    file.chmod(0o644)
    with pytest.raises(KeyRefused, match="chmod 600"):
        IdNumbers.kept(file, database)


def test_what_is_sealed_for_one_person_opens_for_no_other_and_with_no_other_key() -> None:
    numbers = IdNumbers.new()
    mark = numbers.mark("resident_id", NUMBER)
    sealed = numbers.seal(NUMBER, mark)
    assert NUMBER not in sealed
    assert numbers.open(sealed, mark) == NUMBER
    for key, place in ((numbers, numbers.mark("passport", NUMBER)), (IdNumbers.new(), mark)):
        with pytest.raises(KeyRefused) as refused:
            key.open(sealed, place)
        assert NUMBER not in str(refused.value)


def test_equal_numbers_have_equal_marks_under_one_key_only(database: Database, file: Path) -> None:
    one, again = IdNumbers.kept(file, database), IdNumbers.kept(file, database)
    assert one.mark("resident_id", NUMBER) == again.mark("resident_id", NUMBER)
    assert (
        len({one.mark("resident_id", NUMBER), one.mark("passport", NUMBER), IdNumbers.new().mark("passport", NUMBER)})
        == 3
    )
