"""The keys and their turn: what is no list of keys is refused, and a takeover survives being killed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.chain import canonical
from storage.database import Database, connect
from storage.errors import KeyRefused
from storage.manifest.form import written
from storage.manifest.keys import PublishedKeys, kin_of, publish, published, rotate
from storage.signing import Signer
from tests.fakes.time import NOON

YEAR = timedelta(days=365)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = connect(f"sqlite:///{tmp_path / 'keys.sqlite3'}")
    yield opened
    opened.close()


@pytest.fixture
def three(database: Database, tmp_path: Path) -> bytes:
    """The published list after two takeovers."""
    file = tmp_path / "signing.key"
    publish(database.closings, Signer.kept(file), NOON)
    for number in (1, 2):
        rotate(database.closings, file, NOON + number * YEAR)
    return written(published(database.closings))


def bent(data: bytes, change: Callable[[list[dict[str, Any]]], object]) -> bytes:
    told = json.loads(data)
    change(told["keys"])
    return canonical(told)


def forged(keys: list[dict[str, Any]]) -> None:
    """The last key is the thief's, signed by itself, with the endorsement of the one that it replaces."""
    thief, last = Signer.new(), keys[-1]
    statement = {"form": "kaojian-key-1", "previous": last["previous"], "valid_from": last["valid_from"]}
    last |= {"key": thief.public, "signature": thief.sign(canonical({**statement, "key": thief.public}))}


@pytest.mark.parametrize(
    "change",
    [
        lambda keys: keys.clear(),
        lambda keys: keys.pop(0),
        lambda keys: keys.pop(1),
        lambda keys: keys.pop(2),
        lambda keys: keys.reverse(),
        lambda keys: keys.append(keys[2]),
        lambda keys: keys[1].update(valid_from=keys[2]["valid_from"]),
        lambda keys: keys[0].update(valid_until=None),
        lambda keys: keys[2].update(valid_until="2040-01-01T00:00:00.000000Z"),
        lambda keys: keys[2].update(endorsement=None),
        lambda keys: keys[2].update(endorsement=keys[2]["signature"]),
        lambda keys: keys[2].update(signature=keys[1]["signature"]),
        lambda keys: keys[0].update(previous=keys[2]["key"]),
        forged,
    ],
)
def test_a_list_of_keys_that_do_not_hand_over_is_refused(
    three: bytes, change: Callable[[list[dict[str, Any]]], object]
) -> None:
    assert len(PublishedKeys.read(three).keys) == 3
    with pytest.raises(KeyRefused):
        PublishedKeys.read(bent(three, change))


def test_a_key_signs_from_its_takeover_to_the_next(three: bytes) -> None:
    first, second, third = PublishedKeys.read(three).keys
    assert [key.signs_at(NOON + YEAR) for key in (first, second, third)] == [False, True, False]
    assert first.signs_at(NOON)
    assert not first.signs_at(NOON - timedelta(microseconds=1))
    assert third.signs_at(NOON + 50 * YEAR)


def test_a_takeover_that_was_killed_is_finished_by_the_next_call(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "signing.key"
    old = Signer.kept(file)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            rotate(database.closings, file, NOON)
        with pytest.raises(KeyboardInterrupt):
            rotate(database.closings, file, NOON + YEAR)
    assert Signer.read(file).public == old.public
    with pytest.raises(KeyRefused):
        publish(database.closings, old, NOON + YEAR)
    _, new = rotate(database.closings, file, NOON + 2 * YEAR)
    assert Signer.read(file).public == new
    assert [key.key for key in published(database.closings).keys] == [old.public, new]
    assert sorted(path.name for path in tmp_path.glob("signing.key*")) == ["signing.key"]
    publish(database.closings, Signer.read(file), NOON + 3 * YEAR)


def test_a_clock_before_the_key_s_time_signs_nothing(database: Database) -> None:
    signer = Signer.new()
    publish(database.closings, signer, NOON)
    with pytest.raises(KeyRefused, match="clock"):
        publish(database.closings, signer, NOON - YEAR)


def test_kin_are_those_that_handed_over_and_nobody_else(database: Database, three: bytes) -> None:
    names = [key.key for key in PublishedKeys.read(three).keys]
    assert [kin_of(name, database.closings) for name in names] == [names] * 3
    assert kin_of("ab" * 32, database.closings) == ["ab" * 32]
