"""Rosters 考生花名册 as files: taken into a batch's roll, shown, and written again in the same shape.

A row is one candidate in one subject, with a seat where one is given, or with where they passed it before where they
keep it 补考保留科目. Such a claim is refused where nobody of that document was there; whether it holds is said at the
gate, as long as the batch is. A file is taken in as a whole or refused as a
whole, with row and heading of everything that is wrong; the same file again changes nothing. It adds and corrects and
takes no candidate away (``withdraw``); of a candidate whom it names, the seats are those of the file. Numbers of
documents are sealed before anything is entered, and shown masked. Not here: papers about the roster
(``records.roll``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from config.errors import Problem
from domain import resident_id
from domain.people import Actor
from domain.places import Room, Sitting
from domain.register import Draft, Entry
from domain.resident_id import Flaw
from domain.roll import CANDIDATES, SEATS, Attempt, Candidate, Document, Gender, KeptSubject, Seat
from records import shapes, sheets
from records.errors import NoReason, RollRefused, SheetRefused
from records.shapes import Field, Line, Profile, Shape, Taken, lines_of, text
from storage.database import Database
from storage.errors import UnknownBatch
from storage.id_numbers import IdNumbers


def _number(cell: str) -> str:
    number = resident_id.plain(text(cell))
    if "*" in number:
        raise ValueError("号码已脱敏，请用完整号码 · is masked; give the whole number")
    if "E+" in number:
        raise ValueError("号码被表格软件改成了数值，请设为文本 · was made a number by a spreadsheet; keep it as text")
    return number


ROSTER = Shape(
    "roster",
    "考生花名册",
    (
        Field("ticket", ("准考证号",), shapes.ticket, wanted=True),
        Field("name", ("姓名", "考生姓名"), wanted=True),
        Field(
            "document",
            ("证件类型",),
            shapes.words(Document, {"身份证": Document.RESIDENT_ID}),
            otherwise=Document.RESIDENT_ID,
        ),
        Field("number", ("证件号码", "身份证号", "身份证号码"), _number, wanted=True),
        Field("gender", ("性别",), shapes.words(Gender)),
        Field("born", ("出生日期", "出生年月日"), shapes.day),
        Field("subject", ("科目", "考核科目"), wanted=True),
        Field(
            "attempt",
            ("考试类别", "类别"),
            shapes.words(Attempt, {"正考": Attempt.FIRST}),
            otherwise=Attempt.FIRST,
        ),
        Field("sitting", ("场次",), shapes.sitting_number),
        Field("room", ("考场", "试室"), otherwise=""),
        Field("station", ("工位", "工位号", "座位号"), otherwise=""),
        Field("kept_batch", ("保留科目批次", "原批次"), otherwise=""),
        Field("kept_ticket", ("保留科目准考证号", "原准考证号"), shapes.ticket, otherwise=""),
    ),
)
"""One row: one candidate in one subject, and where they sit for it, or where they passed it and keep it from."""


@dataclass(frozen=True, slots=True)
class Import:
    """What taking in a file did, or would do. ``absent`` are candidates on the roll whom it does not name."""

    candidates: int
    added: int
    changed: int
    seats_added: int
    seats_changed: int
    seats_removed: int
    absent: tuple[str, ...]
    unread: tuple[str, ...]

    @property
    def changes(self) -> bool:
        return any((self.added, self.changed, self.seats_added, self.seats_changed, self.seats_removed))


@dataclass(frozen=True, slots=True)
class Shown:
    """A candidate as people are shown one: the number masked, and without the day of birth beside it."""

    candidate: Candidate
    number: str
    seats: tuple[Seat, ...]


def take_in(
    database: Database,
    numbers: IdNumbers,
    batch: str,
    data: bytes,
    file: str,
    *,
    actor: Actor,
    now: datetime,
    profile: Profile | None = None,
    reason: str = "",
    only_look: bool = False,
) -> Import:
    """Take a roster into a batch's roll, as one act; with ``only_look``, say what would be done and enter nothing.

    Once the batch's first sitting has begun, a roster that changes anything needs a reason. Raises UnknownBatch,
    SheetRefused, NoReason, RevisedMeanwhile, DatabaseUnavailable.
    """
    place = _Place.of(database, batch)
    taken = lines_of(sheets.read(data, file, profile.sheet if profile else ""), ROSTER, profile)
    standing = {entry.key: entry for entry in database.register.standing(CANDIDATES, batch=batch)}
    seats = {entry.key: entry for entry in database.register.standing(SEATS, batch=batch)}
    others = _others(database, taken, batch)
    reading = _Reading(place, numbers, taken, file, standing, seats, _elsewhere(database, place), others)
    reading.read()
    if reading.problems:
        raise SheetRefused(reading.problems)
    drafts, done = _compared(reading, standing, seats)
    if done.changes and place.begun(now) and not reason.strip():
        raise NoReason(
            f"batch {batch} has begun: say why its roster is changed now (--reason) 考核已开始，更改花名册须说明原因"
        )
    if done.changes and not only_look:
        database.register.enter("import_roster", batch, drafts, actor, now, reason=reason.strip())
    return done


def withdraw(database: Database, batch: str, ticket: str, *, reason: str, actor: Actor, now: datetime) -> None:
    """Take a candidate off the roll, with all seats. Raises UnknownBatch, NoReason, RollRefused."""
    _Place.of(database, batch)
    if not reason.strip():
        raise NoReason("say why: a candidate is taken off the roll 请说明取消报名的原因")
    key = f"{batch}/{ticket}"
    candidate = database.register.find(CANDIDATES, key)
    if candidate is None:
        raise RollRefused(f"batch {batch} has no candidate {ticket} 名册中没有该准考证号")
    standing = database.register.standing(SEATS, batch=batch)
    seats = [each for each in standing if each.value is not None and each.value.ticket == ticket]
    drafts: list[Draft[Any]] = [_taken_back(candidate), *(_taken_back(each) for each in seats)]
    database.register.enter("withdraw_candidate", batch, drafts, actor, now, reason=reason.strip())


def shown(database: Database, numbers: IdNumbers, batch: str) -> list[Shown]:
    """A batch's roll by ticket. Raises UnknownBatch, KeyRefused."""
    _Place.of(database, batch)
    seats = _seats_by_ticket(database, batch)
    return [
        Shown(
            entry.value, resident_id.masked(numbers.open(entry.value.sealed, entry.mark)), seats(entry.value.ticket)
        )
        for entry in database.register.standing(CANDIDATES, batch=batch)
        if entry.value is not None
    ]


