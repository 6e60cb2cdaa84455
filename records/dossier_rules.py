"""What the notice says of a batch's dossier, clause 九: filed as a whole and in time, and kept for three years.

Facts are read once (``facts_of``); each rule judges them by the numbers of a rule pack. What is missing is
outstanding while there is time to file it, and fails afterwards; where nobody knows how a subject is examined, nobody
knows whether its papers are to be there. Not here: whether a copy still gives the right bytes (`kaojian check`,
C6.2-5), and what footage shows (C6.2-3, C6.2-4).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from config.rule_pack import RulePack
from domain.calendar import local_day, retained_until
from domain.dossier import SCANS, Item, Need, Scan, ScanCopy, needs
from domain.evidence import Place
from domain.exam_papers import NO_PAPERS, PRINTINGS, NoPapers
from domain.grounds import Method, Norm
from domain.law import Finding, Ruled, Verdict, fold
from domain.manifest import Manifest
from domain.places import last_exam_day
from domain.register import Entry
from domain.roll import CANDIDATES, SEATS, kept_by_all
from domain.timeline import MICROSECOND
from records.dossier import copies_of, norm_of, scans_of
from storage.database import Database
from storage.errors import UnknownBatch
from storage.manifest.form import read

_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class SignedFootage:
    """现场录像 as the closing of the batch signed it: the number of its manifest, how many segments it states, and
    when the batch was closed first.
    """

    manifest: int
    segments: int
    filed: datetime


@dataclass(frozen=True, slots=True)
class DossierFacts:
    """All that these rules need of one batch. ``examined`` is which subject is examined in which sitting, by seats;
    ``kept`` are subjects that nobody sits here, for whoever has them passed them in another batch and keeps them;
    ``no_papers`` is what the centre said of subjects that have none, and ``printed`` are those of which some were.

    ``history`` has every revision of every scan; ``locks`` says for each segment until when the copy of it that is
    locked for the shortest time is locked, None where one has no lock or none is stored.
    """

    batch: str
    now: datetime
    sittings: tuple[int, ...]
    last_day: date | None = None
    norm: Entry[Norm] | None = None
    examined: tuple[tuple[str, int], ...] = ()
    scans: tuple[Entry[Scan], ...] = ()
    history: tuple[Entry[Scan], ...] = ()
    copies: tuple[Entry[ScanCopy], ...] = ()
    footage: SignedFootage | None = None
    locks: tuple[datetime | None, ...] = ()
    held: bool | None = None
    kept: tuple[str, ...] = ()
    no_papers: tuple[Entry[NoPapers], ...] = ()
    printed: frozenset[str] = frozenset()

    @property
    def without_papers(self) -> tuple[Entry[NoPapers], ...]:
        """Of practical subjects alone, and not where papers were printed all the same (as for C6.4-1)."""
        practical = {subject for subject, method in self.methods if method is Method.PRACTICAL} - self.printed
        return tuple(each for each in self.no_papers if each.thing.subject in practical)

    @property
    def methods(self) -> tuple[tuple[str, Method], ...]:
        """How each subject that is sat here is examined; none where the norm is not known."""
        subjects = () if self.norm is None else self.norm.thing.subjects
        return tuple((each.name, each.method) for each in subjects if each.name not in self.kept)

    @property
    def needs(self) -> tuple[Need, ...]:
        """All scans that there must be, as far as that is known."""
        without = {each.thing.subject for each in self.without_papers}
        return tuple(needs(self.sittings, self.methods, self.examined, without))

    def filed(self, need: Need) -> tuple[Entry[Scan], datetime] | None:
        """A scan that serves a need, and since when one does: of several the one that was first."""
        found = []
        for entry in self.scans:
            if entry.thing.serves(need):
                same = [each for each in self.history if each.key == entry.key and each.value is not None]
                found.append((entry, min((each.at for each in same if each.thing.serves(need)), default=entry.at)))
        return min(found, key=lambda each: each[1], default=None)


def facts_of(database: Database, batch: str, now: datetime) -> DossierFacts:
    """Read what the rules need. Raises UnknownBatch, DatabaseUnavailable."""
    whole = database.setup.batch(batch)
    if whole is None:
        raise UnknownBatch(f"there is no batch {batch}; `kaojian status` shows all")
    sittings = database.setup.sittings(batch)
    seats = database.register.standing(SEATS, batch=batch)
    examined = sorted({(each.thing.subject, each.thing.sitting) for each in seats})
    return DossierFacts(
        batch,
        now,
        tuple(each.plan.number for each in sittings),
        last_exam_day(sittings) if sittings else None,
        norm_of(database, whole, sittings),
        tuple(examined),
        tuple(scans_of(database, batch)),
        tuple(database.register.revisions(SCANS, batch=batch)),
        tuple(copies_of(database, batch)),
        _footage(database, whole.site, batch),
        _locks(database, batch),
        database.holds.standing(batch),
        kept_by_all(entry.thing for entry in database.register.standing(CANDIDATES, batch=batch)),
        tuple(database.register.standing(NO_PAPERS, batch=batch)),
        frozenset(entry.thing.subject for entry in database.register.standing(PRINTINGS, batch=batch)),
    )


def _footage(database: Database, site: str, batch: str) -> SignedFootage | None:
    last = database.closings.latest(batch)
    if last is None:
        return None
    first = next((each for each in database.closings.links(site) if each.batch == batch), last)
    stated = read(Manifest, database.closings.document(last.manifest)).segments
    return SignedFootage(last.number, len(stated), first.signed_at)


def _locks(database: Database, batch: str) -> tuple[datetime | None, ...]:
    keys = [segment.key for segment, _ in database.evidence.segments_of(batch) if not segment.is_trial]
    found: list[datetime | None] = []
    for rows in (database.evidence.copies(keys)[key] for key in keys):
        stored = [row.locked_until for row in rows if row.place is Place.S3 and row.removed is None]
        known = [each for each in stored if each is not None]
        found.append(min(known) if known and len(known) == len(stored) else None)
    return tuple(found)


def findings(facts: DossierFacts, rules: RulePack) -> tuple[Ruled, ...]:
    """All rules of this part, in order."""
    return filed_in_time(facts, rules), kept(facts, rules)


@dataclass(frozen=True, slots=True)
class _Said:
    """One part of a finding."""

    verdict: Verdict
    zh: str
    en: str
    rests_on: tuple[str, ...] = ()


def filed_in_time(facts: DossierFacts, rules: RulePack) -> Ruled:
    """C9-1 九: all six items are filed, within the days that the pack gives after the last exam day.

    A subject that a machine examines has no papers and no score sheets, and a practical one has no papers where the
    centre said so 无试卷 and printed none; a mixed batch is judged by subject. Footage
    is filed when the batch is closed and signed with segments in its manifest. What was filed later is noted.
    """
    return _ruled("C9-1", list(_filed(facts, rules)))


def _filed(facts: DossierFacts, rules: RulePack) -> Iterator[_Said]:
    if facts.last_day is None:
        yield _Said(Verdict.UNKNOWN, "没有场次，考核日未知", "there is no sitting, and so no known exam day")
        return
    due = facts.last_day + timedelta(days=rules.filing_days)
    found = [(need, facts.filed(need)) for need in facts.needs]
    footage = facts.footage if facts.footage is not None and facts.footage.segments else None
    since = [(need.zh, need.en, None if filed is None else filed[1]) for need, filed in found]
    since.append((Item.FOOTAGE.zh, Item.FOOTAGE.en, None if footage is None else footage.filed))
    norm = () if facts.norm is None else (facts.norm.name,)
    without = (each.name for each in facts.without_papers)
    on = (*norm, *without, *dict.fromkeys(filed[0].name for _, filed in found if filed is not None))
    if facts.norm is None:
        zh = "未登记考核规范，应否有试卷、评分表不明"
        yield _Said(Verdict.UNKNOWN, zh, "the norm is not on record, and so not whether papers are to be there")
    missing = [(zh, en) for zh, en, at in since if at is None]
    if missing:
        yield _missing(facts, missing, due, on)
    for zh, en, at in since:
        if at is not None and (days := (local_day(at) - due).days) > 0:
            told = f"{en} was filed on {local_day(at)}, {days} days late"
            yield _Said(Verdict.WARN, f"{zh}于{local_day(at)}归档，逾期{days}天", told, on)
    if not missing:
        yield _complete(facts, footage, on)


def _missing(facts: DossierFacts, missing: Sequence[tuple[str, str]], due: date, on: tuple[str, ...]) -> _Said:
    over = local_day(facts.now) > due
    zh, en = _listed(missing)
    zh = f"缺{zh}（{'已过' if over else '限'}{due}）"
    return _Said(
        Verdict.FAIL if over else Verdict.PENDING, zh, f"missing: {en} ({'was due' if over else 'due'} {due})", on
    )


def _complete(facts: DossierFacts, footage: SignedFootage | None, on: tuple[str, ...]) -> _Said:
    exempt = [subject for subject, method in facts.methods if method is Method.MACHINE]
    zh, en = f"已归档扫描件{len(facts.scans)}份", f"{len(facts.scans)} scans are filed"
    if footage is not None:
        zh += f"；现场录像见证据清单{footage.manifest}，{footage.segments}个文件"
        en += f"; footage by manifest {footage.manifest}, {footage.segments} files"
    if exempt:
        zh += f"；{'、'.join(exempt)}为机考，免试卷、评分表"
        en += f"; {', '.join(exempt)} is examined by a machine, without papers and score sheets"
    for none in facts.without_papers:
        zh += f"；{none.thing.subject}无试卷（{none.thing.reason}）"
        en += f"; {none.thing.subject} has no papers ({none.thing.reason})"
    return _Said(Verdict.PASS, zh, en, on)


def kept(facts: DossierFacts, rules: RulePack) -> Ruled:
    """C9-2 九: everything of the batch is locked until the end of the last anniversary day of its last exam day.

    A lock that is missing or ends earlier fails. A hold keeps it longer, and is told.
    """
    return _ruled("C9-2", list(_kept(facts, rules)))


def _kept(facts: DossierFacts, rules: RulePack) -> Iterator[_Said]:
    if facts.last_day is None:
        yield _Said(Verdict.UNKNOWN, "没有场次，保管期限未知", "there is no sitting, and so no known end of keeping")
        return
    until = retained_until(facts.last_day, rules.retention_years)
    last, held_zh, held_en = local_day(until - MICROSECOND), "", ""
    if facts.held:
        held_zh, held_en = "；封存中，到期不得销毁", "; held, and so not to be destroyed then"
    on = (*(each.name for each in facts.scans), *(each.name for each in facts.copies))
    if facts.now >= until:
        zh, en = f"保管期已满（至{last}）{held_zh}", f"the time of keeping ended with {last}{held_en}"
        yield _Said(Verdict.PASS, zh, en, on)
        return
    yield from _locked(facts, until, last)
    if not facts.copies and not facts.locks:
        late = local_day(facts.now) > facts.last_day + timedelta(days=rules.filing_days)
        verdict = Verdict.UNKNOWN if late else Verdict.PENDING
        yield _Said(verdict, f"尚无归档材料（应保管至{last}）", f"nothing is filed yet, to be kept until {last}")
        return
    days = (last - local_day(facts.now)).days
    zh, en = f"保管至{last}，{days}天后到期{held_zh}", f"kept until {last}, for {days} more days{held_en}"
    yield _Said(Verdict.PASS, zh, en, on)


def _locked(facts: DossierFacts, until: datetime, last: date) -> Iterator[_Said]:
    """What is not locked, or not for as long as it must be."""
    numbers = {each.thing.sha256: each.thing.number for each in facts.history if each.value is not None}
    there = {each.thing.sha256 for each in facts.copies}
    for entry in facts.copies:
        copy, number = entry.thing, numbers.get(entry.thing.sha256, 0)
        if copy.locked_until is None:
            zh, en = f"扫描件{number}在{copy.bucket}未锁定", f"scan {number} is not locked in {copy.bucket}"
            yield _Said(Verdict.FAIL, zh, en, (entry.name,))
        elif copy.locked_until < until:
            ends = local_day(copy.locked_until - MICROSECOND)
            zh = f"扫描件{number}在{copy.bucket}只锁定至{ends}，应至{last}"
            en = f"scan {number} is locked in {copy.bucket} until {ends} only, not {last}"
            yield _Said(Verdict.FAIL, zh, en, (entry.name,))
    for scan in facts.scans:
        if scan.thing.sha256 not in there:
            zh, en = f"扫描件{scan.thing.number}无存储记录", f"where scan {scan.thing.number} lies is not on record"
            yield _Said(Verdict.FAIL, zh, en, (scan.name,))
    short = sum(lock is not None and lock < until for lock in facts.locks)
    if short:
        zh, en = (
            f"{short}个录像文件锁定期短于{last}",
            f"{short} files of footage are locked for less than until {last}",
        )
        yield _Said(Verdict.FAIL, zh, en)
    if open_ones := sum(lock is None for lock in facts.locks):
        # Before the closing footage may still be on its way into the store; after it, it must be there.
        verdict = Verdict.FAIL if facts.footage is not None else Verdict.PENDING
        yield _Said(verdict, f"{open_ones}个录像文件未锁定", f"{open_ones} files of footage are not locked")


def _ruled(clause: str, said: Sequence[_Said]) -> Ruled:
    """One finding of its parts: of the worst verdict, and of what makes it so first."""
    verdict = fold(each.verdict for each in said)
    told = sorted(said, key=lambda each: each.verdict is not verdict)
    finding = Finding(clause, verdict, "；".join(each.zh for each in told), "; ".join(each.en for each in told))
    return Ruled(finding, tuple(dict.fromkeys(name for each in told for name in each.rests_on)))


def _listed(found: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The first ones in both languages, and how many there are."""
    zh, en = "、".join(zh for zh, _ in found[:_MOST_NAMED]), ", ".join(en for _, en in found[:_MOST_NAMED])
    more = len(found) - _MOST_NAMED
    return (f"{zh}等{len(found)}项", f"{en} and {more} more") if more > 0 else (zh, en)
