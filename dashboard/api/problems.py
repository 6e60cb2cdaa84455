"""From our errors to HTTP problems (RFC 9457): one table, one form, also for what the framework itself refuses."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from analysis.films import FilmRefused
from analysis.floorplan.errors import CalibrationRefused
from analysis.people.errors import DetectorError
from analysis.screeners import ScreenerRefused, ScreenersBusy
from config.errors import DocumentRefused, RulePackRefused
from dashboard.access.errors import (
    AccountRefused,
    CodeRefused,
    HeldBack,
    LoginRefused,
    NotBegun,
    NotBelieved,
    NotLinked,
    PasswordRefused,
    PermitNotOpen,
    PermitRefused,
    ProviderDeclined,
    ProviderDown,
    TicketExpired,
    TicketUnknown,
    TokenRefused,
    TooManyAttempts,
    TooManyQuestions,
)
from dashboard.api.shapes import FieldProblem, Problem
from dashboard.papers.sheet import NotPrinted
from records.errors import (
    CaseRefused,
    CertificateRefused,
    ChangeRefused,
    ClosedBatch,
    DecisionRefused,
    DiskTooFull,
    DisposalRefused,
    DossierRefused,
    DrawRefused,
    ExportRefused,
    GroundsRefused,
    ImpossibleTime,
    LoginNotKept,
    MarkingRefused,
    NoGrounds,
    NoPlan,
    NoReason,
    NoRoomRecord,
    NoSuchCertificate,
    NoSuchDraw,
    NoSuchReceipt,
    NoSuchScan,
    NoSuchVisit,
    NotAskedNow,
    NotGo,
    NothingToConfirm,
    NotIssuable,
    NotOfThePanel,
    NotTried,
    NotVouched,
    OutsideRefused,
    PapersRefused,
    ReceiptRefused,
    ReferenceRefused,
    ResultsRefused,
    ResultsReplayed,
    RetrievalRefused,
    RollRefused,
    RoomRecordRefused,
    ScoreRefused,
    SheetRefused,
    SupervisionRefused,
    TrialRefused,
)
from storage.archive import RetentionUnknown, WentByOrder
from storage.errors import (
    AlreadyClosed,
    AlreadyDecided,
    AlreadyOpen,
    CameraBelongsElsewhere,
    DatabaseUnavailable,
    FactorStands,
    KeyRefused,
    MarkStands,
    NameTaken,
    NotOpen,
    RevisedMeanwhile,
    SealRefused,
    SetupChanged,
    UnknownAccount,
    UnknownBatch,
    UnknownDisposal,
    UnknownPermit,
    UnknownRow,
    UnknownSession,
    UnknownSitting,
    UnknownToken,
    UnknownWithholding,
)
from storage.manifest.exporting import ExportRefused as ExportLacks
from storage.manifest.exporting import NotClosed
from storage.model_files import ModelFileRefused
from storage.objects import AccessRefused, NotLocked, ObjectDamaged, ObjectsUnavailable, RequestRefused
from storage.scans import NoScanAnswers

MEDIA_TYPE = "application/problem+json"
_MOST_TOLD = 100  # places of one file; how many more there are stands in the detail
_LIVE_AGAIN_S = 5  # after so long a camera was tried anew, or somebody left
_log = structlog.get_logger()


class NoFootage(Exception):
    """No footage can be played in the span asked for."""


class FootageDisposed(Exception):
    """The footage was disposed of by order; says by which list and when."""


class FootageWithheld(Exception):
    """The footage is withheld as that of a 禁摄区; says by which withholding."""


class UnknownCamera(Exception):
    """No camera of that id was ever set up."""


class OfferRefused(Exception):
    """An offer of WHEP that cannot be read, or lacks what every viewer of ours needs."""


class NothingInCommon(Exception):
    """The camera sends what the viewer does not take."""


class NotLiveNow(Exception):
    """The camera shows nothing now; says why."""


class NoRoomToWatch(Exception):
    """As many watch live as may."""


class UnknownShowing(Exception):
    """Nobody watches there by WHEP, or somebody else does."""


class ImpossibleSpan(Exception):
    """The span asked for ends before it starts, or its ends have no time zone."""


class PurposeNeeded(Exception):
    """The role says why before it watches, and nothing was said."""


class NotLoggedIn(Exception):
    """Nobody is logged in, or the session has ended."""


class PasswordMustChange(Exception):
    """The account still has the password that was made for it."""


class FactorMustEnrol(Exception):
    """The role has to have a second factor, and the account has none yet."""


class ProofNeeded(Exception):
    """The password was given too long ago for what is asked."""


class NotAllowed(Exception):
    """The role may not do this, to anything."""


class CrossSite(Exception):
    """A change was asked for by a page that is not ours."""


class NoProvider(Exception):
    """No identity provider vouches for people here."""


class OtherAddress(Exception):
    """The pages were opened under another address than the one that the identity provider sends people back to."""


class Undeclared(Exception):
    """The table of roles does not name the route: a bug of ours, and closed until it is mended."""


class NoneAnswers(Exception):
    """No copy of the footage answers; says where and why, and names no file."""


class RangeNotSatisfiable(Exception):
    """The byte range asked for lies outside the resource (RFC 9110 14.4)."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"there are {size_bytes} bytes")
        self.size_bytes = size_bytes


