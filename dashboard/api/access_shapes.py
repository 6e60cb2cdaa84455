"""The shapes of who asks: accounts, sessions, factors, tokens, permits, and what is kept of who did and watched what.

Not here: exams and their state (``dashboard.api.shapes``).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, ConfigDict, Field, SecretStr

from dashboard.access.permits import LONGEST, SHORTEST
from dashboard.access.table import Act
from dashboard.access.tokens import LASTS_DAYS, LONGEST_DAYS
from dashboard.api.shapes import BrokenGlassShape, Instant, Shape
from domain.chain import Break, Record
from domain.people import Door, Role
from domain.permits import Decided, PermitState
from domain.viewings import Deed


class ViewingShape(Shape):
    """Who looked at footage of which time, asked to, decided on it, or was refused.

    ``outcome`` is ``shown``, of what was done with a permit ``done``, or the name of the refusal. ``start`` and
    ``end`` are the footage's, ``source`` the network address, ``digest`` the entry's in the chain.
    """

    number: int
    at: Instant
    who: str
    role: str
    deed: Deed
    outcome: str
    camera: str
    batch: str
    start: Instant | None
    end: Instant | None
    source: str
    purpose: str
    permit: str
    digest: str


class ActShape(Shape):
    """Who did what, and to what: ``subject`` is the id of a batch, ``batch/number`` of a sitting, a site, an account
    or a key. ``digest``: the entry's in the chain.
    """

    number: int
    at: Instant
    who: str
    door: Door
    on_behalf_of: str | None
    act: str
    subject: str
    detail: str
    digest: str


class BrokenEntry(Shape):
    """An entry, by its number, at which the chain is broken, and how."""

    number: int
    how: Break


class RecordChecked(Shape):
    """What a check of one record found. ``sound``: nothing is broken in it. ``unsigned`` entries are from before it
    was signed, ``unsealed`` ones have no seal yet; ``days`` seals of days were compared.
    """

    record: Record
    sound: bool
    entries: int
    unsigned: int
    unsealed: int
    days: int
    broken: tuple[BrokenEntry, ...]
    broken_in_all: int


class RecordsChecked(Shape):
    """When the records were checked from their first entry on; empty where that cannot be done here."""

    at: Instant
    records: tuple[RecordChecked, ...]


class DecisionShape(Shape):
    """What was decided on a permit, by whom and why; ``until`` is the expiry of an approval."""

    what: Decided
    at: Instant
    who: str
    reason: str
    until: Instant | None


class PermitShape(Shape):
    """A permit to watch what lies outside a scope; without a ``camera``, all cameras of the batch.

    Batch and camera are as they were written by who asked.
    """

    id: str
    who: str
    role: Role
    batch: str
    camera: str | None
    start: Instant
    end: Instant
    purpose: str
    asked: Instant
    wanted_until: Instant
    state: PermitState
    decisions: tuple[DecisionShape, ...]


class PermitToDecide(PermitShape):
    """For who may decide: what the batch is, null where there is none, and whether who asked is recused from it."""

    project: str | None
    site_name: str | None
    recused: bool


class PermitBody(Shape):
    """What somebody asks to watch, why, and until when. Without ``camera``, all cameras of the batch."""

    batch: Annotated[str, Field(min_length=1, max_length=64)]
    camera: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    start: AwareDatetime
    end: AwareDatetime
    purpose: Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]
    until: AwareDatetime


class ApprovalBody(Shape):
    """Until when, and what is to be said about it."""

    until: AwareDatetime
    reason: Annotated[str, Field(max_length=LONGEST)] = ""


class ReasonBody(Shape):
    """Why."""

    reason: Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]


class PermittedCamera(Shape):
    """A camera that a permit opens, and the name of the room that it stands in."""

    camera: str
    room: str


class AccountShape(Shape):
    """Who is logged in. ``sees`` names the county, site or batches of the scope; empty for the whole city.

    ``may``: what the role may, or the token of the program that asks. ``must_enrol``: nothing else may be done until
    a second ``factor`` is set up. ``says_why``: a playlist is given to the role for a ``purpose`` only. ``linked``:
    the identity provider may vouch for the person; alone where there is no ``password``.
    """

    name: str
    role: Role
    sees: tuple[str, ...]
    may: tuple[Act, ...]
    expires: Instant | None
    must_change: bool
    factor: bool
    must_enrol: bool
    says_why: bool
    linked: bool
    password: bool


class SessionShape(Shape):
    """``account`` is null while nobody is logged in; ``second_step``: a code of the second factor is awaited.

    ``broken_glass``: what everybody who is logged in is told.
    """

    account: AccountShape | None
    second_step: bool = False
    broken_glass: tuple[BrokenGlassShape, ...] = ()


class ListedAccount(Shape):
    """An account as who administers sees it. ``sees`` as in AccountShape, ``recused`` from these batches; ``open``
    whether it may be used now, ``sessions`` how many are open.
    """

    name: str
    role: Role
    sees: tuple[str, ...]
    recused: tuple[str, ...]
    created: Instant
    expires: Instant | None
    disabled: Instant | None
    open: bool
    must_change: bool
    factor: bool
    linked: bool
    password: bool
    emergency: bool
    sessions: int


class AccountsShape(Shape):
    """All accounts by name, the closed ones too, and which counties, sites and batches one may be made for."""

    accounts: tuple[ListedAccount, ...]
    counties: tuple[str, ...]
    sites: tuple[str, ...]
    batches: tuple[str, ...]


class NewAccountBody(Shape):
    """An account to be made. ``sees``: the county, the site or the batches that the role's reach asks for."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    role: Role
    sees: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=64)], ...], Field(max_length=100)] = ()
    expires: AwareDatetime | None = None