def rows(database: Database, numbers: IdNumbers, batch: str, *, whole_numbers: bool) -> list[tuple[str, ...]]:
    """A batch's roll as rows of the shape, which say the same when they are taken in again if numbers are whole.

    Raises UnknownBatch, KeyRefused.
    """
    place = _Place.of(database, batch)
    seats = _seats_by_ticket(database, batch)
    found: list[tuple[str, ...]] = []
    for entry in database.register.standing(CANDIDATES, batch=batch):
        if entry.value is None:
            continue
        number = numbers.open(entry.value.sealed, entry.mark)
        found.extend(_rows_of(place, entry.value, number if whole_numbers else resident_id.masked(number), seats))
    return found


# --- Reading a file -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """The batch with its sittings and the rooms of its site."""

    batch: str
    site: str
    sittings: dict[int, Sitting]

    @classmethod
    def of(cls, database: Database, batch: str) -> _Place:
        """Raises UnknownBatch."""
        found = database.setup.batch(batch)
        if found is None:
            raise UnknownBatch(f"there is no batch {batch}; `kaojian status` shows all")
        return cls(batch, found.site, {each.plan.number: each for each in database.setup.sittings(batch)})

    def begun(self, now: datetime) -> bool:
        return any(each.opened is not None or each.start <= now for each in self.sittings.values())

    @cached_property
    def rooms(self) -> dict[int, dict[str, Room]]:
        """By sitting and station: the room that it is in. A roster of thousands asks once for each row."""
        return {
            number: {station.id: room for room in reversed(sitting.rooms) for station in room.stations}
            for number, sitting in self.sittings.items()
        }

    @cached_property
    def beside(self) -> dict[int, list[int]]:
        """By sitting: those of the batch that go on at the same time, itself included."""
        return {
            number: [each for each, other in self.sittings.items() if each == number or _overlap(own, other)]
            for number, own in self.sittings.items()
        }


