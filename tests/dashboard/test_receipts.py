"""Receipts and dossiers over the API: what anybody is told of a code, and who makes, prints, files and fetches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access.questions import OF_EACH
from dashboard.api import dossier as api
from dashboard.app import create_app
from domain.dossier import SCANS, Item
from domain.people import Account, Role, Scope
from domain.receipt import RECEIPTS, code_of, grouped
from records import scan_files
from storage.database import connect
from tests.closed_batches import FIRST, SITE
from tests.dashboard.serving import client
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.records.dossiers import CERTIFICATE, TICKET, Dossiers, jpeg, pdf, png

AT = f"/api/v1/batches/{FIRST}"
CHECK = "/api/v1/receipts"
NAMES = frozenset({FIRST})


@dataclass
class Counter:
    """A site's dossier behind the API, and who talks to it."""

    site: Dossiers
    talking: httpx.Client

    def coming(self, role: Role) -> dict[str, str]:
        """The headers of somebody who has just come in."""
        accounts, now = self.site.database.accounts, self.site.clock.now()
        name = f"{role.value.replace('_', '-')}-{len(accounts.all())}"
        names = {"county": SITE.county, "site": SITE.id, "batches": FIRST}.get(role.reach.value, "")
        accounts.add(Account(name, role, Scope(role.reach, frozenset({names} - {""})), now, False), "no hash")
        accounts.succeed(name, hashlib.sha256(name.encode()).hexdigest(), now)
        return {"Cookie": f"kaojian_session={name}"}

    def check(self, code: str) -> dict[str, Any]:
        answer = self.talking.get(f"{CHECK}/{code}")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def file(self, headers: dict[str, str], data: bytes, **told: str | int) -> httpx.Response:
        return self.talking.post(f"{AT}/dossier/scans", params=told, content=data, headers=headers)


@pytest.fixture
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    folder = tmp_path_factory.mktemp("receipts")
    with closing(connect(f"sqlite:///{folder / 'kaojian.db'}", NOTARY)) as database:
        site = Dossiers(database, folder / "spool", second=MemoryObjects(target="second"))
        site.set_norm()
        site.enrol()
        pages = "https://kaojian.example.cn"
        app = create_app(
            database, site.archive, load_rule_pack, site.clock, None, signing=site.signer, pages_address=pages
        )
        with client(app, None) as talking:
            yield Counter(site, talking)


@pytest.fixture
def receipted(counter: Counter) -> tuple[Counter, str]:
    """With a whole dossier, closed, and the code of a receipt."""
    counter.site.file_all()
    counter.site.close(FIRST)
    counter.site.clock.advance(60)
    return counter, grouped(counter.site.receipt().key)


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


# --- Anybody --------------------------------------------------------------------------------------------------------


def test_a_byte_of_the_dossier_that_changed_is_told_to_anybody_and_nobody_is_named(
    receipted: tuple[Counter, str],
) -> None:
    counter, code = receipted
    told = counter.check(code)
    assert (told["state"], told["code"], told["certificate"]) == ("holds", code, CERTIFICATE)
    assert datetime.fromisoformat(told["made"]) == counter.site.clock.now()
    for store in (counter.site.objects, counter.site.second):
        assert store is not None
        store.flip_a_byte(min(store.keys(".dossiers/")))
    assert counter.check(code)["state"] == "holds"  # as it was less than a minute ago
    counter.site.clock.advance(61)
    told = counter.check(code)
    assert (told["state"], told["zh"]) == ("changed", "归档扫描件与出具时不一致")
    for secret in (TICKET, "欧阳", "entry", "scan 1", FIRST, "sg-001"):
        assert secret not in str(told)


def test_a_store_that_is_away_makes_it_unknown(receipted: tuple[Counter, str]) -> None:
    counter, code = receipted
    assert counter.site.second is not None
    counter.site.objects.down = counter.site.second.down = True
    assert counter.check(code)["state"] == "unknown"


def test_a_code_that_is_not_there_has_the_shape_of_one_that_is(receipted: tuple[Counter, str]) -> None:
    counter, code = receipted
    none, holds = counter.check(code_of("0" * 64)), counter.check(code)
    assert (none["state"], none["certificate"], none["made"]) == ("none", None, None)
    assert none.keys() == holds.keys()


