"""双随机抽取 on record: a pool is published, two parties commit and reveal, the draw is made; each step once and in
order.

Nobody chooses what stands in a pool: it has every batch with an exam on its days, special sites too, and every
external supervisor whose badge is valid on all of them. What is refused is refused before anything is written, and
what was published stays: a record is made from the register and checked anew each time that it is read. Not here: the
algorithm (``domain.draws``), and whether a batch had its chance (``records.supervision_rules``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from domain import draws
from domain.calendar import local_day
from domain.draws import (
    COMMITMENTS,
    FEWEST,
    OUTCOMES,
    POOLS,
    REPLACEMENTS,
    SECRETS,
    SHARE,
    Barred,
    Commitment,
    Origin,
    Outcome,
    Pool,
    PooledBatch,
    PooledSupervisor,
    Record,
    Replacement,
    Secret,
)
from domain.people import Actor
from domain.register import Draft, Entry, Kind
from domain.supervision import RECUSALS, SUPERVISORS, Ground, Side
from domain.timeline import rfc3339
from records.errors import DrawRefused, NoSuchDraw
from storage.database import Database

T = TypeVar("T")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody may say of a draw: its name, its days, by when both secrets are told, how much is drawn."""

    draw: str
    first: date
    last: date
    reveal_by: datetime
    share: Decimal = SHARE
    per_visit: int = FEWEST
    beacon: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a draw stands: what was entered of it so far."""

    pool: Entry[Pool]
    revised: bool  # the pool has more than the one revision that it may have
    commitments: tuple[Entry[Commitment], ...]
    secrets: tuple[Entry[Secret], ...]
    outcome: Entry[Outcome] | None
    replacements: tuple[Entry[Replacement], ...]

    @property
    def published(self) -> Pool:
        """The pool as it was published. Raises DrawRefused where it was taken back."""
        return _value(self.pool)

    @property
    def batches(self) -> tuple[str, ...]:
        """The ids of all batches of the pool."""
        return tuple(each.id for each in self.published.batches)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all its entries."""
        done = () if self.outcome is None else (self.outcome,)
        every = (self.pool, *self.commitments, *self.secrets, *done, *self.replacements)
        return tuple(each.name for each in every)

    def has_failed(self, now: datetime) -> bool:
        """Whether its time ran out before both secrets were told."""
        return len(self.secrets) < 2 and now > _value(self.pool).reveal_by

    def record(self) -> Record | None:
        """What is public of it once it was made, as far as it can be made from what is on record; None before that.

        A result that cannot be had from its seed is left as it was told, for ``flaws`` to say so.
        """
        if self.outcome is None:
            return None
        pool, outcome = _value(self.pool), _value(self.outcome)
        replacements = tuple(_value(each) for each in self.replacements)
        try:
            drawn_now = draws.draw(pool, outcome.seed, replacements)
        except ValueError:
            drawn_now = outcome.drawn
        return Record(
            pool=pool,
            pool_digest=draws.digest_of(pool),
            published=self.pool.at,
            commitments=tuple(_value(each) for each in self.commitments),
            secrets=tuple(_value(each) for each in self.secrets),
            outcome=outcome,
            replacements=replacements,
            drawn_now=drawn_now,
        )


# Reading


def standing(database: Database, draw: str) -> Standing:
    """How a draw stands. Raises NoSuchDraw, DatabaseUnavailable."""
    register = database.register
    history = register.history(POOLS, draw)
    if not history:
        raise NoSuchDraw(f"there is no draw {draw}; `kaojian draw show` lists all")
    return Standing(
        # What was published counts, whatever was written over it.
        pool=history[0],
        revised=len(history) > 1,
        commitments=_of(database, COMMITMENTS, draw),
        secrets=_of(database, SECRETS, draw),
        outcome=register.find(OUTCOMES, draw),
        replacements=_of(database, REPLACEMENTS, draw),
    )


def pool_of(database: Database, draw: str) -> Pool:
    """The pool of a draw as it was published. Raises NoSuchDraw, DatabaseUnavailable."""
    return standing(database, draw).published


