"""A closed batch taken away over the API: whole and verified offline, written down, and refused to whom it is not."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.app import create_app
from domain.holds import Order
from domain.people import Account, Role, Scope
from domain.viewings import Deed
from storage.database import JournalEntry, connect
from storage.manifest.trees import NotVerified, reading
from storage.manifest.verifying import Trust, verify
from tests.closed_batches import EXAM, FIRST, LEAD, SECOND, SITE, START, TESTER, ClosedBatches, closed_twice
from tests.dashboard.serving import client, problem
from tests.fakes.notary import NOTARY

AT = f"/api/v1/batches/{FIRST}/export.zip"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClosedBatches]:
    folder = tmp_path_factory.mktemp("exports")
    with closing(connect(f"sqlite:///{folder / 'kaojian.db'}", NOTARY)) as database:
        yield closed_twice(database, folder / "spool")


@pytest.fixture(scope="module")
def talking(site: ClosedBatches) -> Iterator[httpx.Client]:
    app = create_app(site.database, site.archive, load_rule_pack, site.clock, None, signing=site.signer)
    with client(app, None) as found:
        yield found


def coming(site: ClosedBatches, role: Role, *names: str) -> dict[str, str]:
    accounts, now = site.database.accounts, site.clock.now()
    name = f"{role.value.replace('_', '-')}-{len(accounts.all())}"
    accounts.add(Account(name, role, Scope(role.reach, frozenset(names)), now, must_change=False), "no hash")
    accounts.succeed(name, hashlib.sha256(name.encode()).hexdigest(), now)
    return {"Cookie": f"kaojian_session={name}"}


def written_down(site: ClosedBatches) -> list[JournalEntry]:
    """The last two entries, once the end of the answer that was read just now is one of them."""
    deadline = time.monotonic() + 30
    while not (found := site.database.journal.entries(2))[0].act.endswith("_export_of_batch"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def test_it_is_verified_offline_and_one_byte_of_it_that_changed_is_found(
    talking: httpx.Client, site: ClosedBatches, tmp_path: Path
) -> None:
    answer = talking.get(AT, headers=coming(site, Role.CITY_SUPERVISOR))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{FIRST}.zip"
    link = site.database.closings.latest(FIRST)
    assert link is not None
    assert answer.headers["kaojian-head"] == f"{link.number}:{link.digest}"
    assert answer.headers["content-length"] == str(len(answer.content))
    file = tmp_path / "taken.zip"
    file.write_bytes(answer.content)
    with reading(file) as tree:
        assert list(verify(tree, Trust([site.signer.public], at_least=2)))
    spoilt = bytearray(answer.content)
    spoilt[len(spoilt) // 2] ^= 1
    file.write_bytes(spoilt)
    with pytest.raises(NotVerified), reading(file) as tree:
        list(verify(tree, Trust([site.signer.public])))


def test_who_takes_it_is_written_down_with_what_was_sent(talking: httpx.Client, site: ClosedBatches) -> None:
    headers = coming(site, Role.AUDITOR, FIRST)
    assert problem(talking.get(AT, headers=headers)) == (422, "purpose-needed")
    answer = talking.get(AT, headers=headers, params={"purpose": "年度核查抽取"})
    assert answer.status_code == 200
    last, first = (each.viewing for each in site.database.viewings.latest(2))
    assert (first.deed, first.camera, last.camera, last.purpose) == (Deed.SAVE, "c1", "c2", "年度核查抽取")
    assert last.span is not None
    assert (last.span.start, last.span.end) == (START - LEAD, START + EXAM + LEAD)
    ended, began = written_down(site)
    assert (began.act, ended.act) == ("export_batch", "finish_export_of_batch")
    assert hashlib.sha256(answer.content).hexdigest() in ended.detail


def test_a_download_that_broke_off_goes_on_and_each_part_of_it_is_written_down(
    talking: httpx.Client, site: ClosedBatches
) -> None:
    headers = coming(site, Role.CITY_SUPERVISOR)
    whole = talking.get(AT, headers=headers)
    tag, size = whole.headers["etag"], len(whole.content)
    site.clock.step(60)
    at = size // 3
    rest = talking.get(AT, headers={**headers, "Range": f"bytes={at}-", "If-Range": tag})
    assert (rest.status_code, rest.headers["etag"]) == (206, tag)
    assert rest.headers["content-range"] == f"bytes {at}-{size - 1}/{size}"
    assert rest.headers["content-length"] == str(size - at)
    assert rest.content == whole.content[at:]
    ended, began = written_down(site)
    assert f"bytes {at}-{size - 1}/{size}, of {tag[1:-1]}" in began.detail
    assert (began.act, ended.act) == ("export_batch", "finish_export_of_batch")
    assert hashlib.sha256(rest.content).hexdigest() in ended.detail
    assert {each.viewing.camera for each in site.database.viewings.latest(2)} == {"c1", "c2"}
    middle = talking.get(AT, headers={**headers, "Range": "bytes=100-299"})
    assert (middle.status_code, middle.content) == (206, whole.content[100:300])
    anew = talking.get(AT, headers={**headers, "Range": f"bytes={at}-", "If-Range": '"another"'})
    assert (anew.status_code, anew.content) == (200, whole.content)
    beyond = talking.get(AT, headers={**headers, "Range": f"bytes={size}-"})
    assert problem(beyond) == (416, "range")
    assert beyond.headers["content-range"] == f"bytes */{size}"


def test_footage_that_is_withheld_since_is_not_sent_from_the_middle_either(
    site: ClosedBatches, tmp_path: Path
) -> None:
    with closing(connect(f"sqlite:///{tmp_path / 'hidden.db'}", NOTARY)) as database:
        hidden = closed_twice(database, tmp_path / "spool")
        app = create_app(database, hidden.archive, load_rule_pack, hidden.clock, None, signing=hidden.signer)
        with client(app, None) as other:
            headers = coming(hidden, Role.CITY_SUPERVISOR)
            tag = other.get(AT, headers=headers).headers["etag"]
            at = Order(hidden.clock.now(), TESTER, "c1 拍到更衣区")
            database.withholdings.add("c1", START, START + EXAM, at)
            for more in ({}, {"Range": "bytes=5000-", "If-Range": tag}, {"Range": "bytes=-200"}):
                assert problem(other.get(AT, headers={**headers, **more})) == (503, "export-not-whole")
            assert written_down(hidden)[0].act == "finish_export_of_batch"


def test_what_is_not_closed_lies_outside_or_is_lost_is_refused_in_words(
    talking: httpx.Client, site: ClosedBatches, tmp_path: Path
) -> None:
    assert problem(talking.get(AT, headers=coming(site, Role.SITE_OPERATOR, "sg-009"))) == (404, "unknown-batch")
    assert problem(talking.get(AT, headers=coming(site, Role.EXAMINER, FIRST))) == (403, "not-allowed")
    assert talking.get(AT).status_code == 401
    supervisor = coming(site, Role.CITY_SUPERVISOR)
    site.clock.step(-86400)
    assert problem(talking.get(AT, headers=supervisor)) == (503, "export-not-whole")
    site.clock.step(86400)
    with closing(connect(f"sqlite:///{tmp_path / 'held.db'}", NOTARY)) as database:
        held = ClosedBatches(database, tmp_path / "held")
        held.hold(FIRST)
        app = create_app(database, held.archive, load_rule_pack, held.clock, None, signing=held.signer)
        with client(app, None) as other:
            answer = other.get(AT, headers=coming(held, Role.SITE_OPERATOR, SITE.id))
            assert problem(answer) == (409, "batch-not-closed")


def test_footage_that_is_lost_breaks_it_off_and_that_is_written_down(site: ClosedBatches, tmp_path: Path) -> None:
    with closing(connect(f"sqlite:///{tmp_path / 'lossy.db'}", NOTARY)) as database:
        lossy = closed_twice(database, tmp_path / "spool")
        segment = database.evidence.segments_of(SECOND)[3][0]
        lossy.objects.flip_a_byte(segment.key)
        (lossy.spool / segment.key).write_bytes(b"not it")
        app = create_app(database, lossy.archive, load_rule_pack, lossy.clock, None, signing=lossy.signer)
        with client(app, None) as other, pytest.raises(httpx.RemoteProtocolError):
            other.get(f"/api/v1/batches/{SECOND}/export.zip", headers=coming(lossy, Role.SITE_OPERATOR, SITE.id))
        assert database.journal.entries(1)[0].act == "break_off_export_of_batch"
