"""What the operations page is given of a real installation: looked at cheaply, and without its secrets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.settings import load
from dashboard.installation import YEARS, Installation
from domain.health import CheckState, Part
from domain.timeline import SystemClock
from kaojian.doctor import glance
from kaojian.installing import installation_of
from records.errors import NotReady
from storage.audit.notary import Notary
from storage.database import Database, connect
from storage.signing import Signer
from tests.kaojian.conftest import Command


@pytest.fixture
def database(kaojian: Command, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    for name, value in {"ENDPOINT": "127.0.0.1:1", "ACCESS_KEY": "kaojian", "SECRET_KEY": "hunter2"}.items():
        monkeypatch.setenv(f"KAOJIAN_S3_{name}", value)
    assert kaojian("apply", "exam.yaml").code == 0
    settings = load()
    notary = Notary(Signer.kept(settings.signing_key_file), settings.data_dir)
    with closing(connect(settings.database_url, notary)) as database:
        yield database


@pytest.fixture
def installed(database: Database) -> Installation:
    return installation_of(load(), database)


def test_a_glance_asks_nobody_on_the_network_and_tells_no_secret(
    installed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("the page would wait for the network")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    found = list(installed.checks(SystemClock().now()))
    parts = {each.part for each in found}
    assert {Part.CLOCK, Part.DISK, Part.BACKUP, Part.SECRETS, Part.RULE_PACKS} <= parts
    assert not {Part.STORE, Part.LOCK, Part.DETECTOR, Part.STAMPS, Part.PROVIDER} & parts
    assert "hunter2" not in str(found)
    assert all(each.remedy for each in found if each.state is CheckState.FAIL)


def test_a_disk_that_does_not_answer_keeps_nothing_else_from_being_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("kaojian.doctor.Disk.of", gone)
    found = {each.part: each for each in glance(load(), database, SystemClock().now())}
    assert (found[Part.DISK].state, "Input/output error" in found[Part.DISK].said) == (CheckState.FAIL, True)
    assert Part.RULE_PACKS in found


def test_the_forecast_is_that_of_the_set_up(installed: Installation) -> None:
    found = installed.planned(YEARS)
    assert len(found.forecast.kept_bytes) == YEARS
    assert found.forecast.declared.cameras > 0


def test_without_a_set_up_nothing_is_forecast(tmp_path: Path) -> None:
    with closing(connect(f"sqlite:///{tmp_path / 'empty.db'}", None)) as database, pytest.raises(NotReady):
        installation_of(load(), database).planned(YEARS)


def test_both_records_are_checked_by_the_key_of_the_installation(installed: Installation, database: Database) -> None:
    viewings, journal = installed.records()
    assert (viewings.chain.count, viewings.chain.faults, journal.chain.faults) == (0, [], [])
    assert journal.chain.count == database.journal.entries(1)[0].number
    assert journal.chain.unsigned == 0


def test_what_the_uploader_told_last_is_read(installed: Installation) -> None:
    assert list(installed.stores()) == []
    (load().data_dir / "object-store.json").write_text(
        '{"at": "2026-05-01T01:00:00Z", "lost": "it answers nothing", "unlocked": null}'
    )
    (told,) = installed.stores()
    assert (told.lost, told.unlocked) == ("it answers nothing", None)