def all_draws(database: Database) -> list[Standing]:
    """Every draw, by when its pool was published. Raises DatabaseUnavailable."""
    names = {entry.key for entry in database.register.revisions(POOLS)}
    return sorted((standing(database, name) for name in names), key=lambda each: (each.pool.at, each.pool.key))


# The steps


def publish(database: Database, wanted: Wanted, actor: Actor, at: datetime) -> Standing:
    """抽取名单公布: enter the pool of a draw, with its digest, before anybody can know what is drawn.

    Refused: a name that was used, a pool that nothing can be drawn from, a time for the secrets that is over, and
    another draw of the same days that still waits. Raises DrawRefused, RevisedMeanwhile, DatabaseUnavailable.
    """
    if not _ID.fullmatch(wanted.draw):
        raise DrawRefused(f"draw {wanted.draw!r}: a name is up to 64 letters, digits, dots, lines and hyphens")
    if wanted.reveal_by <= at:
        raise DrawRefused(
            f"draw {wanted.draw}: both secrets were to be told by {rfc3339(wanted.reveal_by)}, over by now"
        )
    for other in all_draws(database):
        theirs = _value(other.pool)
        if theirs.draw == wanted.draw:
            raise DrawRefused(f"draw {wanted.draw}: a pool of that name was published before; it stays as it was")
        waits = other.outcome is None and not other.has_failed(at)
        if waits and theirs.first <= wanted.last and wanted.first <= theirs.last:
            raise DrawRefused(f"draw {wanted.draw}: draw {theirs.draw} has some of these days and is not made yet")
    pool = _pool(database, wanted)
    found = list(draws.problems(pool))
    if found:
        raise DrawRefused("\n".join(f"draw {wanted.draw}: {each}" for each in found))
    database.register.enter("publish_pool", wanted.draw, [Draft(POOLS, wanted.draw, pool, after=0)], actor, at)
    return standing(database, wanted.draw)


def commit(database: Database, draw: str, digest: str, actor: Actor, at: datetime) -> Standing:
    """承诺: enter the digest of a secret that the party keeps. Two parties do, each once, not both at the host.

    Raises NoSuchDraw, DrawRefused, RevisedMeanwhile, DatabaseUnavailable.
    """
    now = _open(standing(database, draw), at)
    committed = [_value(each) for each in now.commitments]
    if not draws.is_hex(digest):
        raise DrawRefused(f"draw {draw}: a commitment is a SHA-256 in hex, 64 digits of 0-9 and a-f")
    if any(each.party == actor.name for each in committed):
        raise DrawRefused(f"draw {draw}: {actor.name} has committed before; a commitment stays as it is")
    if len(committed) == 2:
        raise DrawRefused(f"draw {draw}: two parties have committed; there is no third one")
    if any(each.digest == digest for each in committed):
        raise DrawRefused(f"draw {draw}: that is the other party's commitment; make one from a secret of your own")
    if committed and not draws.are_two([committed[0].party, actor.name]):
        raise DrawRefused(
            f"draw {draw}: the other party acted at the command line, too; one of the two has an account"
        )
    _after(draw, at, [now.pool.at], "the pool was published")
    draft = Draft(COMMITMENTS, _slot(draw, len(committed)), Commitment(actor.name, digest, at), mark=draw, after=0)
    database.register.enter("commit_to_draw", draw, [draft], actor, at)
    return standing(database, draw)


def reveal(database: Database, draw: str, secret: str, actor: Actor, at: datetime) -> Standing:
    """密值公布: enter the secret of a party, once both have committed.

    Raises NoSuchDraw, DrawRefused, RevisedMeanwhile, DatabaseUnavailable.
    """
    now = _open(standing(database, draw), at)
    committed = [_value(each) for each in now.commitments]
    if len(committed) < 2:
        raise DrawRefused(f"draw {draw}: keep the secret until both have committed; {len(committed)} of 2 have")
    place = next((number for number, each in enumerate(committed) if each.party == actor.name), None)
    if place is None:
        raise DrawRefused(f"draw {draw}: {actor.name} has not committed to it; only the two parties have a secret")
    if any(_value(each).party == actor.name for each in now.secrets):
        raise DrawRefused(f"draw {draw}: {actor.name} has told the secret before")
    digest = draws.digest_of(_value(now.pool))
    if not draws.is_hex(secret) or draws.commitment_of(digest, actor.name, secret) != committed[place].digest:
        raise DrawRefused(f"draw {draw}: that is not the secret that {actor.name} committed to")
    _after(draw, at, [each.at for each in committed], "both had committed")
    draft = Draft(SECRETS, _slot(draw, place), Secret(actor.name, secret, at), mark=draw, after=0)
    database.register.enter("reveal_for_draw", draw, [draft], actor, at)
    return standing(database, draw)