@dataclass(frozen=True, slots=True)
class _Busy:
    """Who and what is taken by other batches while sittings of this one go on: by (sitting, mark or station)."""

    people: dict[tuple[int, str], str] = field(default_factory=dict)
    stations: dict[tuple[int, str], str] = field(default_factory=dict)


@dataclass
class _Reading:
    """The rows of one file, held against each other and against what is on the roll."""

    place: _Place
    numbers: IdNumbers
    taken: Taken
    file: str
    standing: dict[str, Entry[Candidate]]
    seated: dict[str, Entry[Seat]]
    busy: _Busy
    others: dict[str, Entry[Candidate]]  # of batches that subjects are kept from, by key
    problems: list[Problem] = field(default_factory=list)
    candidates: dict[str, tuple[Candidate, str]] = field(default_factory=dict)  # by ticket, with mark
    seats: dict[str, tuple[Seat, str]] = field(default_factory=dict)  # by key, with mark

    def read(self) -> None:
        """Fill candidates and seats, or problems."""
        self.problems.extend(self.taken.problems)
        named = {line.values["ticket"] for line in self.taken.lines}
        self._first_row: dict[str, int] = {}
        self._persons: dict[str, tuple[str, str]] = {
            entry.mark: (entry.value.ticket, "已在名册中 · is on the roll already")
            for entry in self.standing.values()
            if entry.value is not None and entry.value.ticket not in named
        }
        self._sits: dict[tuple[int, str], tuple[str, int]] = {}  # (sitting, mark) -> station, row
        self._at: dict[tuple[int, str], tuple[str, int]] = {}  # (sitting, station) -> ticket, row
        self._seat_rows: dict[str, int] = {}
        self._sealed: dict[str, str] = {}  # by mark
        for entry in self.seated.values():
            if entry.value is not None and entry.value.ticket not in named:
                self._sits[entry.value.sitting, entry.mark] = (entry.value.station, 0)
                self._at[entry.value.sitting, entry.value.station] = (entry.value.ticket, 0)
        for line in self.taken.lines:
            self._take(line)

    def _say(self, row: int, column: str, sentence: str) -> None:
        heading = self.taken.headings.get(column)
        fallback = next((each.headings[0] for each in ROSTER.fields if each.id == column), "")
        self.problems.append(Problem(self.file, row, heading or fallback, sentence))

    def _take(self, line: Line) -> None:
        values = line.values
        person = self._person(line)
        if person is None:
            return
        candidate, mark = person
        before = self.candidates.get(candidate.ticket)
        if not self._keeps(line, candidate, mark):
            return
        if before is None:
            self.candidates[candidate.ticket] = person
            self._first_row[candidate.ticket] = line.row
        elif (_without_subjects(before[0]), before[1]) != (_without_subjects(candidate), mark):
            first = self._first_row[candidate.ticket]
            self._say(
                line.row,
                "ticket",
                f"与第 {first} 行同号而信息不同 · is that of row {first}, which says otherwise of the candidate",
            )
            return
        elif candidate.subjects[0] not in before[0].subjects:
            self.candidates[candidate.ticket] = (
                replace(
                    before[0],
                    subjects=before[0].subjects + candidate.subjects,
                    kept=before[0].kept + candidate.kept,
                ),
                mark,
            )
        elif {each.subject for each in (*before[0].kept, *candidate.kept)} & {*candidate.subjects}:
            first = self._first_row[candidate.ticket]
            self._say(
                line.row,
                "subject",
                f"保留的科目另有一行 · is kept, and has another row; the candidate is first in row {first}",
            )
            return
        elif values["sitting"] is None:
            first = self._first_row[candidate.ticket]
            self._say(
                line.row, "ticket", f"考生重复 · the same candidate and subject as before, first in row {first}"
            )
            return
        self._seat(line, candidate, mark)

    def _person(self, line: Line) -> tuple[Candidate, str] | None:
        values = line.values
        number, born, gender = values["number"], values["born"], values["gender"]
        if values["document"] is Document.RESIDENT_ID:
            found = resident_id.read(number)
            if isinstance(found, Flaw):
                self._say(line.row, "number", f"{found.zh} · {found.en}")
                return None
            number = found.number
            if born not in (None, found.born):
                self._say(line.row, "born", "与身份证号码不符 · is not that of the identity number")
                return None
            if gender not in (None, Gender.MALE if found.is_male else Gender.FEMALE):
                self._say(line.row, "gender", "与身份证号码不符 · is not that of the identity number")
                return None
            born = found.born
        mark = self.numbers.mark(values["document"].value, number)
        ticket, why = self._persons.setdefault(
            mark, (values["ticket"], f"见第 {line.row} 行 · stands in row {line.row}")
        )
        if ticket != values["ticket"]:
            self._say(
                line.row,
                "number",
                f"同一证件号码有另一准考证号 {ticket} · the same person has ticket {ticket}: {why}",
            )
            return None
        before = self.standing.get(f"{self.place.batch}/{ticket}")
        if mark not in self._sealed:  # sealed again, the same number is another text, and would look like a change
            known = before.value if before is not None and before.mark == mark else None
            self._sealed[mark] = known.sealed if known is not None else self.numbers.seal(number, mark)
        person = Candidate(
            batch=self.place.batch,
            ticket=ticket,
            name=values["name"],
            document=values["document"],
            sealed=self._sealed[mark],
            subjects=(values["subject"],),
            born=born,
            gender=gender,
            attempt=values["attempt"],
            kept=_claim_of(values),
        )
        return person, mark

    def _keeps(self, line: Line, candidate: Candidate, mark: str) -> bool:
        """Whether a row claims no subject, or one that somebody of that document had there."""
        wrong = next(self._wrong_claims(line.values, candidate, mark), None)
        if wrong is not None:
            self._say(line.row, *wrong)
        return wrong is None

    def _wrong_claims(self, values: Mapping[str, Any], candidate: Candidate, mark: str) -> Iterator[tuple[str, str]]:
        """What is wrong with where a subject is said to be kept from, as field and sentence. Whether batch, ticket,
        document or subject is not so, is not told: whose a ticket of another batch is, may be none of the reader's.
        """
        batch, ticket, subject = values["kept_batch"], values["kept_ticket"], values["subject"]
        if not batch and not ticket:
            return
        if not batch or not ticket:
            said = "保留科目须同时填写批次和准考证号 · give both batch and ticket that the subject is kept from"
            yield "kept_ticket" if batch else "kept_batch", said
        if candidate.attempt is not Attempt.RESIT:
            yield "attempt", "只有补考可保留科目 · only a resit 补考 keeps a subject"
        if values["sitting"] is not None or values["station"] or values["room"]:
            yield "sitting", "保留的科目不再安排座位 · a subject that is kept is not sat, and has no seat"
        if batch == self.place.batch:
            yield "kept_batch", "不能保留自本批次 · a subject is kept from another batch"
        there = self.others.get(f"{batch}/{ticket}")
        if there is None or there.mark != mark or subject not in there.thing.subjects:
            said = "该批次没有此证件的此准考证号和科目 · that batch has no such ticket of this document and subject"
            yield "kept_ticket", said
        elif subject in {each.subject for each in there.thing.kept}:
            yield "kept_batch", "该批次的此科目也是保留的 · was kept there, too; name the batch where it was sat"

    def _seat(self, line: Line, candidate: Candidate, mark: str) -> None:
        number, station, subject = line.values["sitting"], line.values["station"], line.values["subject"]
        if number is None:
            if station or line.values["room"]:
                self._say(line.row, "sitting", "有工位或考场而无场次 · a station or room is given and no sitting")
            return
        if number not in self.place.sittings:
            known = ", ".join(map(str, self.place.sittings)) or "none"
            self._say(line.row, "sitting", f"没有此场次 · there is no such sitting; the batch has {known}")
            return
        room = self._room(line, number)
        if room is None:
            return
        seat = Seat(self.place.batch, candidate.ticket, number, room.id, station, subject)
        key = f"{self.place.batch}/{number}/{candidate.ticket}/{subject}"
        if key in self.seats:
            first = self._seat_rows[key]
            self._say(
                line.row, "ticket", f"与第 {first} 行重复 · the same candidate, sitting and subject as in row {first}"
            )
            return
        if self._is_free(line.row, seat, mark):
            self.seats[key] = (seat, mark)
            self._seat_rows[key] = line.row

    def _room(self, line: Line, sitting: int) -> Room | None:
        station, named = line.values["station"], line.values["room"]
        if not station:
            self._say(line.row, "station", "有场次而无工位 · a sitting is given and no station")
            return None
        room = self.place.rooms[sitting].get(station)
        if room is None:
            rooms = ", ".join(each.id for each in self.place.sittings[sitting].rooms)
            self._say(
                line.row, "station", f"该场次的考场没有此工位 · no room of that sitting has the station ({rooms})"
            )
            return None
        if named and named not in (room.id, room.name):
            self._say(line.row, "room", f"此工位属于另一考场 · the station is in room {room.id}")
            return None
        return room

    def _is_free(self, row: int, seat: Seat, mark: str) -> bool:
        """Whether neither the candidate nor the station is elsewhere taken while the sitting goes on."""
        for number in self.place.beside[seat.sitting]:
            station, other = self._sits.get((number, mark), (seat.station, 0))
            if station != seat.station:
                self._say(
                    row, "station", f"同一考生同时在两个工位({_zh(other)}) · in two places at once, {_en(other)}"
                )
                return False
            ticket, other = self._at.get((number, seat.station), (seat.ticket, 0))
            if ticket != seat.ticket:
                self._say(row, "station", f"工位同时有两名考生({_zh(other)}) · two candidates at once, {_en(other)}")
                return False
        for where, name in ((self.busy.people, mark), (self.busy.stations, seat.station)):
            if (seat.sitting, name) in where:
                batch = where[seat.sitting, name]
                self._say(row, "station", f"同时已被批次 {batch} 占用 · is taken at that time by batch {batch}")
                return False
        self._sits[seat.sitting, mark] = (seat.station, row)
        self._at[seat.sitting, seat.station] = (seat.ticket, row)
        return True