def test_a_wrong_character_is_told_as_mistyped_and_any_way_of_writing_it_is_read(
    receipted: tuple[Counter, str],
) -> None:
    counter, code = receipted
    for wrong in (("1" if code[0] != "1" else "2") + code[1:], "x", "欧阳", "%00", code + "0"):
        told = counter.check(wrong)
        assert (told["state"], told["code"]) == ("mistyped", "")
    wide = "".join(chr(ord(each) + 0xFEE0) for each in code)
    for typed in (code.lower(), code.replace("-", ""), code.replace("-", " "), code.replace("0", "O"), wide):
        assert counter.check(typed)["state"] == "holds"


def test_who_asks_too_often_is_told_when_to_ask_again_and_logging_in_is_not_touched_by_it(
    receipted: tuple[Counter, str],
) -> None:
    counter, code = receipted
    for _ in range(OF_EACH.at_once):
        counter.check(code)
    refused = counter.talking.get(f"{CHECK}/{code}")
    assert problem(refused) == (429, "too-many-questions")
    assert int(refused.headers["retry-after"]) == OF_EACH.every_s
    assert counter.talking.get("/api/v1/session").status_code == 200
    counter.site.clock.advance(OF_EACH.every_s)
    assert counter.check(code)["state"] == "holds"


# --- Making and printing --------------------------------------------------------------------------------------------


def test_an_officer_makes_a_receipt_once_and_a_supervisor_prints_it_with_the_address_that_checks_it(
    counter: Counter,
) -> None:
    officer = counter.coming(Role.CITY_OFFICER)
    early = counter.talking.post(f"{AT}/receipts", json={"candidate": TICKET}, headers=officer)
    assert problem(early) == (409, "receipt-refused")  # the batch is not closed
    assert counter.site.database.register.standing(RECEIPTS) == []
    counter.site.file_all()
    counter.site.close(FIRST)
    made = [counter.talking.post(f"{AT}/receipts", json={"candidate": TICKET}, headers=officer) for _ in range(2)]
    assert made[0].status_code == 200, made[0].text
    assert made[0].json() == made[1].json()
    told = made[0].json()
    assert (told["candidate"], told["certificate"]) == (TICKET, None)
    assert counter.check(told["code"])["state"] == "holds"
    for role, status in ((Role.CITY_SUPERVISOR, 200), (Role.AUDITOR, 200), (Role.SITE_OPERATOR, 403)):
        printed = counter.talking.get(f"{AT}/receipts/{told['code']}.pdf?lang=en", headers=counter.coming(role))
        assert printed.status_code == status
        assert printed.content.startswith(b"%PDF") == (status == 200)
    nobodys = counter.talking.get(f"{AT}/receipts/{code_of('0' * 64)}.pdf", headers=officer)
    assert problem(nobodys) == (404, "unknown-receipt")


def test_nobody_else_makes_a_receipt(counter: Counter) -> None:
    for role in (Role.SITE_OPERATOR, Role.CITY_SUPERVISOR, Role.AUDITOR, Role.EXAMINER, Role.CITY_ADMINISTRATOR):
        answer = counter.talking.post(f"{AT}/receipts", json={"candidate": TICKET}, headers=counter.coming(role))
        assert problem(answer) == (403, "not-allowed")


# --- The dossier ----------------------------------------------------------------------------------------------------


def test_a_site_files_what_is_missing_and_the_list_says_so(counter: Counter) -> None:
    operator = counter.coming(Role.SITE_OPERATOR)
    empty = counter.talking.get(f"{AT}/dossier", headers=operator).json()
    assert [each["scan"] for each in empty["needs"]] == [None] * len(empty["needs"])
    assert empty["clauses"][0]["zh"].startswith("缺试卷（实操、第1场）")
    for number, item in enumerate(each for each in Item if each is not Item.FOOTAGE):
        data = (pdf(item), jpeg(40 + number), png(4 + number))[number % 3]
        answer = counter.file(operator, data, item=item)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["number"], answer.json()["by"]) == (number + 1, "account:site-operator-0")
    told = counter.talking.get(f"{AT}/dossier", headers=counter.coming(Role.AUDITOR)).json()
    assert None not in [each["scan"] for each in told["needs"]]
    assert [each["type"] for each in told["scans"]] == ["pdf", "jpg", "png", "pdf", "jpg"]
    assert [(each["id"], each["verdict"]) for each in told["clauses"]] == [("C9-1", "pending"), ("C9-2", "pass")]
    assert counter.site.second is not None
    assert len(counter.site.second.keys(".dossiers/")) == 5  # the pages' store is not the only one