TABLE: dict[type[Exception], tuple[HTTPStatus, str, str]] = {
    UnknownBatch: (HTTPStatus.NOT_FOUND, "unknown-batch", "There is no such batch"),
    UnknownSitting: (HTTPStatus.NOT_FOUND, "unknown-sitting", "There is no such sitting"),
    UnknownRow: (HTTPStatus.NOT_FOUND, "unknown", "There is no such thing"),
    UnknownSession: (HTTPStatus.NOT_FOUND, "unknown-session", "There is no such session"),
    UnknownToken: (HTTPStatus.NOT_FOUND, "unknown-token", "There is no such token"),
    UnknownPermit: (HTTPStatus.NOT_FOUND, "unknown-permit", "There is no such permit"),
    UnknownCamera: (HTTPStatus.NOT_FOUND, "unknown-camera", "There is no such camera"),
    UnknownShowing: (HTTPStatus.NOT_FOUND, "unknown", "There is no such thing"),
    OfferRefused: (HTTPStatus.BAD_REQUEST, "offer-refused", "The offer cannot be answered"),
    NothingInCommon: (
        HTTPStatus.NOT_ACCEPTABLE,
        "nothing-in-common",
        "The viewer does not take what the camera sends",
    ),
    NotLiveNow: (HTTPStatus.CONFLICT, "not-live-now", "The camera shows nothing now"),
    NoRoomToWatch: (HTTPStatus.SERVICE_UNAVAILABLE, "no-room-to-watch", "As many watch as may"),
    TicketUnknown: (HTTPStatus.NOT_FOUND, "unknown", "There is no such thing"),
    TicketExpired: (HTTPStatus.GONE, "address-expired", "The address has run out"),
    NoFootage: (HTTPStatus.NOT_FOUND, "no-footage", "There is no footage to play"),
    FootageDisposed: (HTTPStatus.GONE, "disposed", "The footage was disposed of"),
    FootageWithheld: (HTTPStatus.FORBIDDEN, "withheld", "The footage is withheld: it shows a no-filming area"),
    UnknownWithholding: (HTTPStatus.NOT_FOUND, "unknown-withholding", "There is no such withholding"),
    UnknownDisposal: (HTTPStatus.NOT_FOUND, "unknown-disposal", "There is no such disposal list"),
    NotGo: (HTTPStatus.UNPROCESSABLE_ENTITY, "no-go", "The check is no go, and nobody said why all the same"),
    TrialRefused: (HTTPStatus.CONFLICT, "trial-refused", "No trial can be recorded now"),
    NothingToConfirm: (HTTPStatus.UNPROCESSABLE_ENTITY, "nothing-to-confirm", "There is nothing of that to confirm"),
    AlreadyOpen: (HTTPStatus.CONFLICT, "already-open", "The sitting is open already"),
    AlreadyClosed: (HTTPStatus.CONFLICT, "already-closed", "The sitting is closed already"),
    NotOpen: (HTTPStatus.CONFLICT, "not-open", "The sitting was not opened"),
    SetupChanged: (HTTPStatus.CONFLICT, "setup-changed", "The set-up was changed meanwhile; try again"),
    DiskTooFull: (HTTPStatus.CONFLICT, "disk-too-full", "The disk cannot promise to hold the sitting"),
    RollRefused: (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "roll-refused",
        "It cannot be so by the roll; nothing was entered",
    ),
    ChangeRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "change-refused", "The site cannot be set up so"),
    CameraBelongsElsewhere: (HTTPStatus.CONFLICT, "camera-elsewhere", "The camera belongs to another site"),
    NoPlan: (HTTPStatus.NOT_FOUND, "unknown-room", "There is no such room, or it has no plan"),
    NotTried: (HTTPStatus.UNPROCESSABLE_ENTITY, "not-tried", "The camera gave no picture"),
    NotAskedNow: (HTTPStatus.CONFLICT, "not-asked-now", "The camera is not asked for pictures now"),
    LoginNotKept: (HTTPStatus.SERVICE_UNAVAILABLE, "login-not-kept", "The login cannot be sealed"),
    CalibrationRefused: (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "calibration-refused",
        "The points do not tell enough",
    ),
    ReferenceRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "reference-refused", "No reference can be made"),
    NoReason: (HTTPStatus.UNPROCESSABLE_ENTITY, "reason-needed", "It is to be said why"),
    ImpossibleTime: (HTTPStatus.UNPROCESSABLE_ENTITY, "impossible-time", "The time cannot be true"),
    MarkStands: (HTTPStatus.CONFLICT, "mark-stands", "It is marked already; say why it is to be corrected"),
    ClosedBatch: (HTTPStatus.CONFLICT, "closed-batch", "The batch was closed and signed"),
    DisposalRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "disposal-refused", "Something stands against the disposal"),
    NoSuchDraw: (HTTPStatus.NOT_FOUND, "unknown-draw", "There is no such draw"),
    DrawRefused: (HTTPStatus.CONFLICT, "draw-refused", "The step of the draw may not be taken"),
    NoSuchVisit: (HTTPStatus.NOT_FOUND, "unknown-visit", "There is no such visit"),
    SupervisionRefused: (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "visit-refused",
        "It cannot be so of a visit; nothing was entered",
    ),
    DossierRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "dossier-refused", "It cannot be filed as that"),
    WentByOrder: (HTTPStatus.GONE, "disposed", "It was disposed of"),
    RetentionUnknown: (HTTPStatus.CONFLICT, "retention-unknown", "Nobody knows until when it is to be kept"),
    NotLocked: (HTTPStatus.SERVICE_UNAVAILABLE, "not-locked", "An object store keeps no lock"),
    ObjectsUnavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "no-store-answers", "An object store does not answer"),
    AccessRefused: (HTTPStatus.SERVICE_UNAVAILABLE, "store-refuses", "An object store refuses it"),
    RequestRefused: (HTTPStatus.SERVICE_UNAVAILABLE, "store-refuses", "An object store refuses it"),
    ObjectDamaged: (HTTPStatus.SERVICE_UNAVAILABLE, "store-damages", "An object store gave back other bytes"),
    NoScanAnswers: (HTTPStatus.SERVICE_UNAVAILABLE, "no-scan-answers", "No copy of the scan answers"),
    NoSuchScan: (HTTPStatus.NOT_FOUND, "unknown-scan", "There is no such scan"),
    ReceiptRefused: (HTTPStatus.CONFLICT, "receipt-refused", "No receipt can be made"),
    NoSuchReceipt: (HTTPStatus.NOT_FOUND, "unknown-receipt", "There is no such receipt"),
    RevisedMeanwhile: (HTTPStatus.CONFLICT, "revised-meanwhile", "Somebody else was there first"),
    DecisionRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "decision-refused", "That person may not decide so on it"),
    CaseRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "case-refused", "The candidate cannot be decided on so"),
    ScoreRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "score-refused", "The mark cannot be given or signed so"),
    NotVouched: (HTTPStatus.FORBIDDEN, "not-vouched", "Nobody who counts signed it"),
    ResultsReplayed: (HTTPStatus.CONFLICT, "results-replayed", "A later document was taken before"),
    ResultsRefused: (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "results-refused",
        "The document does not hold; nothing was taken",
    ),
    SheetRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "sheet-refused", "The file does not hold; nothing was taken"),
    NoGrounds: (HTTPStatus.NOT_FOUND, "no-grounds", "Nothing of that is on record of the site"),
    GroundsRefused: (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "grounds-refused",
        "The grounds cannot be so; nothing was entered",
    ),
    DocumentRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "document-refused", "The document does not hold"),
    ExportRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "export-refused", "The file would not be read back"),
    OutsideRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "outside-refused", "The outside system cannot be so"),
    NotOfThePanel: (HTTPStatus.UNPROCESSABLE_ENTITY, "not-of-the-panel", "That person was not sent as that"),
    NoSuchCertificate: (HTTPStatus.NOT_FOUND, "unknown-certificate", "There is no such certificate"),
    CertificateRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "certificate-refused", "It cannot be certified so"),
    NoRoomRecord: (HTTPStatus.NOT_FOUND, "no-room-record", "Nobody wrote a record of that room"),
    RoomRecordRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "room-record-refused", "The room's record cannot be so"),
    PapersRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "papers-refused", "Exam papers cannot have gone that way"),
    MarkingRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "marking-refused", "Nobody is authorised to mark by that"),
    RetrievalRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "retrieval-refused", "Nothing can be found by that"),
    ImpossibleSpan: (HTTPStatus.UNPROCESSABLE_ENTITY, "impossible-span", "The span is impossible"),
    PurposeNeeded: (HTTPStatus.UNPROCESSABLE_ENTITY, "purpose-needed", "It is to be said why"),
    ScreenersBusy: (HTTPStatus.SERVICE_UNAVAILABLE, "screeners-busy", "Another copy with a watermark is being made"),
    ScreenerRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "screener-refused", "No such copy can be made"),
    DetectorError: (HTTPStatus.UNPROCESSABLE_ENTITY, "screener-refused", "No such copy can be made"),
    ModelFileRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "screener-refused", "No such copy can be made"),
    FilmRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "film-refused", "The film cannot be made as it was asked for"),
    NotPrinted: (HTTPStatus.UNPROCESSABLE_ENTITY, "not-printed", "The paper cannot be printed; its page can be read"),
    RangeNotSatisfiable: (HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "range", "The byte range is impossible"),
    NotLoggedIn: (HTTPStatus.UNAUTHORIZED, "not-logged-in", "Nobody is logged in"),
    LoginRefused: (HTTPStatus.FORBIDDEN, "login-refused", "Name and password do not match"),
    CodeRefused: (HTTPStatus.FORBIDDEN, "code-refused", "The code is wrong or was used"),
    NoProvider: (HTTPStatus.NOT_FOUND, "no-provider", "There is no identity provider"),
    OtherAddress: (HTTPStatus.FORBIDDEN, "other-address", "The pages have another address"),
    ProviderDown: (HTTPStatus.SERVICE_UNAVAILABLE, "provider-down", "The identity provider does not answer"),
    ProviderDeclined: (HTTPStatus.FORBIDDEN, "provider-declined", "The identity provider lets nobody in"),
    NotBelieved: (HTTPStatus.FORBIDDEN, "not-believed", "What the identity provider says does not hold"),
    NotBegun: (HTTPStatus.FORBIDDEN, "not-begun", "No such login was begun in this browser"),
    NotLinked: (HTTPStatus.FORBIDDEN, "not-linked", "No account is linked to this person"),
    TooManyAttempts: (HTTPStatus.TOO_MANY_REQUESTS, "too-many-attempts", "Too many wrong passwords or codes"),
    TooManyQuestions: (HTTPStatus.TOO_MANY_REQUESTS, "too-many-questions", "It was asked too often"),
    AccountRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "account-refused", "The account cannot be so"),
    NameTaken: (HTTPStatus.CONFLICT, "name-taken", "An account had that name before"),
    UnknownAccount: (HTTPStatus.NOT_FOUND, "unknown-account", "There is no such account"),
    TokenRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "token-refused", "The token cannot be as it was asked for"),
    PermitRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "permit-refused", "The permit cannot be had in that way"),
    PermitNotOpen: (HTTPStatus.FORBIDDEN, "permit-not-open", "The permit lets nothing be watched now"),
    AlreadyDecided: (HTTPStatus.CONFLICT, "already-decided", "It was decided before"),
    FactorStands: (HTTPStatus.CONFLICT, "factor-stands", "There is a second factor already"),
    PasswordRefused: (HTTPStatus.UNPROCESSABLE_ENTITY, "password-refused", "The password is not fit to be one"),
    PasswordMustChange: (HTTPStatus.FORBIDDEN, "password-must-change", "The first password must be changed"),
    FactorMustEnrol: (HTTPStatus.FORBIDDEN, "factor-must-enrol", "A second factor must be set up"),
    ProofNeeded: (HTTPStatus.FORBIDDEN, "proof-needed", "The password must be given again"),
    NotAllowed: (HTTPStatus.FORBIDDEN, "not-allowed", "The role may not do this"),
    HeldBack: (HTTPStatus.FORBIDDEN, "held-back", "The sitting is not closed"),
    CrossSite: (HTTPStatus.FORBIDDEN, "cross-site", "The request comes from another site"),
    Undeclared: (HTTPStatus.FORBIDDEN, "undeclared", "Nobody is allowed here"),
    NotClosed: (HTTPStatus.CONFLICT, "batch-not-closed", "The batch is not closed, so nothing of it is signed"),
    ExportLacks: (HTTPStatus.SERVICE_UNAVAILABLE, "export-not-whole", "What was signed cannot be had whole now"),
    NoneAnswers: (HTTPStatus.SERVICE_UNAVAILABLE, "no-copy-answers", "No copy of the footage answers"),
    SealRefused: (HTTPStatus.SERVICE_UNAVAILABLE, "not-written-down", "It cannot be written down who looks"),
    KeyRefused: (HTTPStatus.SERVICE_UNAVAILABLE, "key-refused", "A secret cannot be opened"),
    DatabaseUnavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "database-unavailable", "The database does not answer"),
    RulePackRefused: (HTTPStatus.INTERNAL_SERVER_ERROR, "rule-pack", "The rule pack cannot be used"),
}
"""Every error that a request may end with. The nearest class in an error's ancestry counts."""

RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in (401, 403, 404, 422, 429, 503)
}
"""What OpenAPI says about refusals, for every route."""

GONE: dict[int | str, dict[str, Any]] = {**RESPONSES, 410: {"model": Problem, "description": "Gone"}}
"""... for routes of what may have been disposed of, or have an address that runs out."""

CONFLICTS: dict[int | str, dict[str, Any]] = {**RESPONSES, 409: {"model": Problem, "description": "Conflict"}}
"""... and for routes that may find something in their way."""


def name_of(error: Exception) -> str:
    """The name of the problem that an error of the table becomes."""
    return TABLE[next(each for each in type(error).__mro__ if each in TABLE)][1]


def describe(document: dict[str, Any]) -> None:
    """Give every refusal in an OpenAPI document its media type; the framework only writes the routes' own.

    Whatever takes a body refuses one that is no JSON, which the framework does not say.
    """
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in document["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                operation["responses"]["400"] = {"description": HTTPStatus(400).phrase, "content": content}
            for status in CONFLICTS | GONE:
                answer = operation["responses"].get(str(status))
                if answer is not None:
                    answer["content"] = content


def install(app: FastAPI) -> None:
    """Have every refusal of the app come as a problem."""
    for kind in TABLE:
        app.add_exception_handler(kind, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, _unforeseen)


def _answer(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    content = problem.model_dump(mode="json", exclude_none=True)
    return JSONResponse(content, problem.status, headers, MEDIA_TYPE)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    kind = next(each for each in type(error).__mro__ if each in TABLE)
    status, name, title = TABLE[kind]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request_failed", path=request.url.path, problem=name, error=str(error))
    problem = Problem(
        type=f"urn:kaojian:problem:{name}",
        title=title,
        status=status,
        detail=str(error),
        instance=request.url.path,
        errors=_places(error),
    )
    return _answer(problem, _headers(error))


def _places(error: Exception) -> tuple[FieldProblem, ...] | None:
    match error:
        case ResultsRefused():
            return tuple(FieldProblem(field=place, message=what) for place, what in error.problems)
        case ChangeRefused():
            return tuple(FieldProblem(field=field, message=what) for field, what in error.problems[:_MOST_TOLD])
        case SheetRefused() | DocumentRefused() | GroundsRefused():
            told = error.problems[:_MOST_TOLD]
            return tuple(FieldProblem(field=each.field, message=each.message, row=each.line) for each in told)
        case NotIssuable():
            objections = error.objections.items()
            return tuple(FieldProblem(field=f"candidates.{ticket}", message=why) for ticket, why in objections)
    return None


def _headers(error: Exception) -> dict[str, str] | None:
    """What HTTP asks of an answer beside its problem (RFC 9110 10.2.3, 14.4, 15.5.2)."""
    match error:
        case RangeNotSatisfiable():
            return {"Content-Range": f"bytes */{error.size_bytes}"}
        case TooManyAttempts() | TooManyQuestions() | ScreenersBusy():
            return {"Retry-After": str(error.wait_s)}
        case NotLiveNow() | NoRoomToWatch():
            return {"Retry-After": str(_LIVE_AGAIN_S)}
        case NotLoggedIn():
            return {"WWW-Authenticate": 'Cookie realm="kaojian", Bearer realm="kaojian"'}
    return None


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone
    errors = tuple(
        FieldProblem(field=".".join(str(part) for part in each["loc"]), message=each["msg"])
        for each in error.errors()
    )
    problem = Problem(
        type="urn:kaojian:problem:invalid-request",
        title="The request is not valid",
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        detail="; ".join(f"{each.field}: {each.message}" for each in errors),
        instance=request.url.path,
        errors=errors,
    )
    return _answer(problem)


async def _plain(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    phrase = HTTPStatus(error.status_code).phrase
    detail = error.detail if error.detail != phrase else None
    problem = Problem(
        type="about:blank", title=phrase, status=error.status_code, detail=detail, instance=request.url.path
    )
    return _answer(problem, dict(error.headers) if error.headers else None)


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    # What went wrong is for the log alone; the framework raises it again, and the server logs it with its trace.
    _log.error("request_broken", path=request.url.path, kind=type(error).__name__)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _answer(Problem(type="about:blank", title=status.phrase, status=status, instance=request.url.path))