def _claim_of(values: Mapping[str, Any]) -> tuple[KeptSubject, ...]:
    batch, ticket = values["kept_batch"], values["kept_ticket"]
    return (KeptSubject(values["subject"], batch, ticket),) if batch and ticket else ()


def _without_subjects(candidate: Candidate) -> Candidate:
    """What all rows of a candidate say alike."""
    return replace(candidate, subjects=(), kept=())


def _others(database: Database, taken: Taken, batch: str) -> dict[str, Entry[Candidate]]:
    """The candidates of the other batches that rows keep subjects from, by key."""
    named = {line.values["kept_batch"] for line in taken.lines} - {"", batch}
    return {
        entry.key: entry for other in sorted(named) for entry in database.register.standing(CANDIDATES, batch=other)
    }


def _elsewhere(database: Database, place: _Place) -> _Busy:
    """What other batches have while sittings of this one go on."""
    busy = _Busy()
    for sitting in database.setup.sittings():
        if sitting.batch.id == place.batch:
            continue
        same = [number for number, own in place.sittings.items() if _overlap(own, sitting)]
        if not same:
            continue
        for entry in database.register.standing(SEATS, batch=sitting.batch.id):
            if entry.value is None or entry.value.sitting != sitting.plan.number:
                continue
            for number in same:
                busy.people[number, entry.mark] = sitting.batch.id
                if entry.site == place.site:
                    busy.stations[number, entry.value.station] = sitting.batch.id
    return busy


