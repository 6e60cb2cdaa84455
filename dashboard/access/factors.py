"""The second factor of an account 动态口令: enrolling, being asked for a code, recovery codes, taking it away.

The secret is sealed with the installation's key, for its account only; recovery codes are kept as SHA-256, which is
enough for 118 random bits. Each code is good once. Not here: how codes are made (``dashboard.access.totp``), and who
has to have a factor (``dashboard.api.backing``).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from dashboard.access import passwords, totp
from dashboard.access.errors import AccountRefused, CodeRefused
from domain.people import Actor
from domain.timeline import Clock
from storage.database import Database
from storage.sealing import Sealer

RECOVERY_CODES = 10
_DIGITS = re.compile(r"[0-9]{6}")
_SPACING = re.compile(r"[\s-]+")


@dataclass(frozen=True, slots=True)
class Begun:
    """What an authenticator is given: the secret as text, and the address that holds it."""

    secret: str
    address: str


def begin(database: Database, sealer: Sealer, clock: Clock, name: str) -> Begun:
    """Give an account a factor that counts once a code of it is seen. Raises FactorStands."""
    secret = totp.invented()
    database.factors.begin(name, sealer.seal(secret, _place(name)), clock.now())
    return Begun(secret, totp.address(secret, name))


def confirm(database: Database, sealer: Sealer, clock: Clock, name: str, code: str) -> tuple[str, ...]:
    """The first code: from now on the factor is asked for. All sessions end. The recovery codes, kept nowhere.

    Raises CodeRefused, KeyRefused; UnknownRow where another began meanwhile.
    """
    now, standing = clock.now(), database.factors.standing(name)
    if standing is None or standing.confirmed is not None:
        raise CodeRefused("no second factor waits to be confirmed; begin anew")
    step = totp.step_of(sealer.open(standing.secret, _place(name)), _plain(code), now)
    if step is None:
        raise CodeRefused
    recovery = tuple(passwords.invented(letters=24, group=4) for _ in range(RECOVERY_CODES))
    database.factors.confirm(name, standing.id, step, map(_digest, recovery), now)
    return recovery


def check(database: Database, sealer: Sealer, now: datetime, name: str, code: str) -> bool:
    """Take a code, or a recovery code, of the account's factor; whether it was one of the latter.

    Raises CodeRefused for one that is wrong or was used, KeyRefused.
    """
    standing = database.factors.standing(name)
    if standing is None or standing.confirmed is None:
        raise CodeRefused
    plain = _plain(code)
    if not _DIGITS.fullmatch(plain):
        if not database.factors.take_recovery(standing.id, _digest(plain), now):
            raise CodeRefused
        return True
    step = totp.step_of(sealer.open(standing.secret, _place(name)), plain, now)
    if step is None or not database.factors.take_step(standing.id, step):
        raise CodeRefused
    return False


def recovery_left(database: Database, name: str) -> int:
    """How many recovery codes the account has."""
    standing = database.factors.standing(name)
    return 0 if standing is None else database.factors.recovery_left(standing.id)


def reset(database: Database, name: str, *, reason: str, actor: Actor, clock: Clock) -> None:
    """Take away the factor of somebody who lost it, with their sessions and tokens. Raises AccountRefused."""
    now = clock.now()
    if not database.factors.remove(name, now):
        raise AccountRefused(f"there is no account {name} with a second factor; `kaojian user list` shows all")
    database.api_tokens.revoke_all(name, now)
    database.journal.record(now, actor, "reset_factor", name, reason)


def _place(name: str) -> str:
    return f"second-factor/{name}"


def _plain(code: str) -> str:
    """A code as it is made, however it was typed; also with the wide digits of a Chinese keyboard."""
    return _SPACING.sub("", unicodedata.normalize("NFKC", code)).lower()


def _digest(code: str) -> str:
    return sha256(_plain(code).encode()).hexdigest()
