"""Receipts: whatever changes of what they stand for is found and named; where nothing does, they hold."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.chain import canonical
from domain.dossier import Item
from domain.evidence import Run
from domain.receipt import RECEIPTS, Leaf, Receipt, code_of, grouped, read_code, root_of
from domain.register import Draft
from domain.roll import CANDIDATES, SIGN_INS, Candidate, Document, KeptSubject
from domain.timeline import Interval
from records import receipts
from records.errors import NoSuchReceipt, ReceiptRefused
from records.receipts import Checked, State
from storage.database import Database, connect
from storage.errors import UnknownBatch
from storage.manifest.form import read_signed, signed
from storage.manifest.keys import published, rotate
from storage.signing import Signer
from tests.closed_batches import FIRST, SECOND, START, TESTER
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.records.dossiers import CERTIFICATE, TICKET, Dossiers, pdf


@pytest.fixture
def site(tmp_path: Path) -> Dossiers:
    """A closed batch with a candidate and a whole dossier, in two stores."""
    database = connect(f"sqlite:///{tmp_path / 'receipts.sqlite3'}", NOTARY)
    made = Dossiers(database, tmp_path / "spool", second=MemoryObjects(target="second"))
    made.set_norm()
    made.enrol()
    made.file_all()
    made.close(FIRST)
    made.clock.advance(60)
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "receipts.sqlite3"


def checked(site: Dossiers, code: str | None = None) -> Checked:
    """The check of the code, or of the only receipt there is."""
    if code is None:
        (entry,) = site.database.register.standing(RECEIPTS)
        code = entry.key
    return receipts.check_code(site.database, site.archive, code)


def behind_the_back(file: Path, statement: str) -> None:
    """Change rows as the owner of the file can: past the triggers."""
    with closing(sqlite3.connect(file)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            connection.execute(f"DROP TRIGGER {name}")
        done = connection.execute(statement)
        assert done.rowcount > 0
        connection.commit()


# --- Negative first: everything that can change ---------------------------------------------------------------------


def test_one_byte_of_a_scan_that_changes_in_the_archive_is_found_and_the_scan_is_named(site: Dossiers) -> None:
    site.receipt()
    assert checked(site).state is State.HOLDS
    for store in (site.objects, site.second):
        assert store is not None
        for key in sorted(store.keys(".dossiers/"))[:1]:
            store.flip_a_byte(key)
    found = checked(site)
    assert (found.state, found.label.partition(" ")[0], found.zh) == (
        State.CHANGED,
        "scan",
        "归档扫描件与出具时不一致",
    )
    assert found.certificate == CERTIFICATE


def test_a_scan_that_one_store_lost_is_noted_and_one_that_all_lost_is_a_change(site: Dossiers) -> None:
    site.receipt()
    assert site.second is not None
    key = min(site.objects.keys(".dossiers/"))
    site.objects.destroy(key)
    found = checked(site)
    assert (found.state, len(found.notes)) == (State.HOLDS, 1)
    assert "memory: missing 缺失" in found.notes[0]
    site.second.destroy(key)
    assert checked(site).state is State.CHANGED


def test_a_store_that_does_not_answer_makes_it_unknown_and_never_a_yes_or_a_no(site: Dossiers) -> None:
    site.receipt()
    assert site.second is not None
    site.objects.down = True
    assert checked(site).state is State.HOLDS  # the other one has it all
    site.second.down = True
    found = checked(site)
    assert (found.state, bool(found.label)) == (State.UNKNOWN, True)
    site.objects.down = False
    site.objects.destroy(min(site.objects.keys(".dossiers/")))
    assert checked(site).state is State.UNKNOWN


def test_what_is_revised_taken_back_or_added_afterwards_is_named_and_a_later_receipt_holds(site: Dossiers) -> None:
    changes: list[tuple[str, Callable[[], object]]] = [
        (f"entry score/{FIRST}/{TICKET}/实操@1", lambda: site.score("90")),
        ("scan 6", lambda: site.file(Item.ROSTER, pdf("another"))),
        ("scan 1", lambda: site.file(Item.PAPERS, pdf("x"), replaces=1, reason="重扫")),
        (f"entry sign_in/{FIRST}/1/{TICKET}@1", lambda: _take_back(site, f"{FIRST}/1/{TICKET}")),
    ]
    code = site.receipt().key
    for label, change in changes:
        assert checked(site, code).state is State.HOLDS
        change()
        found = checked(site, code)
        assert (found.state, found.label) == (State.CHANGED, label)
        assert TICKET not in found.zh + found.en  # what the public is told names nobody
        site.clock.advance(60)
        code = site.receipt().key


def _take_back(site: Dossiers, key: str) -> None:
    draft: Draft[object] = Draft(SIGN_INS, key, None, FIRST, "sg-001", "m")  # type: ignore[arg-type]
    site.database.register.enter("test", FIRST, [draft], TESTER, site.clock.now())


def test_an_amended_manifest_is_named(site: Dossiers) -> None:
    site.receipt()
    span = Interval(START + timedelta(hours=1), START + timedelta(hours=1, seconds=4))
    run = Run("run-late", "c2", f"life-{FIRST}", span.start)
    site.database.evidence.begin_run(run)
    site.to(span.end + timedelta(minutes=1))
    site.add(FIRST, "c2", run.id, span)
    site.close(FIRST, reason="补录")
    found = checked(site)
    assert (found.state, found.label) == (State.CHANGED, "link sg-001/1")


@pytest.mark.parametrize(
    ("statement", "label"),
    [
        ("UPDATE register SET document = replace(document, '80', '81') WHERE kind = 'score'", "entry score/"),
        ("UPDATE register SET document = replace(document, 'A1', 'A2') WHERE kind = 'sign_in'", "entry sign_in/"),
        ("DELETE FROM register WHERE kind = 'seat'", "entry seat/"),
        ("DELETE FROM register WHERE kind = 'dossier_scan' AND key LIKE '%/000002'", "scan 2"),
        ("UPDATE closings SET link = replace(link, 'sg-001', 'sg-002')", "link "),
        ("UPDATE closing_documents SET text = replace(text, 'c1', 'c2')", "segments"),
    ],
)
def test_rows_that_the_owner_of_the_database_changes_are_named(
    site: Dossiers, file: Path, statement: str, label: str
) -> None:
    code = site.receipt().key
    behind_the_back(file, statement)
    found = checked(site, code)
    assert (found.state, found.label.startswith(label)) == (State.CHANGED, True), found


def test_a_receipt_that_is_changed_itself_never_holds(site: Dossiers, file: Path) -> None:
    entry = site.receipt()
    data = entry.thing.text.encode()
    assert receipts.check_file(site.database, site.archive, data).state is State.HOLDS
    made, _ = read_signed(Receipt, data)
    stranger, body = Signer.new(), json.loads(data)
    forged = [
        b"",
        b"{}",
        b"[" * 100_000,
        data + b"\n",
        data.replace(TICKET.encode(), b"T002"),
        data[:-3] + b'0"}',
        canonical({**body, "leaves": [body["leaves"][1], body["leaves"][0], *body["leaves"][2:]]}),
        canonical({**body, "leaves": body["leaves"][:-1]}),
        canonical({**body, "leaves": [*body["leaves"], {"label": "scan 9", "value": "0" * 64}]}),
        canonical({**body, "certificate": "another"}),
        canonical({**body, "root": "0" * 64}),
        signed(stranger, replace(made, key=stranger.public)),
        signed(stranger, made),
    ]
    for each in forged:
        assert receipts.check_file(site.database, site.archive, each).state is State.CHANGED, each[:60]


def test_a_receipt_that_the_installation_signed_and_did_not_keep_never_holds(site: Dossiers) -> None:
    made, _ = read_signed(Receipt, site.receipt().thing.text.encode())

    def check(receipt: Receipt) -> Checked:
        return receipts.check_file(site.database, site.archive, signed(site.signer, receipt))

    other = tuple(Leaf("salt", "0" * 64) if each.label == "salt" else each for each in made.leaves)
    assert check(replace(made, leaves=other, root=root_of(other))).zh == "登记的回执不是此件"
    for wrong in (
        replace(made, root="zz"),
        replace(made, root="0" * 64),
        replace(made, leaves=other),
        replace(made, leaves=(*made.leaves[1:], made.leaves[0])),
        replace(made, certificate="4402"),
        replace(made, ticket="T002"),
        replace(made, batch="2026-0502"),
        replace(made, form="kaojian-receipt-2"),
    ):
        assert check(wrong).state is State.CHANGED


def test_a_receipt_that_lies_under_another_code_or_is_replaced_in_the_database_never_holds(
    site: Dossiers, file: Path
) -> None:
    entry = site.receipt()
    fake = code_of("ab" * 32).replace("-", "")
    behind_the_back(file, f"UPDATE register SET key = '{fake}' WHERE kind = 'receipt'")  # noqa: S608
    assert checked(site, fake).zh == "回执码不符"
    with pytest.raises(NoSuchReceipt):
        checked(site, entry.key)


# --- What holds -----------------------------------------------------------------------------------------------------


def test_a_receipt_stands_for_the_candidate_the_footage_and_the_whole_dossier(site: Dossiers) -> None:
    entry = site.receipt()
    made, signature = read_signed(Receipt, entry.thing.text.encode())
    assert published(site.database.closings).holds(made, signature, site.signer.public, made.made_at)
    labels = [each.label for each in made.leaves]
    assert labels == [
        *("form", "site", "batch", "ticket", "certificate", "salt"),
        f"entry candidate/{FIRST}/{TICKET}@1",
        f"entry score/{FIRST}/{TICKET}/实操@1",
        f"entry seat/{FIRST}/1/{TICKET}@1",
        f"entry sign_in/{FIRST}/1/{TICKET}@1",
        "link sg-001/1",
        "segments",
        *(f"scan {number}" for number in range(1, 6)),
    ]
    link = site.database.closings.links("sg-001")[0]
    values = {each.label: each.value for each in made.leaves}
    assert (values["link sg-001/1"], values["segments"]) == (link.digest, link.segments_root)
    assert "欧阳" not in entry.thing.text
    assert entry.key == read_code(grouped(entry.key))
    found = checked(site)
    assert (found.state, found.code, found.label, found.notes) == (State.HOLDS, grouped(entry.key), "", ())
    assert site.database.journal.entries(1)[0].act == "make_receipt"


def test_a_receipt_of_who_keeps_a_subject_stands_for_the_footage_of_that_batch_too(site: Dossiers) -> None:
    """The receipt is of the second batch; the candidate passed a subject in the first one."""
    site.hold(SECOND, START + timedelta(days=1))
    site.close(SECOND)
    claim = KeptSubject("实操", FIRST, TICKET)
    person = Candidate(SECOND, "N1", "欧阳测试", Document.RESIDENT_ID, "sealed", ("实操",), kept=(claim,))
    draft = Draft(CANDIDATES, f"{SECOND}/N1", person, SECOND, "sg-001", "m")
    site.database.register.enter("test", SECOND, [draft], TESTER, site.clock.now())
    names = [f"candidate/{SECOND}/N1@1", f"candidate/{FIRST}/{TICKET}@1"]
    entry = receipts.make(site.desk, site.signer, SECOND, "N1", names)
    labels = [each.label for each in receipts.opened(entry).leaves]
    assert labels[-4:] == ["link sg-001/2", "segments", "link sg-001/1", f"segments/{FIRST}"]
    assert checked(site).state is State.HOLDS
    span = Interval(START + timedelta(hours=1), START + timedelta(hours=1, seconds=4))
    site.database.evidence.begin_run(Run("run-late", "c2", f"life-{FIRST}", span.start))
    site.add(FIRST, "c2", "run-late", span)
    site.close(FIRST, reason="补录")
    found = checked(site)
    assert (found.state, found.label) == (State.CHANGED, "link sg-001/1")
    assert found.zh.startswith("现场录像的签名清单")


def test_no_receipt_rests_on_footage_of_a_kept_subject_that_nobody_signed(site: Dossiers) -> None:
    person = Candidate("2025-1101", "E1", "欧阳测试", Document.RESIDENT_ID, "sealed", ("实操",))
    draft = Draft(CANDIDATES, "2025-1101/E1", person, "2025-1101", "sg-001", "m")
    site.database.register.enter("test", "2025-1101", [draft], TESTER, site.clock.now())
    with pytest.raises(
        ReceiptRefused, match="manifest of batch 2025-1101 is not signed, for that batch is not closed"
    ):
        site.receipt([f"candidate/{FIRST}/{TICKET}@1", "candidate/2025-1101/E1@1"])


def test_the_same_dossier_gives_the_same_receipt_and_writes_nothing(site: Dossiers) -> None:
    first = site.receipt()
    before = site.entries()
    site.clock.advance(60)
    assert site.receipt() == first
    assert site.entries() == before
    assert site.receipt(certificate="").key != first.key
    assert receipts.of_certificate(site.database, f" {CERTIFICATE} ") == [first]
    assert receipts.of_certificate(site.database, "") == []


def test_a_receipt_of_names_that_are_given_rests_on_these_alone(site: Dossiers) -> None:
    names = [f"seat/{FIRST}/1/{TICKET}@1", "norm/norm-1@1", "norm/norm-1@1"]
    made = receipts.opened(site.receipt(names))
    assert [each.label for each in made.leaves if each.label.startswith("entry")] == [
        "entry norm/norm-1@1",
        f"entry seat/{FIRST}/1/{TICKET}@1",
    ]
    site.score("90")
    assert checked(site).state is State.HOLDS


def test_a_receipt_holds_after_the_key_was_rotated(site: Dossiers, tmp_path: Path) -> None:
    key_file = tmp_path / "signing.key"
    site.signer = Signer.kept(key_file)
    with closing(connect(f"sqlite:///{tmp_path / 'other.sqlite3'}", NOTARY)) as database:
        other = Dossiers(database, tmp_path / "spool2")
        other.signer = site.signer
        other.enrol()
        other.close(FIRST)
        other.receipt()
        other.clock.advance(60)
        rotate(database.closings, key_file, other.clock.now())
        assert checked(other).state is State.HOLDS


def test_no_receipt_rests_on_what_is_not_on_record(site: Dossiers) -> None:
    before = site.entries()
    for name in (
        "score/2026-0501/T001/实操@2",
        "score/2026-0501/T009/实操@1",
        "no name",
        "a@b",
        "norm/norm-1@99999999999999999999",
        "norm/\0@1",
    ):
        with pytest.raises(ReceiptRefused):
            site.receipt([name])
    assert site.entries() == before


def test_no_receipt_is_made_of_a_batch_that_is_not_closed_or_of_nobody_or_of_another_ones_certificate(
    database: Database, tmp_path: Path, site: Dossiers
) -> None:
    made = Dossiers(database, tmp_path / "spool3")
    with pytest.raises(ReceiptRefused, match="no candidate"):
        made.receipt()
    made.enrol()
    with pytest.raises(ReceiptRefused, match="not closed"):
        made.receipt()
    with pytest.raises(UnknownBatch):
        receipts.make(made.desk, made.signer, "no-batch", TICKET)
    site.receipt()
    register = site.database.register
    before = register.find(CANDIDATES, f"{FIRST}/{TICKET}")
    assert before is not None
    twin = replace(before.thing, ticket="T002")
    register.enter("test", FIRST, [Draft(CANDIDATES, f"{FIRST}/T002", twin, FIRST)], TESTER, before.at)
    with pytest.raises(ReceiptRefused, match="another candidate"):
        receipts.make(site.desk, site.signer, FIRST, "T002", certificate=CERTIFICATE)


def test_a_code_that_was_typed_wrongly_or_never_made_is_told_apart(site: Dossiers) -> None:
    site.receipt()
    with pytest.raises(NoSuchReceipt, match="回执码有误"):
        checked(site, "1234")
    with pytest.raises(NoSuchReceipt, match="没有此回执"):
        checked(site, code_of("ab" * 32))
