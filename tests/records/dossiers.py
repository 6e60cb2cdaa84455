"""A closed batch whose dossier can be filed: scans made here, a norm, one candidate with a score. Not tests."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from domain.calendar import retained_until
from domain.dossier import Item, Scan
from domain.grounds import CATALOGUES, NORMS, Catalogue, Listed, Method, Norm, Subject
from domain.receipt import KeptReceipt
from domain.register import Draft, Entry
from domain.roll import CANDIDATES, SEATS, SIGN_INS, Candidate, Document, IdCheck, Seat, SignIn
from domain.scores import CandidateScore, Score
from records import dossier, receipts
from records.dossier import Told
from records.roll import Desk
from records.scores import SCORES
from storage.archive import Archive
from storage.database import Database
from storage.objects import Objects
from tests.closed_batches import FIRST, START, TESTER, ClosedBatches
from tests.fakes.notary import SIGNER
from tests.fakes.objects import MemoryObjects

TICKET = "T001"
CERTIFICATE = "4402001226000001"
UNTIL = retained_until(START.date())
PRACTICAL, THEORY = Subject("实操", Method.PRACTICAL, 60), Subject("理论", Method.MACHINE, 30)
SHEETS = (Item.PAPERS, Item.SCORE_SHEETS, Item.ROOM_RECORD, Item.SIGN_IN_SHEET, Item.ROSTER)
"""All that is filed as scans."""


def pdf(text: str = "scan", extra: bytes = b"", packed: bytes = b"") -> bytes:
    """A small PDF: one object with ``extra`` in its dictionary, and a Flate stream where ``packed`` is one."""
    parts = [b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /T (", text.encode(), b") ", extra, b" >>\nendobj\n"]
    if packed:
        parts += [b"2 0 obj\n<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(packed), packed]
        parts += [b"\nendstream\nendobj\n"]
    return b"".join([*parts, b"trailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"])


def png(width: int = 4, height: int = 3) -> bytes:
    """A grey PNG; with a size that is only claimed where it is large."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + bytes(width) for _ in range(height)) if width < 1000 else b"\0"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def jpeg(width: int = 40, height: int = 30) -> bytes:
    """The markers of a JPEG."""
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8\xff\xe0\x00\x04ab" + frame + b"\xff\xd9"


class Dossiers(ClosedBatches):
    """The installation: batch ``FIRST`` was held. ``second`` is a second object store."""

    def __init__(self, database: Database, spool: Path, *, second: MemoryObjects | None = None) -> None:
        super().__init__(database, spool, signer=SIGNER)
        self.second = second
        self.until = UNTIL
        self.archive = self.over(self.objects)
        self.hold(FIRST)

    def over(self, objects: Objects, *, allow_unlocked: bool = False) -> Archive:
        return Archive(
            self.database.evidence,
            objects,
            self.spool,
            lambda _: self.until,
            self.clock,
            held=self.database.holds.standing,
            allow_unlocked=allow_unlocked,
            second=self.second,
        )

    @property
    def desk(self) -> Desk:
        return Desk(self.database, TESTER, self.clock.now())

    def set_norm(self, *subjects: Subject) -> None:
        norm = Norm("norm-1", "中式面点制作", START.date() - timedelta(days=300), subjects or (PRACTICAL,))
        year = START.year
        listed = (Listed(norm.project, norm.id),)
        catalogue = Catalogue(year, "考核目录", date(year, 1, 1), date(year, 12, 31), listed)
        drafts: list[Draft[Any]] = [Draft(NORMS, norm.id, norm), Draft(CATALOGUES, str(year), catalogue)]
        self.database.register.enter("test", "norm", drafts, TESTER, self.clock.now())

    def file(
        self,
        item: Item = Item.ROSTER,
        data: bytes | None = None,
        subject: str = "",
        sitting: int = 0,
        *,
        replaces: int | None = None,
        reason: str = "",
    ) -> Entry[Scan]:
        told = Told(item, subject, sitting)
        scan = pdf(f"{item} {subject} {sitting}") if data is None else data
        return dossier.file_scan(
            self.desk, self.archive, FIRST, told, scan, where="scan.pdf", replaces=replaces, reason=reason
        )

    def file_all(self) -> None:
        for item in SHEETS:
            self.file(item)

    def enrol(self) -> tuple[str, ...]:
        """One candidate with a seat, a sign-in and a score; the names of the entries."""
        now, key = self.clock.now(), f"{FIRST}/{TICKET}"
        person = Candidate(FIRST, TICKET, "欧阳测试", Document.RESIDENT_ID, "sealed", ("实操",))
        seat = Seat(FIRST, TICKET, 1, "r1", "A1", "实操")
        came = SignIn(FIRST, 1, TICKET, True, START, IdCheck.CARD, "签到处", "r1", "A1")
        entries = self.database.register.enter(
            "test",
            FIRST,
            [
                Draft(CANDIDATES, key, person, FIRST, "sg-001", "m"),
                Draft(SEATS, f"{FIRST}/1/{TICKET}", seat, FIRST, "sg-001", "m"),
                Draft(SIGN_INS, f"{FIRST}/1/{TICKET}", came, FIRST, "sg-001", "m"),
            ],
            TESTER,
            now,
        )
        return (*(entry.name for entry in entries), self.score("80").name)

    def score(self, value: str) -> Entry[CandidateScore]:
        given = CandidateScore(FIRST, TICKET, Score("实操", Method.PRACTICAL, Decimal(value), "e1", START))
        (entry,) = self.database.register.enter(
            "test", FIRST, [Draft(SCORES, f"{FIRST}/{TICKET}/实操", given, FIRST)], TESTER, self.clock.now()
        )
        return entry

    def receipt(self, names: Sequence[str] = (), certificate: str = CERTIFICATE) -> Entry[KeptReceipt]:
        return receipts.make(self.desk, self.signer, FIRST, TICKET, names, certificate=certificate)

    def entries(self) -> int:
        """How many entries the journal has: nothing was written where it stays the same."""
        return len(self.database.journal.entries(1000))
