"""Certificates on record: forms delivered and used, certificates issued, stamped, reprinted and revoked.

Who gets one is decided elsewhere: whoever calls hands in the case at the gate as it stands now, and here it is
refused unless the gate proposes it and an officer decided so, later than all that the case rests on. An act is whole
or not at all: one candidate who cannot have a certificate, one form that cannot be used, and nobody gets one. A
number stays with its certificate for good, and is never given to another. Not here: the gate (``domain.gate``), files
(``records.certificate_files``) and what the notice says of it (``records.certificate_rules``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from config.rule_pack import RulePack
from domain.calendar import local_day
from domain.certificates import (
    CERTIFICATES,
    COUNTS,
    DELIVERIES,
    FORMS,
    HOLDINGS,
    STOCKTAKES,
    Certificate,
    Count,
    Delivery,
    Fate,
    Form,
    Holding,
    Imprint,
    Result,
    Revocation,
    Serial,
    Stocktake,
)
from domain.gate import ISSUE_DECISIONS, Case, Exit, IssueDecision, Proposal
from domain.grounds import CATALOGUES
from domain.law import Verdict
from domain.places import Batch, Sitting
from domain.register import Draft, Entry
from domain.roll import CANDIDATES, SEATS, SIGN_INS, Candidate
from domain.timeline import rfc3339
from records.errors import (
    CertificateRefused,
    FormRefused,
    ImpossibleTime,
    NoReason,
    NoSuchCertificate,
    NotIssuable,
    NumberRefused,
)
from records.roll import Desk, Said
from storage.database import Database

MOST_AT_ONCE = 100_000  # forms of one delivery
_FORMS = "forms"
_MOST_NAMED = 3


# --- Blank forms ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ledger:
    """空白证书台账, of all deliveries together. ``counted`` is the last stocktake."""

    deliveries: tuple[Entry[Delivery], ...]
    forms: tuple[Entry[Form], ...]
    counted: Entry[Stocktake] | None

    @property
    def delivered(self) -> int:
        return sum(entry.thing.count for entry in self.deliveries)

    @property
    def spoiled(self) -> int:
        return sum(entry.thing.is_spoiled for entry in self.forms)

    @property
    def issued(self) -> int:
        return len(self.forms) - self.spoiled

    @property
    def left(self) -> int:
        """How many there should be by the book."""
        return self.delivered - len(self.forms)

    def left_at(self, at: datetime) -> int:
        """How many there should have been at an instant."""
        delivered = sum(entry.thing.count for entry in self.deliveries if entry.thing.at <= at)
        return delivered - sum(entry.thing.used <= at for entry in self.forms)


def ledger(database: Database) -> Ledger:
    """All forms. Raises DatabaseUnavailable."""
    register = database.register
    counts = register.standing(STOCKTAKES)
    return Ledger(
        tuple(register.standing(DELIVERIES)),
        tuple(register.standing(FORMS)),
        max(counts, key=lambda entry: (entry.thing.at, entry.act), default=None),
    )


def deliver(desk: Desk, first: str, last: str, count: int, said: Said) -> Entry[Delivery]:
    """配发: the province handed out forms, ``count`` of them as they were counted. The same again changes nothing.

    Raises FormRefused for serials that are none, do not make that many, or were delivered before; ImpossibleTime;
    RollRefused where nobody is named.
    """
    desk.believe(said)
    begins, ends = _serial(first), _serial(last)
    there = ends.number - begins.number + 1
    if (begins.prefix, begins.places) != (ends.prefix, ends.places) or there < 1:
        raise FormRefused(
            f"{begins} to {ends} is no run of serials; they differ in their last figures only 印刷号不连续"
        )
    if there > MOST_AT_ONCE:
        raise FormRefused(f"{begins} to {ends} are {there} forms; a delivery has {MOST_AT_ONCE} at most")
    if count != there:
        raise FormRefused(
            f"{begins} to {ends} are {there} forms, and {count} were counted 数量与号段不符; "
            "settle it with the province, and put on record the serials that are there"
        )
    delivery = Delivery(str(begins), str(ends), count, said.at, said.by.strip())
    for entry in desk.database.register.standing(DELIVERIES):
        if entry.key == delivery.first and entry.thing == delivery:
            return entry
        if entry.thing.overlaps(delivery):
            raise FormRefused(
                f"{entry.thing.first} to {entry.thing.last} were delivered on {local_day(entry.thing.at)} already "
                "号段重叠; no serial comes twice"
            )
    (done,) = _enter(desk, "deliver_forms", _FORMS, [Draft(DELIVERIES, delivery.first, delivery, after=0)])
    return done


def take_stock(desk: Desk, left: int, said: Said) -> Entry[Stocktake]:
    """盘点: so many unused forms lie there. Raises FormRefused, ImpossibleTime, RollRefused where nobody is named."""
    desk.believe(said)
    if left < 0:
        raise FormRefused("a count of forms is 0 or more 数量不能为负")
    stocktake = Stocktake(said.at, left, said.by.strip())
    (done,) = _enter(desk, "count_forms", _FORMS, [Draft(STOCKTAKES, rfc3339(said.at), stocktake)])
    return done


def spoil(desk: Desk, serial: str, fate: Fate, why: str) -> Entry[Form]:
    """作废 of a form that is no certificate; one that is gets another by ``reprint``.

    Raises FormRefused, NoReason.
    """
    if not why.strip():
        raise NoReason("say why the form is spoiled (--reason) 请说明作废原因")
    if fate is Fate.LOST:
        raise FormRefused(
            "an unused form that is gone is found by counting (certificate count) 遗失的空白证书由盘点反映"
        )
    form = _unused(desk.database, serial)
    spoiled = Form(form, desk.now, fate=fate, at=desk.now, why=why.strip())
    (done,) = _enter(desk, "spoil_form", form, [Draft(FORMS, form, spoiled, after=0)], why)
    return done


def forms_from(database: Database, first: str, count: int) -> tuple[str, ...]:
    """The next ``count`` unused serials from one on, as they lie in a pile. Raises FormRefused."""
    serial = _serial(first)
    delivery = _delivery(database, serial)
    used = {entry.key for entry in database.register.standing(FORMS)}
    found: list[str] = []
    while len(found) < count and delivery.holds(serial):
        if str(serial) not in used:
            found.append(str(serial))
        serial = serial.next
    if len(found) < count:
        raise FormRefused(
            f"from {first} to {delivery.last} there are {len(found)} unused forms, and {count} are needed "
            "空白证书不足; issue some of them, then the rest from another delivery"
        )
    return tuple(found)


# --- Certificates ---------------------------------------------------------------------------------------------------


def of_batch(database: Database, batch: str) -> tuple[Entry[Certificate], ...]:
    """All certificates of a batch by number, those that were revoked too. Raises DatabaseUnavailable."""
    return tuple(database.register.standing(CERTIFICATES, batch=batch))


def find(database: Database, batch: str, ticket: str) -> Entry[Certificate]:
    """The certificate of a candidate, their last one if they had several. Raises NoSuchCertificate."""
    holding = database.register.find(HOLDINGS, f"{batch}/{ticket}")
    found = None if holding is None else database.register.find(CERTIFICATES, holding.thing.number)
    if found is None:
        raise NoSuchCertificate(f"candidate {ticket} of batch {batch} has no certificate 该考生没有证书")
    return found


def number_of(database: Database, batch: str, ticket: str) -> str:
    """The number of the certificate that a candidate has now, "" for none."""
    standing = (each.thing for each in of_batch(database, batch) if each.thing.stands)
    return next((each.number for each in standing if each.ticket == ticket), "")


def to_issue(database: Database, batch: str) -> tuple[str, ...]:
    """The tickets on whom an officer decided so and who have no certificate yet, whatever the gate says now."""
    register = database.register
    have = {entry.key for entry in register.standing(HOLDINGS, batch=batch)}
    decided = [entry for entry in register.standing(ISSUE_DECISIONS, batch=batch) if entry.thing.issue]
    return tuple(sorted(entry.thing.ticket for entry in decided if entry.key not in have))


def chosen(cases: Iterable[Case], tickets: Iterable[str]) -> tuple[Case, ...]:
    """The cases of these tickets, in their order. Raises NotIssuable for who is not at the gate."""
    found = {case.ticket: case for case in cases}
    wanted = tuple(dict.fromkeys(tickets))
    if strange := [ticket for ticket in wanted if ticket not in found]:
        raise NotIssuable(dict.fromkeys(strange, "nothing is known of that candidate 没有该考生的考核情况"))
    return tuple(found[ticket] for ticket in wanted)


def issue(
    desk: Desk,
    batch: str,
    cases: Sequence[Case],
    forms: Sequence[str],
    rules: RulePack,
    *,
    stamped_by: str = "",
    again: str = "",
    by_centre: bool = True,
) -> tuple[Entry[Certificate], ...]:
    """Issue a certificate to the candidate of each case, on the form at its place; all of them or none.

    1. Each case is of the batch and proposes ISSUE; the officer's decision says issue, and no entry that the case
       rests on came after it. Who had one that was revoked gets another only by a later decision and for a reason,
       ``again`` 换发; who has one that stands gets none.
    2. Each form is of a delivery and unused.
    3. Numbers follow the last one of their scope without a hole, in the order of the cases.
    4. Certificates, forms, numbers and holdings are entered as one act. Who else did so meanwhile makes it fail.

    ``stamped_by`` says who put the stamp on them at once; else ``imprint`` is for later.

    Raises UnknownBatch, NotIssuable, FormRefused, NumberRefused, RevisedMeanwhile, DatabaseUnavailable.
    """
    whole = desk.batch(batch)
    if len(cases) != len(forms):
        raise FormRefused(
            f"{len(cases)} certificates need as many forms, and {len(forms)} were named 空白证书数量不符"
        )
    issuing = _Issuing(desk, whole, again.strip())
    objections = dict(issuing.objections(cases))
    if objections or not cases:
        raise NotIssuable(objections or {batch: "nobody is to be issued a certificate 没有待制证的考生"})
    serials = [_unused(desk.database, form) for form in forms]
    if len(set(serials)) < len(serials):
        raise FormRefused("a form is named twice; each is used once 空白证书重复")
    given, count = _numbers(desk, whole, rules, len(cases))
    drafts: list[Draft[Any]] = [count]
    stamp = Imprint(desk.now, stamped_by.strip()) if stamped_by.strip() else None
    for case, serial, number in zip(cases, serials, given, strict=True):
        value, mark = issuing.certificate(case, serial, number)
        made = replace(value, imprint=stamp, by_centre=by_centre)
        holding = issuing.holdings.get(f"{batch}/{case.ticket}")
        drafts += [
            Draft(CERTIFICATES, number, made, batch, whole.site, mark, after=0),
            Draft(FORMS, serial, Form(serial, desk.now, number), batch, whole.site, after=0),
            Draft(
                HOLDINGS,
                f"{batch}/{case.ticket}",
                Holding(number),
                batch,
                whole.site,
                mark,
                after=0 if holding is None else holding.revision,
            ),
        ]
    entries = _enter(desk, "certify_batch", batch, drafts, again)
    return tuple(entry for entry in entries if entry.kind == CERTIFICATES.name)


def imprint(desk: Desk, batch: str, tickets: Sequence[str], said: Said) -> tuple[Entry[Certificate], ...]:
    """用印: the stamp was put on these; without tickets, on all that stand without it.

    Raises UnknownBatch, NoSuchCertificate, CertificateRefused where none is left, ImpossibleTime, RollRefused where
    nobody is named.
    """
    desk.batch(batch)
    desk.believe(said)
    chosen = [find(desk.database, batch, ticket) for ticket in dict.fromkeys(tickets)]
    chosen = chosen or [each for each in of_batch(desk.database, batch) if each.thing.stands]
    bare = [each for each in chosen if each.thing.imprint is None]
    if not bare:
        raise CertificateRefused(f"no certificate of batch {batch} waits for the stamp 没有待用印的证书")
    for entry in bare:
        if not entry.thing.stands:
            raise CertificateRefused(f"certificate {entry.key} was revoked 证书已撤销")
        if said.at < entry.thing.issued:
            raise ImpossibleTime(f"{rfc3339(said.at)} is before certificate {entry.key} was issued 用印早于制证")
    done = Imprint(said.at, said.by.strip())
    return _revise(desk, "imprint_batch", batch, [(each, replace(each.thing, imprint=done)) for each in bare])


def reprint(
    desk: Desk, batch: str, ticket: str, form: str, *, fate: Fate, why: str, stamped_by: str = ""
) -> Entry[Certificate]:
    """Print a certificate anew, under its number: 换证 where the form is there and spoiled, 补发 where it is lost.

    Raises UnknownBatch, NoSuchCertificate, CertificateRefused for one that was revoked, FormRefused, NoReason.
    """
    whole = desk.batch(batch)
    if not why.strip():
        raise NoReason("say why it is printed anew (--reason) 请说明重印原因")
    entry = find(desk.database, batch, ticket)
    if not entry.thing.stands:
        raise CertificateRefused(f"certificate {entry.key} was revoked and is not printed again 证书已撤销，不能重印")
    new, old = _unused(desk.database, form), desk.database.register.find(FORMS, entry.thing.form)
    if old is None:
        raise FormRefused(f"form {entry.thing.form} of certificate {entry.key} is not on record 原空白证书未登记")
    stamp = Imprint(desk.now, stamped_by.strip()) if stamped_by.strip() else None
    spoiled = replace(old.thing, fate=fate, at=desk.now, why=why.strip())
    drafts: list[Draft[Any]] = [
        _draft(entry, replace(entry.thing, form=new, imprint=stamp)),
        Draft(FORMS, old.key, spoiled, old.batch, old.site, after=old.revision),
        Draft(FORMS, new, Form(new, desk.now, entry.key), batch, whole.site, after=0),
    ]
    done, *_ = _enter(desk, "reprint_batch", batch, drafts, why)
    return done


def revoke(desk: Desk, batch: str, ticket: str, why: str) -> Entry[Certificate]:
    """撤销, for a reason.

    Raises UnknownBatch, NoSuchCertificate, CertificateRefused where it was revoked before, NoReason.
    """
    desk.batch(batch)
    if not why.strip():
        raise NoReason("say why the certificate is revoked (--reason) 请说明撤销原因")
    entry = find(desk.database, batch, ticket)
    if entry.thing.revoked is not None:
        raise CertificateRefused(f"certificate {entry.key} was revoked on {local_day(entry.thing.revoked.at)} 已撤销")
    revoked = replace(entry.thing, revoked=Revocation(desk.now, why.strip()))
    (done,) = _revise(desk, "revoke_certificate_batch", batch, [(entry, revoked)], why)
    return done


# --- Who may have one -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Issuing:
    """The register as far as it is asked when certificates of a batch are issued, read once."""

    desk: Desk
    batch: Batch
    again: str

    @cached_property
    def candidates(self) -> dict[str, Entry[Candidate]]:
        return {each.key: each for each in self.desk.database.register.standing(CANDIDATES, batch=self.batch.id)}

    @cached_property
    def decisions(self) -> dict[str, Entry[IssueDecision]]:
        standing = self.desk.database.register.standing(ISSUE_DECISIONS, batch=self.batch.id)
        return {each.key: each for each in standing}

    @cached_property
    def holdings(self) -> dict[str, Entry[Holding]]:
        return {each.key: each for each in self.desk.database.register.standing(HOLDINGS, batch=self.batch.id)}

    @cached_property
    def certificates(self) -> dict[str, Entry[Certificate]]:
        return {each.key: each for each in of_batch(self.desk.database, self.batch.id)}

    @cached_property
    def days(self) -> dict[str, date]:
        """The last day of each candidate's exam: by who signed in, else by the seats."""
        register, batch = self.desk.database.register, self.batch.id
        sittings = {each.plan.number: each for each in self.desk.database.setup.sittings(batch)}
        came = [entry.thing for entry in register.standing(SIGN_INS, batch=batch) if entry.thing.present]
        seats = [entry.thing for entry in register.standing(SEATS, batch=batch)]
        sat = _last_days(((each.ticket, each.sitting) for each in seats), sittings)
        return sat | _last_days(((each.ticket, each.sitting) for each in came), sittings)

    def objections(self, cases: Sequence[Case]) -> Iterator[tuple[str, str]]:
        """Why somebody cannot have one, by ticket."""
        acts = self.desk.database.register.acts_of({name for case in cases for name in case.rests_on})
        marks = {each.mark: each for each in self.certificates.values() if each.thing.stands and each.mark}
        seen: set[str] = set()
        for case in cases:
            why = "named twice 重复" if case.ticket in seen else next(self._against(case, acts, marks), "")
            seen.add(case.ticket)
            if why:
                yield case.ticket, why

    def _against(self, case: Case, acts: Mapping[str, int], marks: Mapping[str, Entry[Certificate]]) -> Iterator[str]:
        candidate = self.candidates.get(f"{self.batch.id}/{case.ticket}")
        if case.batch != self.batch.id:
            yield f"is a candidate of batch {case.batch} 属于另一批次"
        elif candidate is None:
            yield "is not on the roll of the batch 名册中没有该准考证号"
        else:
            yield from self._had(case, candidate.mark, marks)
            yield from self._not_decided(case, acts)
            if case.ticket not in self.days:
                yield "no sign-in and no seat tells the day of the exam 没有签到和座位，考核日未知"
            if not case.known.subjects or any(_mark_of(case, each) is None for each in case.known.subjects):
                yield "a subject has no mark 科目成绩不全"

    def _had(self, case: Case, mark: str, marks: Mapping[str, Entry[Certificate]]) -> Iterator[str]:
        """What an earlier certificate has against it."""
        key = f"{self.batch.id}/{case.ticket}"
        held, decision = self.holdings.get(key), self.decisions.get(key)
        before = None if held is None else self.certificates.get(held.thing.number)
        if before is not None and before.thing.stands:
            yield f"has certificate {before.key} already 已有证书"
        if mark in marks:
            other = marks[mark]
            yield f"is the person of ticket {other.thing.ticket}, who has certificate {other.key} 同一证件已有证书"
        if before is not None and not self.again:
            yield f"had certificate {before.key}, which was revoked; say why there is another 换发须说明原因"
        if before is not None and decision is not None and decision.act < before.act:
            yield f"was decided before certificate {before.key} was revoked; decide again 撤销后须重新决定"

    def _not_decided(self, case: Case, acts: Mapping[str, int]) -> Iterator[str]:
        """What the gate and the officer's decision have against it."""
        if case.proposed.proposal is not Proposal.ISSUE:
            reasons = "; ".join(f"{each.zh} · {each.en}" for each in case.proposed.reasons[:_MOST_NAMED])
            yield f"{case.proposed.proposal.en} {case.proposed.proposal.zh}: {reasons}"
        decision = self.decisions.get(f"{self.batch.id}/{case.ticket}")
        if decision is None:
            yield "nobody decided on it yet; decide first 尚无制证决定"
        elif not decision.thing.issue:
            yield "it was decided not to issue one 制证决定为不予制证"
        elif late := sorted(name for name in case.rests_on if acts.get(name, 0) > decision.act):
            named = ", ".join(late[:_MOST_NAMED])
            yield f"was decided before {named} was entered; decide again 制证决定早于现有登记，请重新决定"

    def certificate(self, case: Case, serial: str, number: str) -> tuple[Certificate, str]:
        """What a candidate gets, and the mark of the person."""
        key = f"{self.batch.id}/{case.ticket}"
        candidate, examined = self.candidates[key], self.days[case.ticket]
        results = ((subject, _mark_of(case, subject)) for subject in case.known.subjects)
        value = Certificate(
            number=number,
            batch=self.batch.id,
            ticket=case.ticket,
            form=serial,
            project=self.batch.project,
            ability=self._ability(examined),
            results=tuple(Result(subject, mark) for subject, mark in results if mark is not None),
            examined=examined,
            issued=self.desk.now,
            holder=candidate.name,
            decision=self.decisions[key].name,
            exits=tuple(_exits(case)),
            again=self.again if key in self.holdings else "",
        )
        return value, candidate.mark

    def _ability(self, day: date) -> str:
        """What the catalogue in force says is examined; "" where none says."""
        for entry in self.desk.database.register.standing(CATALOGUES):
            listed = entry.thing.listed(self.batch.project) if entry.thing.holds_on(day) else None
            if listed is not None:
                return listed.ability
        return ""