def run(database: Database, draw: str, actor: Actor, at: datetime, *, beacon: str = "") -> Record:
    """抽取: enter what follows from both secrets. ``beacon`` is the public text, where the pool announced one.

    Raises NoSuchDraw, DrawRefused, RevisedMeanwhile, DatabaseUnavailable.
    """
    now = standing(database, draw)
    pool = _value(now.pool)
    _unrevised(now)
    if now.outcome is not None:
        raise DrawRefused(f"draw {draw}: it was made at {rfc3339(now.outcome.at)}, and is made once")
    if len(now.secrets) < 2:
        raise DrawRefused(f"draw {draw}: {len(now.secrets)} of 2 secrets are told; it cannot be made before both are")
    if bool(beacon) != bool(pool.beacon):
        told = f"the pool announced {pool.beacon}; say what it was" if pool.beacon else "the pool announced none"
        raise DrawRefused(f"draw {draw}: the public text does not fit: {told}")
    secrets = [_value(each) for each in now.secrets]
    _after(draw, at, [each.at for each in secrets], "both secrets were told")
    seed = draws.seed_of(draws.digest_of(pool), [each.secret for each in secrets], beacon)
    outcome = Outcome(beacon, seed, at, draws.draw(pool, seed))
    database.register.enter("make_draw", draw, [Draft(OUTCOMES, draw, outcome, after=0)], actor, at)
    return record(database, draw)


def replace(
    database: Database, draw: str, batch: str, supervisor: str, *, ground: Ground, actor: Actor, at: datetime
) -> Record:
    """补抽: a supervisor who was drawn turns out to be recused; the next numbers of the stream find another.

    Raises NoSuchDraw, DrawRefused, RevisedMeanwhile, DatabaseUnavailable.
    """
    before = record(database, draw)
    asked = Replacement(batch, supervisor, ground, at)
    _after(draw, at, [before.outcome.at, *(each.at for each in before.replacements)], "it was made")
    try:
        draws.draw(before.pool, before.outcome.seed, (*before.replacements, asked))
    except ValueError as error:
        raise DrawRefused(f"draw {draw}: {error}") from None
    key = _slot(draw, len(before.replacements))
    database.register.enter("replace_in_draw", draw, [Draft(REPLACEMENTS, key, asked, mark=draw, after=0)], actor, at)
    return record(database, draw)


def record(database: Database, draw: str) -> Record:
    """The public record of a draw that was made, checked. Raises NoSuchDraw, DrawRefused, DatabaseUnavailable."""
    now = standing(database, draw)
    _unrevised(now)
    found = now.record()
    if found is None:
        raise DrawRefused(f"draw {draw}: it is not made yet; {len(now.secrets)} of 2 secrets are told")
    _refuse_flaws(f"draw {draw}", found)
    return found


# Checking what somebody else published


@dataclass(frozen=True, slots=True)
class _Published:
    digest: str
    record: Record


_PUBLISHED: TypeAdapter[_Published] = TypeAdapter(_Published)