def test_a_scan_is_corrected_with_a_reason_and_the_same_file_changes_nothing(counter: Counter) -> None:
    operator = counter.coming(Role.SITE_OPERATOR)
    first = counter.file(operator, pdf("a"), item="roster").json()
    assert counter.file(operator, pdf("a"), item="roster").json() == first
    assert problem(counter.file(operator, pdf("b"), item="roster", replaces=1)) == (422, "reason-needed")
    second = counter.file(operator, pdf("b"), item="roster", replaces=1, reason="漏页重扫").json()
    assert (second["number"], second["revision"], second["reason"]) == (1, 2, "漏页重扫")


REFUSED: tuple[tuple[bytes, dict[str, Any], str], ...] = (
    (b"", {"item": "roster"}, "empty"),
    (b"MZ not a scan", {"item": "roster"}, "no PDF"),
    (pdf()[:-20], {"item": "roster"}, "cut off"),
    (pdf("x", b"/Encrypt 5 0 R"), {"item": "roster"}, "encrypted"),
    (pdf(), {"item": "footage"}, "closing"),
    (pdf(), {"item": "roster", "sitting": 1}, "whole batch"),
    (pdf(), {"item": "papers", "subject": "理论"}, "no such subject"),
    (png(), {"item": "roster", "pages": 2}, "one page"),
)


def test_what_is_no_scan_or_not_of_that_item_is_refused_and_nothing_is_stored(counter: Counter) -> None:
    operator = counter.coming(Role.SITE_OPERATOR)
    for data, told, why in REFUSED:
        answer = counter.file(operator, data, **told)
        assert problem(answer) == (422, "dossier-refused")
        assert why in answer.json()["detail"]
    assert counter.site.database.register.standing(SCANS) == []
    assert not counter.site.objects.keys(".dossiers/")


def test_no_more_of_a_file_is_kept_than_may_be_filed(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (api, scan_files):
        monkeypatch.setattr(module, "MOST_BYTES", 1000)
    operator = counter.coming(Role.SITE_OPERATOR)
    said = counter.file(operator, bytes(2000), item="roster")
    assert problem(said) == (422, "dossier-refused")
    assert "has 2000 bytes" in said.json()["detail"]  # as was said, before any of it was read
    unsaid = (bytes(1 << 16) for _ in range(100))
    answer = counter.talking.post(f"{AT}/dossier/scans?item=roster", content=unsaid, headers=operator)
    assert "has 1001 bytes" in answer.json()["detail"]
    assert counter.site.database.register.standing(SCANS) == []


def test_a_store_that_is_away_is_told_and_the_next_try_files_it(counter: Counter) -> None:
    operator = counter.coming(Role.SITE_OPERATOR)
    counter.site.objects.down = True
    assert problem(counter.file(operator, pdf(), item="roster"))[0] == 503
    assert counter.site.database.register.standing(SCANS) == []
    counter.site.objects.down = False
    assert counter.file(operator, pdf(), item="roster").status_code == 200


def test_a_scan_is_fetched_as_it_was_filed_and_the_journal_says_by_whom(counter: Counter) -> None:
    counter.site.file(Item.ROSTER, png())
    auditor = counter.coming(Role.AUDITOR)
    got = counter.talking.get(f"{AT}/dossier/scans/1", headers=auditor)
    assert (got.content, got.headers["content-type"]) == (png(), "image/png")
    assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''2026-0501-001-roster.png")
    assert (got.headers["cache-control"], got.headers["x-content-type-options"]) == ("no-store", "nosniff")
    (entry, *_) = counter.site.database.journal.entries(1)
    assert (entry.act, entry.actor.name) == ("fetch_scan", "account:auditor-0")
    assert problem(counter.talking.get(f"{AT}/dossier/scans/2", headers=auditor)) == (404, "unknown-scan")
    counter.site.objects.down = True
    assert counter.site.second is not None
    counter.site.second.down = True
    assert problem(counter.talking.get(f"{AT}/dossier/scans/1", headers=auditor)) == (503, "no-scan-answers")


def test_only_the_site_files_and_who_marks_or_administers_sees_no_dossier(counter: Counter) -> None:
    for role in (Role.CITY_OFFICER, Role.CITY_SUPERVISOR, Role.AUDITOR, Role.CITY_ADMINISTRATOR, Role.EXAMINER):
        assert problem(counter.file(counter.coming(role), pdf(), item="roster")) == (403, "not-allowed")
    for role in (Role.CITY_ADMINISTRATOR, Role.EXAMINER):
        assert problem(counter.talking.get(f"{AT}/dossier", headers=counter.coming(role))) == (403, "not-allowed")
    assert problem(counter.talking.get(f"{AT}/dossier/scans/1")) == (401, "not-logged-in")
