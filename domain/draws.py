"""双随机抽取: which batches are visited by which supervisors, drawn so that nobody can steer it.

1. The *pool* 抽取名单 is published: all batches of some days, all supervisors who may be sent, how many are drawn.
   Its canonical text has a digest.
2. Two parties each publish a *commitment* 承诺, the digest of a secret that they keep.
3. Both publish their *secret* 密值. The seed is a digest of the pool's digest, of both secrets and, where the pool
   announced one, of a public text that nobody knew before (*beacon* 公开随机数).
4. Batches, then supervisors for each, are drawn with the numbers of a stream that the seed alone decides.

The record 抽取记录 of all that is one text, and ``flaws`` says what in it does not hold; docs/draws.md writes the
algorithm down for others. Not here: who may do which step, and where it is kept (``records.drawing``).
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from hashlib import sha256
from itertools import pairwise

from domain.register import Kind
from domain.supervision import Ground
from domain.timeline import rfc3339_exact

FORM = "kaojian-draw-1"
"""Names the algorithm; another one would have another name."""

FEWEST = 2
"""Supervisors at a visit; fewer are refused. 双随机 rules elsewhere ask for two or more (a justice bureau's)."""

_WORD_BYTES = 8
_WORDS = 1 << (8 * _WORD_BYTES)
_HEX = re.compile(r"[0-9a-f]{64}")
_LOCAL = "local:"  # how the command line is named (domain.people.Actor)


class Origin(StrEnum):
    """Where a number of a pool comes from."""

    SAMPLE = "sample"  # from rules of other cities or offices; the notice has none
    PUBLISHER = "publisher"  # of who published the pool


SHARE = Decimal("0.05")
"""Of the batches, one in twenty at least, and never none: from the same sample."""


# What is published before anything is drawn


@dataclass(frozen=True, slots=True)
class PooledBatch:
    id: str
    site: str


@dataclass(frozen=True, slots=True)
class Barred:
    """That a supervisor is not sent to the site or the batch that ``of`` names."""

    of: str
    ground: Ground


@dataclass(frozen=True, slots=True)
class PooledSupervisor:
    id: str
    barred: tuple[Barred, ...] = ()

    def ground(self, batch: PooledBatch) -> Ground | None:
        """Why they are not sent to a batch; None where they may be."""
        return next((each.ground for each in self.barred if each.of in {batch.id, batch.site}), None)


@dataclass(frozen=True, slots=True)
class Pool:
    """抽取名单. Batches with an exam on one of the days from ``first`` to ``last``, both included; all lists by id.

    ``reveal_by``: a draw whose secrets are not there by then has failed, for all to see. ``beacon`` says which public
    text is a part of the seed, "" for none.
    """

    draw: str
    first: date
    last: date
    batches: tuple[PooledBatch, ...]
    supervisors: tuple[PooledSupervisor, ...]
    share: Decimal
    share_origin: Origin
    per_visit: int
    per_visit_origin: Origin
    reveal_by: datetime
    beacon: str = ""

    @property
    def take(self) -> int:
        """How many batches are drawn: the share, rounded up, and one at least."""
        return max(1, int((self.share * len(self.batches)).to_integral_value(ROUND_CEILING)))

    def has(self, batch: str) -> bool:
        return any(each.id == batch for each in self.batches)


def problems(pool: Pool) -> Iterator[str]:
    """Why no draw could be made from a pool, one line for people each; nothing where it can."""
    if not pool.batches:
        yield f"no batch has an exam from {pool.first} to {pool.last}; name other days"
    if pool.last < pool.first:
        yield f"the days end on {pool.last}, before they begin on {pool.first}"
    for what, ids in (
        ("batch", [each.id for each in pool.batches]),
        ("supervisor", [each.id for each in pool.supervisors]),
    ):
        if any(one >= other for one, other in pairwise(ids)):
            yield f"each {what} stands in the pool once, in the order of ids"
    if not 0 < pool.share <= 1:
        yield f"a share of {pool.share} cannot be drawn; it lies above 0 and is 1 at most"
    if pool.per_visit < FEWEST:
        yield f"{pool.per_visit} at a visit is too few; {FEWEST} or more are sent"
    for batch in pool.batches:
        there = sum(each.ground(batch) is None for each in pool.supervisors)
        if there < pool.per_visit:
            yield f"batch {batch.id}: {there} of the pool may be sent there, {pool.per_visit} are asked for"


# What the two parties give


@dataclass(frozen=True, slots=True)
class Commitment:
    """承诺: the digest of a party's secret, see ``commitment_of``. ``party`` is the name of who acted."""

    party: str
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Secret:
    """密值: 32 random bytes in hex, told by the party that committed to it."""

    party: str
    secret: str
    at: datetime


# What comes of it


@dataclass(frozen=True, slots=True)
class Passed:
    """A supervisor whose number came up and who is not sent, with why; the next numbers found another.

    ``late``: they were recused when the draw was over (``Replacement``).
    """

    supervisor: str
    ground: Ground
    late: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """A batch that was drawn and the supervisors who were drawn for it, in the order of their numbers."""

    batch: str
    supervisors: tuple[str, ...]
    passed: tuple[Passed, ...] = ()


@dataclass(frozen=True, slots=True)
class Replacement:
    """补抽: that a supervisor who was drawn is recused after the draw. The stream goes on for the place."""

    batch: str
    supervisor: str
    ground: Ground
    at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a draw came to, when it was made."""

    beacon: str
    seed: str
    at: datetime
    drawn: tuple[Drawn, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """抽取记录: all of a draw that is public, which is all of it. ``replacements`` in their order."""

    pool: Pool
    pool_digest: str
    published: datetime
    commitments: tuple[Commitment, ...]
    secrets: tuple[Secret, ...]
    outcome: Outcome
    replacements: tuple[Replacement, ...] = ()
    drawn_now: tuple[Drawn, ...] = ()
    form: str = FORM


POOLS = Kind("draw_pool", Pool)
COMMITMENTS = Kind("draw_commitment", Commitment)
SECRETS = Kind("draw_secret", Secret)
OUTCOMES = Kind("draw_outcome", Outcome)
REPLACEMENTS = Kind("draw_replacement", Replacement)


# Texts and digests


def text_of(value: Pool | Record) -> str:
    """The canonical text: JSON with sorted keys and no spaces, instants in UTC with microseconds. One thing, one
    text.
    """
    return json.dumps(asdict(value), default=_plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest_of(value: Pool | Record) -> str:
    """The SHA-256 of the canonical text in UTF-8, in hex."""
    return _digest(text_of(value))


def published(record: Record) -> str:
    """What is published of a draw: one line of JSON, the record's digest and the record in its canonical text."""
    return f'{{"digest":"{digest_of(record)}","record":{text_of(record)}}}\n'


def commitment_of(pool_digest: str, party: str, secret: str) -> str:
    """What a party publishes before its secret; bound to the pool and to the party, so that nobody can hand it in
    as theirs. Raises ValueError for a secret that is not 32 bytes in hex.
    """
    if not is_hex(secret):
        raise ValueError("a secret is 64 digits of 0-9 and a-f")
    return _digest("\n".join((f"{FORM} commitment", pool_digest, party, secret)))


def seed_of(pool_digest: str, secrets: Sequence[str], beacon: str) -> str:
    """The seed, in hex. The secrets are in the order of the commitments."""
    return _digest("\n".join((f"{FORM} seed", pool_digest, *secrets, beacon)))


def is_hex(text: str) -> bool:
    """Whether a text is 32 bytes in hex, as digests, secrets and seeds are."""
    return _HEX.fullmatch(text) is not None


# The draw


class Stream:
    """Numbers that a seed alone decides: HMAC-SHA256(seed, 0), HMAC-SHA256(seed, 1) ..., each cut into four words of
    64 bits; the counter is eight bytes, and all numbers are big-endian.
    """

    def __init__(self, seed: bytes) -> None:
        self._words = _words(seed)

    def below(self, count: int) -> int:
        """A number from 0 to ``count`` - 1, each as likely as the others.

        Words of the uneven rest at the end of the range are thrown away: without that, small numbers would come more
        often than large ones.
        """
        even = _WORDS - _WORDS % count
        return next(word for word in self._words if word < even) % count


def _words(seed: bytes) -> Iterator[int]:
    counter = 0
    while True:
        block = hmac.digest(seed, counter.to_bytes(8, "big"), "sha256")
        for start in range(0, len(block), _WORD_BYTES):
            yield int.from_bytes(block[start : start + _WORD_BYTES], "big")
        counter += 1


def draw(pool: Pool, seed: str, replacements: Sequence[Replacement] = ()) -> tuple[Drawn, ...]:
    """Who visits what. Raises ValueError for a pool of which ``problems`` tells, for a replacement of somebody who
    was not drawn there, and where nobody is left for a place.
    """
    for problem in problems(pool):
        raise ValueError(problem)
    stream = Stream(bytes.fromhex(seed))
    left = list(pool.batches)
    picked = [left.pop(stream.below(len(left))) for _ in range(pool.take)]
    teams = {batch.id: _Team(batch, list(pool.supervisors)) for batch in picked}
    for team in teams.values():
        for _ in range(pool.per_visit):
            team.sent.append(team.next_one(stream))
    for each in replacements:
        if each.batch not in teams or each.supervisor not in teams[each.batch].sent:
            raise ValueError(f"{each.supervisor} was not drawn for batch {each.batch}: there is nobody to replace")
        teams[each.batch].replace(each, stream)
    return tuple(Drawn(team.batch.id, tuple(team.sent), tuple(team.passed)) for team in teams.values())


class _Team:
    """Those of one batch while they are drawn."""

    def __init__(self, batch: PooledBatch, left: list[PooledSupervisor]) -> None:
        self.batch = batch
        self.left = left
        self.sent: list[str] = []
        self.passed: list[Passed] = []

    def next_one(self, stream: Stream) -> str:
        while self.left:
            found = self.left.pop(stream.below(len(self.left)))
            ground = found.ground(self.batch)
            if ground is None:
                return found.id
            self.passed.append(Passed(found.id, ground))
        raise ValueError(f"batch {self.batch.id}: nobody of the pool is left who may be sent there")

    def replace(self, replacement: Replacement, stream: Stream) -> None:
        self.passed.append(Passed(replacement.supervisor, replacement.ground, late=True))
        self.sent[self.sent.index(replacement.supervisor)] = self.next_one(stream)


# Checking a record


class Flaw(StrEnum):
    """What can be wrong with a draw."""

    FORM = "form"
    POOL = "pool"
    PARTIES = "parties"
    ORDER = "order"
    COMMITMENT = "commitment"
    BEACON = "beacon"
    SEED = "seed"
    RESULT = "result"

    @property
    def zh(self) -> str:
        return _FLAWS[self][0]

    @property
    def en(self) -> str:
        return _FLAWS[self][1]


_FLAWS: Mapping[Flaw, tuple[str, str]] = {
    Flaw.FORM: ("记录格式不符", "the record is of another form"),
    Flaw.POOL: ("名单与公布的摘要不符，或不足以抽取", "the pool is not the published one, or too small to draw from"),
    Flaw.PARTIES: (
        "承诺方不是两个不同的人，或均在命令行操作",
        "not two different parties, or both at the command line",
    ),
    Flaw.ORDER: ("先后次序不符", "the steps are not in their order"),
    Flaw.COMMITMENT: ("密值与承诺不符", "a secret does not match its commitment"),
    Flaw.BEACON: ("公开随机数与名单所述不符", "the public text is not as the pool announced"),
    Flaw.SEED: ("种子不符", "the seed does not follow from pool and secrets"),
    Flaw.RESULT: ("结果不是由种子抽出的", "the result does not follow from the seed"),
}


def are_two(parties: Sequence[str]) -> bool:
    """Whether these are two different parties, at most one of them at the command line."""
    return len(parties) == len(set(parties)) == 2 and not all(each.startswith(_LOCAL) for each in parties)


def flaws(record: Record) -> tuple[Flaw, ...]:
    """All that does not hold of a record, found by doing everything again; empty where it holds."""
    checks = {
        Flaw.FORM: record.form == FORM,
        Flaw.POOL: digest_of(record.pool) == record.pool_digest and not list(problems(record.pool)),
        Flaw.PARTIES: _parties_hold(record),
        Flaw.ORDER: _order_holds(record),
        Flaw.COMMITMENT: _commitments_hold(record),
        Flaw.BEACON: bool(record.outcome.beacon) == bool(record.pool.beacon),
        Flaw.SEED: record.outcome.seed
        == seed_of(record.pool_digest, [each.secret for each in record.secrets], record.outcome.beacon),
        Flaw.RESULT: _result_holds(record),
    }
    return tuple(flaw for flaw, holds in checks.items() if not holds)


def _parties_hold(record: Record) -> bool:
    parties = [each.party for each in record.commitments]
    return are_two(parties) and parties == [each.party for each in record.secrets]


def _order_holds(record: Record) -> bool:
    committed = [each.at for each in record.commitments]
    told = [each.at for each in record.secrets]
    if not committed or not told:
        return False
    replaced = [each.at for each in record.replacements]
    steps = (
        record.published < min(committed),
        max(committed) < min(told),
        max(told) < record.outcome.at,
        max(told) <= record.pool.reveal_by,
        replaced == sorted(replaced),
        all(record.outcome.at < at for at in replaced),
    )
    return all(steps)


def _commitments_hold(record: Record) -> bool:
    promised = {each.party: each.digest for each in record.commitments}
    return all(
        is_hex(each.secret) and promised.get(each.party) == commitment_of(record.pool_digest, each.party, each.secret)
        for each in record.secrets
    )


def _result_holds(record: Record) -> bool:
    try:
        first = draw(record.pool, record.outcome.seed)
        now = draw(record.pool, record.outcome.seed, record.replacements)
    except ValueError:
        return False
    return (first, now) == (record.outcome.drawn, record.drawn_now)


def _plain(value: object) -> str:
    match value:
        case datetime():  # before date, whose kind it is
            return rfc3339_exact(value)
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
    raise TypeError(f"{type(value).__name__} has no text in a record of a draw")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