def verify(data: bytes, *, digest: str = "", pool_digest: str = "") -> Record:
    """The record in a published file, made again from its beginning, without a database.

    ``digest`` and ``pool_digest`` are what the reader knows from elsewhere, "" where they know nothing: without them
    it is shown that the result follows from what the file tells, not that this is what was published at the time.
    Raises DrawRefused with all that does not hold.
    """
    try:
        told = _PUBLISHED.validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise DrawRefused(f"this is no record of a draw: {place}: {first['msg']}") from None
    found = told.record
    if draws.published(found).encode() != data:
        raise DrawRefused("the record is not as it was written: its text, or its digest, was changed")
    for given, is_so, what in (
        (digest, told.digest, "record"),
        (pool_digest, found.pool_digest, "pool"),
    ):
        if given and given != is_so:
            raise DrawRefused(f"this is another {what} than the one that was published: its digest is {is_so}")
    _refuse_flaws(f"draw {found.pool.draw}", found)
    return found


def _refuse_flaws(where: str, found: Record) -> None:
    flaws = draws.flaws(found)
    if flaws:
        raise DrawRefused("\n".join(f"{where}: {each.en} {each.zh}" for each in flaws))


# What a pool is made of


def _pool(database: Database, wanted: Wanted) -> Pool:
    batches = {
        sitting.batch.id: PooledBatch(sitting.batch.id, sitting.site.id)
        for sitting in database.setup.sittings()
        if local_day(sitting.plan.planned_start) <= wanted.last
        and wanted.first <= local_day(sitting.plan.planned_end)
    }
    return Pool(
        draw=wanted.draw,
        first=wanted.first,
        last=wanted.last,
        batches=tuple(batches[key] for key in sorted(batches)),
        supervisors=_supervisors(database, wanted.first, wanted.last),
        share=wanted.share,
        share_origin=Origin.SAMPLE if wanted.share == SHARE else Origin.PUBLISHER,
        per_visit=wanted.per_visit,
        per_visit_origin=Origin.SAMPLE if wanted.per_visit == FEWEST else Origin.PUBLISHER,
        reveal_by=wanted.reveal_by,
        beacon=wanted.beacon.strip(),
    )


def _supervisors(database: Database, first: date, last: date) -> tuple[PooledSupervisor, ...]:
    barred: dict[str, list[Barred]] = {}
    for recusal in database.register.standing(RECUSALS):
        told = _value(recusal)
        barred.setdefault(told.supervisor, []).append(Barred(told.of, told.ground))
    found = ((each.key, _value(each)) for each in database.register.standing(SUPERVISORS))
    return tuple(
        PooledSupervisor(key, tuple(barred.get(key, ())))
        for key, each in sorted(found, key=lambda pair: pair[0])
        if each.side is Side.EXTERNAL and each.valid_from <= first and last <= each.valid_to
    )


# Small things


def _of(database: Database, kind: Kind[T], draw: str) -> tuple[Entry[T], ...]:
    found = database.register.standing(kind, mark=draw)
    return tuple(sorted(found, key=lambda entry: int(entry.key.rpartition("/")[2])))


def _slot(draw: str, before: int) -> str:
    """The key of the next thing of a draw. Of two who take it at once, one is told to look again."""
    return f"{draw}/{before + 1}"


def _value(entry: Entry[T]) -> T:
    if entry.value is None:
        raise DrawRefused(f"{entry.name} was taken back, which nothing of a draw may be; run `kaojian check`")
    return entry.value


def _open(now: Standing, at: datetime) -> Standing:
    """A draw that still takes commitments and secrets. Raises DrawRefused."""
    _unrevised(now)
    pool = _value(now.pool)
    if now.outcome is not None:
        raise DrawRefused(f"draw {pool.draw}: it was made at {rfc3339(now.outcome.at)}")
    if at > pool.reveal_by:
        raise DrawRefused(f"draw {pool.draw}: both secrets were wanted by {rfc3339(pool.reveal_by)}; publish another")
    return now


def _unrevised(now: Standing) -> None:
    if now.revised:
        raise DrawRefused(f"draw {now.pool.key}: its pool was changed after it was published; publish another")


def _after(draw: str, at: datetime, before: Sequence[datetime], what: str) -> None:
    """Refuse a step that the clock puts before another one, or at the same instant."""
    if at <= max(before):
        raise DrawRefused(f"draw {draw}: the clock says {rfc3339(at)}, and {what} at {rfc3339(max(before))}")