def _zh(row: int) -> str:
    return f"见第 {row} 行" if row else "另一处已在名册中"


def _en(row: int) -> str:
    return f"see row {row}" if row else "the other is on the roll already"


def _overlap(one: Sitting, other: Sitting) -> bool:
    return one.start < other.end and other.start < one.end


# --- Comparing and writing ------------------------------------------------------------------------------------------


def _compared(
    reading: _Reading, standing: dict[str, Entry[Candidate]], seats: dict[str, Entry[Seat]]
) -> tuple[list[Draft[Any]], Import]:
    """What is to be entered: only what differs from the roll, each after the revision that was seen."""
    place = reading.place
    people = {f"{place.batch}/{ticket}": found for ticket, found in reading.candidates.items()}
    new_people, other_people = _differing(people, standing)
    new_seats, other_seats = _differing(reading.seats, seats)
    gone = [
        entry
        for key, entry in seats.items()
        if entry.value is not None and entry.value.ticket in reading.candidates and key not in reading.seats
    ]
    drafts: list[Draft[Any]] = [
        Draft(CANDIDATES, key, people[key][0], place.batch, place.site, people[key][1], _seen(standing.get(key)))
        for key in (*new_people, *other_people)
    ]
    drafts += [
        Draft(
            SEATS, key, reading.seats[key][0], place.batch, place.site, reading.seats[key][1], _seen(seats.get(key))
        )
        for key in (*new_seats, *other_seats)
    ]
    drafts += [_taken_back(entry) for entry in gone]
    absent = tuple(
        entry.value.ticket for key, entry in standing.items() if entry.value is not None and key not in people
    )
    done = Import(
        len(people),
        len(new_people),
        len(other_people),
        len(new_seats),
        len(other_seats),
        len(gone),
        absent,
        reading.taken.unread,
    )
    return [*drafts, reading.numbers.draft], done


