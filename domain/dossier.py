"""The dossier of a batch 档案袋: the six items that clause 九 has an institution file, and where their scans lie.

Papers come as scans, footage comes with the closing of the batch. Which of them a batch needs is told by its sittings
and by how its subjects are examined: a subject that a machine examines 机考 has neither papers nor score sheets. Not
here: what counts as a scan and how one is filed (``records.scan_files``, ``records.dossier``), and what the notice
says of a dossier (``records.dossier_rules``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.grounds import Method
from domain.register import Kind


class Item(StrEnum):
    """考核材料: what clause 九 names, in its order."""

    PAPERS = "papers"
    SCORE_SHEETS = "score_sheets"
    ROOM_RECORD = "room_record"
    SIGN_IN_SHEET = "sign_in_sheet"
    ROSTER = "roster"
    FOOTAGE = "footage"

    @property
    def zh(self) -> str:
        return _ITEMS[self][0]

    @property
    def en(self) -> str:
        return _ITEMS[self][1]

    @property
    def by_subject(self) -> bool:
        """Whether each subject has its own, and one that a machine examines has none (机考除外)."""
        return self in {Item.PAPERS, Item.SCORE_SHEETS}

    @property
    def by_sitting(self) -> bool:
        """Whether each sitting has its own."""
        return self in {Item.PAPERS, Item.SCORE_SHEETS, Item.ROOM_RECORD, Item.SIGN_IN_SHEET}


_ITEMS = {
    Item.PAPERS: ("试卷", "papers"),
    Item.SCORE_SHEETS: ("评分表", "score sheets"),
    Item.ROOM_RECORD: ("考场记录表", "room record"),
    Item.SIGN_IN_SHEET: ("考生签到表", "sign-in sheet"),
    Item.ROSTER: ("考核名册表", "roster"),
    Item.FOOTAGE: ("现场录像", "footage"),
}


class ScanType(StrEnum):
    """What the bytes of a scan are, whatever its file was called."""

    PDF = "pdf"
    JPEG = "jpg"
    PNG = "png"


@dataclass(frozen=True, slots=True)
class Scan:
    """归档材料: one scan that was filed. ``subject`` is "" for all subjects, ``sitting`` 0 for all sittings.

    ``number`` is its own within the batch; a corrected one keeps it, as the next revision.
    """

    batch: str
    number: int
    item: Item
    subject: str
    sitting: int
    pages: int
    type: ScanType
    size_bytes: int
    sha256: str

    def serves(self, need: Need) -> bool:
        """Whether it is what is needed, or a part of it that covers more."""
        same = self.item is need.item and self.subject in {"", need.subject}
        return same and (need.sitting == 0 or self.sitting in {0, need.sitting})


@dataclass(frozen=True, slots=True)
class ScanCopy:
    """Where the bytes of a scan lie in one object store, as they were read back. ``locked_until`` is None where the
    store keeps no lock, which only development allows; ``removed`` is when it went, by a disposal list.
    """

    batch: str
    key: str
    bucket: str
    version_id: str
    size_bytes: int
    sha256: str
    locked_until: datetime | None
    removed: datetime | None = None


SCANS = Kind("dossier_scan", Scan)
"""By ``batch/number``, the number in six digits."""

SCAN_COPIES = Kind("dossier_copy", ScanCopy)
"""By ``bucket/object key``: they follow locks that are lengthened, and a scan stays as it was filed."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a batch must have: an item of a subject and a sitting, "" and 0 where it is one for all."""

    item: Item
    subject: str = ""
    sitting: int = 0

    @property
    def zh(self) -> str:
        of = "、".join(each for each in (self.subject, f"第{self.sitting}场" if self.sitting else "") if each)
        return f"{self.item.zh}（{of}）" if of else self.item.zh

    @property
    def en(self) -> str:
        of = ", ".join(each for each in (self.subject, f"sitting {self.sitting}" if self.sitting else "") if each)
        return f"{self.item.en} ({of})" if of else self.item.en


def needs(
    sittings: Iterable[int],
    methods: Sequence[tuple[str, Method]],
    examined: Iterable[tuple[str, int]] = (),
    without_papers: Collection[str] = (),
) -> Iterator[Need]:
    """All scans that a batch must have; footage is none.

    ``methods`` are the subjects of the norm, ``examined`` says which subject is examined in which sitting, as far as
    seats tell. Of a subject whose sittings nobody knows one scan is asked for. Of those ``without_papers`` 无试卷
    only score sheets are asked for.
    """
    of_machines = {subject for subject, method in methods if method is Method.MACHINE}
    subjects = [subject for subject, _ in methods]
    where: dict[str, set[int]] = {}
    for subject, sitting in examined:
        where.setdefault(subject, set()).add(sitting)
    numbers = sorted(set(sittings))
    for item in Item:
        if item.by_subject:
            for subject in subjects:
                if subject not in of_machines and not (item is Item.PAPERS and subject in without_papers):
                    yield from (Need(item, subject, number) for number in sorted(where.get(subject, {0})))
        elif item.by_sitting:
            yield from (Need(item, "", number) for number in numbers)
        elif item is not Item.FOOTAGE:
            yield Need(item)