def _last_days(pairs: Iterable[tuple[str, int]], sittings: Mapping[int, Sitting]) -> dict[str, date]:
    """By ticket, the last local day of the sittings that it is named with."""
    found: dict[str, date] = {}
    for ticket, number in pairs:
        if number in sittings:
            day = local_day(sittings[number].start)
            found[ticket] = max(day, found.get(ticket, day))
    return found


def _mark_of(case: Case, subject: str) -> Decimal | None:
    """The one mark of a subject, here or where it is kept from; None where there is none, or several."""
    marks = [score.value for score in case.known.scores_in(subject)]
    return marks[0] if len(marks) == 1 else None


def _exits(case: Case) -> Iterator[Exit]:
    """The way past each gap in footage that was taken, the last one for a place, of subjects that are kept too."""
    claims = (claim for subject in case.known.subjects for claim in case.known.claims(subject))
    for known in (case.known, *(claim.there for claim in claims if claim.there is not None)):
        for seen in known.footage:
            if seen.verdict in {Verdict.PASS, Verdict.WARN}:
                continue
            place = (seen.subject, seen.place)
            taken = [each for each in known.exits if (each.subject, each.place) == place and each.stands]
            if taken:
                yield max(taken, key=lambda each: each.at)


# --- Numbers, serials, entering -------------------------------------------------------------------------------------