Value = TypeVar("Value", Candidate, Seat)


def _differing(found: dict[str, tuple[Value, str]], standing: dict[str, Entry[Value]]) -> tuple[list[str], list[str]]:
    """The keys that are new, and those of which something else is on the roll."""
    new = [key for key in found if key not in standing]
    other = [
        key
        for key, (value, mark) in found.items()
        if key in standing and (standing[key].value, standing[key].mark) != (value, mark)
    ]
    return new, other


def _seen(entry: Entry[Any] | None) -> int | None:
    """The revision that was seen. What is not there may have been, and was taken back."""
    return None if entry is None else entry.revision


def _taken_back(entry: Entry[Value]) -> Draft[Any]:
    kind = CANDIDATES if isinstance(entry.value, Candidate) else SEATS
    return Draft(kind, entry.key, None, entry.batch, entry.site, entry.mark, entry.revision)


def _seats_by_ticket(database: Database, batch: str) -> Callable[[str], tuple[Seat, ...]]:
    found: dict[str, list[Seat]] = {}
    for entry in database.register.standing(SEATS, batch=batch):
        if entry.value is not None:
            found.setdefault(entry.value.ticket, []).append(entry.value)
    return lambda ticket: tuple(sorted(found.get(ticket, ()), key=lambda each: (each.sitting, each.subject)))


def _rows_of(
    place: _Place, candidate: Candidate, number: str, seats: Callable[[str], Sequence[Seat]]
) -> Iterator[tuple[str, ...]]:
    own = (
        candidate.ticket,
        candidate.name,
        candidate.document.zh,
        number,
        candidate.gender.zh if candidate.gender else "",
        candidate.born.isoformat() if candidate.born else "",
    )
    for subject in candidate.subjects:
        there = [each for each in seats(candidate.ticket) if each.subject == subject]
        for each in there:
            yield (*own, subject, candidate.attempt.zh, str(each.sitting), each.room, each.station, "", "")
        if not there:
            kept = next((each for each in candidate.kept if each.subject == subject), None)
            claim = ("", "") if kept is None else (kept.batch, kept.ticket)
            yield (*own, subject, candidate.attempt.zh, "", "", "", *claim)