class FirstPassword(Shape):
    """``first_password`` is shown once and kept nowhere; empty for a role that nobody logs in as."""

    account: ListedAccount
    first_password: str


class RecusalBody(Shape):
    """From which batch, whether recused or not any more, and why."""

    batch: Annotated[str, Field(min_length=1, max_length=64)]
    recused: bool
    reason: Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]


class EndedSessions(Shape):
    """How many sessions were ended."""

    ended: int


class LoginBody(Shape):
    """Name and password."""

    name: Annotated[str, Field(max_length=64)]
    password: Annotated[SecretStr, Field(max_length=256)]


class PasswordBody(Shape):
    """The password until now, and the one from now on."""

    old: Annotated[SecretStr, Field(max_length=256)]
    new: Annotated[SecretStr, Field(max_length=256)]


class ProofBody(Shape):
    """The password of who is logged in, once more."""

    password: Annotated[SecretStr, Field(max_length=256)]


class CodeBody(Shape):
    """Six digits of the authenticator, or a recovery code."""

    code: Annotated[SecretStr, Field(max_length=64)]


class ProviderShape(Shape):
    """The identity provider, ``name`` null where there is none, and where people ``leave`` it, where that is known.

    ``refused``: the type of the problem that the last login by it ended with in this browser, told once; ``subject``:
    whom it vouched for then, where no account is linked to them.
    """

    name: str | None
    leave: str | None = None
    refused: str | None = None
    subject: str | None = None


class BackBody(Shape):
    """The page of ours that somebody goes on with: a path, never another site."""

    back: Annotated[str, Field(max_length=512, pattern=r"^/([A-Za-z0-9._~%-][A-Za-z0-9._~%/?=&:+,-]*)?$")]


class CallbackQuery(Shape):
    """What a browser brings back from the identity provider, beside more that is nothing to us (RFC 6749 4.1.2)."""

    model_config = ConfigDict(extra="ignore")

    state: Annotated[str, Field(max_length=2048)]
    code: Annotated[str | None, Field(max_length=2048)] = None
    error: Annotated[str | None, Field(max_length=2048)] = None
    iss: Annotated[str | None, Field(max_length=2048)] = None


class AwayShape(Shape):
    """Where the browser goes next: the identity provider."""

    address: str


class FactorShape(Shape):
    """The second factor of who is logged in. ``recovery_left``: recovery codes that were not used."""

    confirmed: bool
    required: bool
    recovery_left: int


class BegunFactor(Shape):
    """What an authenticator is given, shown once: the secret in base 32, its address, and that as a QR code (SVG)."""

    secret: str
    address: str
    picture: str


class RecoveryCodes(Shape):
    """Each opens the door once in the place of a code; shown once and kept nowhere."""

    codes: tuple[str, ...]
    session: SessionShape


class OpenSession(Shape):
    """A session of one's own that is open. ``id`` names it and opens nothing; ``seen``: last used, to the minute."""

    id: str
    began: Instant
    seen: Instant
    current: bool


class TokenShape(Shape):
    """A token of a program. ``id`` names it and opens nothing; ``used``: last, to the minute."""

    id: str
    label: str
    acts: tuple[Act, ...]
    created: Instant
    expires: Instant
    revoked: Instant | None
    used: Instant | None


class TokenBody(Shape):
    """For which program, for what of what the role may, and for how many days."""

    label: Annotated[str, Field(min_length=1, max_length=60)]
    acts: Annotated[tuple[Act, ...], Field(min_length=1, max_length=10)]
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = LASTS_DAYS


class MadeToken(Shape):
    """``secret`` is what the program sends as ``Authorization: Bearer``; shown once and kept nowhere."""

    secret: str
    token: TokenShape


class WallCamera(Shape):
    """A camera that may be watched live, and the sitting it is watched for; ``opened`` is null before it is."""

    camera: str
    sees: tuple[str, ...]
    batch: str
    project: str
    sitting: int
    site: str
    site_name: str
    county: str
    room: str
    room_name: str
    start: Instant
    opened: Instant | None


class LiveTicket(Shape):
    """Where a camera's live pictures are: at this host and ``port``, until then, for this session alone. ``path`` is
    opened as a WebSocket; to ``whep`` an offer is posted (draft-ietf-wish-whep).
    """

    port: int
    path: str
    whep: str
    until: Instant


class ScreenerOffer(Shape):
    """Whether heads can be blurred in copies with a watermark; ``model`` is what finds them, else a ``reason``."""

    blurs_heads: bool
    model: str
    reason: str