def _numbers(desk: Desk, batch: Batch, rules: RulePack, count: int) -> tuple[list[str], Draft[Count]]:
    """The next numbers of the pattern's scope, and how far they are given then. Raises NumberRefused."""
    pattern, day = rules.certificate_number, local_day(desk.now)
    try:
        scope = pattern.scope(day, batch.project)
        before = desk.database.register.find(COUNTS, scope)
        last = 0 if before is None else before.thing.last
        numbers = [pattern.number(day, batch.project, last + each) for each in range(1, count + 1)]
    except ValueError as error:
        raise NumberRefused(f"no number can be given by rule pack {rules.id}: {error} 无法编号") from None
    for number in numbers:
        if desk.database.register.history(CERTIFICATES, number):
            raise NumberRefused(
                f"certificate {number} is there already, by another pattern 证书编号重复; "
                "have the pattern of the rule pack give other numbers"
            )
    return numbers, Draft(COUNTS, scope, Count(last + count), after=0 if before is None else before.revision)


def _serial(text: str) -> Serial:
    """Raises FormRefused."""
    try:
        return Serial.read(text)
    except ValueError as error:
        raise FormRefused(f"{text!r} is no serial of a form: {error}") from None


def _delivery(database: Database, serial: Serial) -> Delivery:
    """Which delivery a form came with. Raises FormRefused."""
    for entry in database.register.standing(DELIVERIES):
        if entry.thing.holds(serial):
            return entry.thing
    raise FormRefused(
        f"form {serial} is in no delivery of the province 空白证书不在配发号段内; "
        "enter the delivery first (kaojian certificate deliver), or look at the form again"
    )


def _unused(database: Database, text: str) -> str:
    """A serial that is delivered and unused, as it is written. Raises FormRefused."""
    serial = _serial(text)
    _delivery(database, serial)
    used = database.register.find(FORMS, str(serial))
    if used is not None:
        what = f"certificate {used.thing.number}" if used.thing.number else "nothing, and spoiled"
        raise FormRefused(
            f"form {serial} was used for {what} on {local_day(used.thing.used)} 空白证书已使用; take another"
        )
    return str(serial)


def _draft(entry: Entry[Certificate], value: Certificate) -> Draft[Certificate]:
    return Draft(CERTIFICATES, entry.key, value, entry.batch, entry.site, entry.mark, after=entry.revision)


def _revise(
    desk: Desk, act: str, batch: str, changed: Sequence[tuple[Entry[Certificate], Certificate]], why: str = ""
) -> tuple[Entry[Certificate], ...]:
    return tuple(_enter(desk, act, batch, [_draft(entry, value) for entry, value in changed], why))


def _enter(desk: Desk, act: str, subject: str, drafts: Sequence[Draft[Any]], why: str = "") -> list[Entry[Any]]:
    return desk.database.register.enter(act, subject, drafts, desk.actor, desk.now, reason=why.strip())
