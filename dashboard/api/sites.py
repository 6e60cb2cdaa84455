"""Sites and cameras 考场与摄像机 as they are set up: shown, changed one thing at a time, tried and drawn.

Thin over ``records.sites``, ``records.commissioning``, ``records.surveying`` and ``records.references``. A login goes
in and never comes out; addresses are told only to who may set up. Not here: declaring sites, rooms and batches, which
is the file's part (``kaojian apply``), and the state of cameras (``status``).
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable, Collection
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from starlette.status import HTTP_201_CREATED

from analysis.floorplan.calibration import Calibration, ClickedPoint, calibrate
from analysis.floorplan.errors import TooFewPoints
from config.rule_pack import RulePack
from config.secrets import Credentials
from dashboard.access.login import Viewer
from dashboard.access.table import Act
from dashboard.access.wall import is_on, is_quiet
from dashboard.api.backing import Backed, Backing
from dashboard.api.footage import CameraId
from dashboard.api.guard import NO_STORE, Seen, Viewing
from dashboard.api.problems import CONFLICTS
from dashboard.api.site_shapes import (
    AffectedSitting,
    CalibrationBody,
    CalibrationShape,
    CameraAdvice,
    CameraBody,
    CameraLogin,
    CameraReferences,
    ChangeShape,
    DraftBody,
    DrawnShape,
    MadeReference,
    NvrBody,
    NvrRemovalBody,
    PlanBody,
    PlanCamera,
    PlanShape,
    ReferenceAdvice,
    ReferenceBody,
    ReferenceShape,
    RemovalBody,
    SeenStation,
    SetUpCamera,
    SetUpNvr,
    SetUpRoom,
    SetUpSite,
    SurveyShape,
    TrialBody,
    TriedShape,
)
from dashboard.papers.words import Language
from domain.pictures import Reference, Region
from domain.places import Camera, Nvr, Room, Site
from domain.plan import Mounting, RoomPlan
from domain.timeline import Interval, utc
from records import references as references_of
from records import sites as records
from records import surveying
from records.commissioning import Asked, Bench, Tried, device_of
from records.errors import ChangeRefused, NotTried, ReferenceRefused
from records.set_up_form import mounting_form, plan_form
from storage.database.setup import SiteRevision
from storage.errors import UnknownRow, UnknownSite

router = APIRouter(prefix="/sites", tags=["sites"], responses=CONFLICTS)

SiteId = Annotated[str, Path(max_length=64)]
RoomId = Annotated[str, Path(max_length=32)]
Lang = Annotated[Language, Query(description="Of the drawing")]
_JPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
}


# --- As it stands ---------------------------------------------------------------------------------------------------


@router.get("")
def sites(response: Response, backed: Backed, viewer: Viewing, seen: Seen) -> tuple[SetUpSite, ...]:
    """The sites in the viewer's scope as they are set up now, by county and id."""
    response.headers.update(NO_STORE)
    database, now = backed.database, backed.clock.now()
    revisions = database.setup.site_revisions()
    on = {each.site.id for each in database.setup.sittings() if is_on(each, now)}
    tell = partial(_camera, backed, now, viewer.may(Act.SET_UP))
    found = sorted(seen.set_up(), key=lambda each: (each.county, each.id))
    return tuple(_site(each, revisions[each.id], viewer, tell, each.id in on) for each in found)


def _site(site: Site, revision: SiteRevision, viewer: Viewer, tell: Any, on: bool) -> SetUpSite:
    return SetUpSite(
        site=site.id,
        site_name=site.name,
        county=site.county,
        revision=revision.sha256,
        valid_from=revision.valid_from,
        by=revision.by,
        on=on,
        nvrs=tuple(_nvr(each, viewer.may(Act.SET_UP)) for each in site.nvrs),
        rooms=tuple(_room(room, tell) for room in site.rooms),
    )


def _nvr(nvr: Nvr, addresses: bool) -> SetUpNvr:
    return SetUpNvr(
        id=nvr.id,
        address=nvr.address if addresses else None,
        login=nvr.secret is not None,
        max_sessions=nvr.max_sessions,
    )


def _room(room: Room, tell: Any) -> SetUpRoom:
    drawn = set() if room.plan is None else {each.camera for each in room.plan.mountings}
    return SetUpRoom(
        id=room.id,
        name=room.name,
        stations=tuple(each.id for each in room.stations),
        cameras=tuple(tell(camera, camera.id in drawn) for camera in room.cameras),
        drawn=room.plan is not None,
    )


def _camera(backed: Backing, now: datetime, addresses: bool, camera: Camera, drawn: bool) -> SetUpCamera:
    regions = {region.station: region.corners for region in camera.regions}
    reference = backed.database.looks.reference(camera.id, now)
    return SetUpCamera(
        id=camera.id,
        address=camera.url if addresses else None,
        login=camera.secret is not None,
        transport=camera.transport,
        engine=camera.engine,
        audio=camera.audio,
        panoramic=camera.panoramic,
        substream=camera.substream or None if addresses else None,
        nvr=camera.nvr,
        channel=camera.channel,
        sees=tuple(SeenStation(station=each, region=regions.get(each)) for each in camera.sees),
        drawn=drawn,
        reference=None if reference is None else reference.valid_from,
    )


def _found(backed: Backing, site_id: str) -> Site:
    site = backed.database.setup.site(site_id)
    if site is None:
        raise UnknownSite(f"there is no site {site_id}")
    return site


def _rules(backed: Backing, site_id: str) -> RulePack:
    return backed.rule_packs(surveying.latest_pack(backed.database, site_id))


# --- Cameras --------------------------------------------------------------------------------------------------------


@router.post("/{site}/cameras")
def change_camera(response: Response, backed: Backed, viewer: Viewing, site: SiteId, body: CameraBody) -> ChangeShape:
    """Add a camera to a room, or change one, from now on. Open sittings keep what they opened with, but for the
    address of a camera that shows what it did.
    """
    response.headers.update(NO_STORE)
    found, bench = _found(backed, site), backed.bench
    before = next((each for room in found.rooms for each in room.cameras if each.id == body.id), None)
    if before is None or before.url != body.url:
        bench.refuse_address(body.url)
    secret = bench.secret_of(found, body.url) if before is None or before.url != body.url else before.secret
    _refuse_other_nvr(found, body)
    login = body.login
    if login is not None:
        secret = bench.fresh_name(body.id)
    edit = records.with_camera(body.room, _wanted(body, secret))
    return _changed(backed, viewer, site, edit, body, rooms=[body.room], before=_keeping(bench, secret, login))


def _refuse_other_nvr(site: Site, body: CameraBody) -> None:
    """A camera without a login has that of its NVR, which is for no other device. Raises ChangeRefused."""
    nvr = next((each for each in site.nvrs if each.id == body.nvr), None)
    if nvr is not None and device_of(nvr.address)[0] != device_of(body.url)[0]:
        raise ChangeRefused([("nvr", f"the address is not at NVR {nvr.id} 地址不在该硬盘录像机上")])


def _wanted(body: CameraBody, secret: str | None) -> Camera:
    return Camera(
        id=body.id,
        url=body.url,
        sees=tuple(each.station for each in body.sees),
        secret=secret,
        transport=body.transport,
        panoramic=body.panoramic,
        nvr=body.nvr,
        channel=body.channel,
        engine=body.engine,
        audio=body.audio,
        regions=tuple(Region(each.station, each.region) for each in body.sees if each.region is not None),
        substream=body.substream,
    )


@router.post("/{site}/cameras/removal")
def remove_camera(
    response: Response, backed: Backed, viewer: Viewing, site: SiteId, body: RemovalBody
) -> ChangeShape:
    """Take a camera out of its room, and off its plan, from now on. What it recorded stays."""
    response.headers.update(NO_STORE)
    return _changed(backed, viewer, site, records.without_camera(body.room, body.camera), body, rooms=[body.room])


@router.post("/{site}/nvrs")
def change_nvr(response: Response, backed: Backed, viewer: Viewing, site: SiteId, body: NvrBody) -> ChangeShape:
    """Add a video recorder to a site, or change one, from now on. Cameras that are reached through it go along to
    another address or login; open sittings keep what they opened with, but for such addresses.
    """
    response.headers.update(NO_STORE)
    found, bench, login = _found(backed, site), backed.bench, body.login
    before = next((each for each in found.nvrs if each.id == body.id), None)
    moved = before is None or before.address != body.address
    if moved:
        bench.refuse_address(body.address, "address")
    secret = bench.secret_of(found, body.address) if before is None or moved else before.secret
    if login is not None:
        secret = bench.fresh_name(body.id)
    edit = records.with_nvr(Nvr(body.id, body.address, secret, body.max_sessions))
    rooms = records.rooms_through(found, body.id)
    return _changed(backed, viewer, site, edit, body, rooms=rooms, before=_keeping(bench, secret, login))


@router.post("/{site}/nvrs/removal")
def remove_nvr(
    response: Response, backed: Backed, viewer: Viewing, site: SiteId, body: NvrRemovalBody
) -> ChangeShape:
    """Take a video recorder away from a site, from now on; none through which a camera is reached."""
    response.headers.update(NO_STORE)
    return _changed(backed, viewer, site, records.without_nvr(body.id), body, rooms=())


@router.post("/{site}/cameras/trial")
def try_camera(response: Response, backed: Backed, viewer: Viewing, site: SiteId, body: TrialBody) -> TriedShape:
    """Watch a camera for some seconds as the recorder would: one at a time, and never one that recording needs.

    No picture is shown while a sitting is on at the site, or uses that device, or will within two hours.
    """
    response.headers.update(NO_STORE)
    found, rules = _found(backed, site), _rules(backed, site)
    known = None
    if body.camera is not None:
        known = next((each for room in found.rooms for each in room.cameras if each.id == body.camera), None)
        if known is None:
            raise NotTried(f"site {site} has no camera {body.camera}")
    login = None if body.login is None else Credentials(body.login.user, body.login.password)
    asked = Asked(known, body.url, login, body.transport)
    pictured = _may_show(backed, site, body.url if known is None else known.url)
    tried = backed.bench.try_out(asked, found, body.seconds, rules=rules, actor=viewer.actor, pictured=pictured)
    # Asked once more: a sitting may have begun while the camera was watched.
    shown = pictured and _may_show(backed, site, body.url if known is None else known.url)
    return _tried(tried, rules, shown=shown)


def _may_show(backed: Backing, site: str, url: str) -> bool:
    try:
        host, _ = device_of(url)
    except ValueError:
        return False  # it is refused as an address
    return is_quiet(site, host, backed.database.setup.sittings(), backed.clock.now())


def _tried(tried: Tried, rules: RulePack, *, shown: bool) -> TriedShape:
    picture = b64encode(tried.jpeg).decode() if shown and tried.jpeg else None
    return TriedShape(
        **asdict(tried.reading),
        audio=tried.audio,
        advice=tuple(CameraAdvice(code=each.code, zh=each.zh, en=each.en) for each in tried.advice),
        min_width=rules.min_width,
        min_height=rules.min_height,
        min_fps=rules.min_fps,
        clock_warn_s=rules.clock_warn_s,
        rule_pack=rules.id,
        held_back=not shown,
        picture=picture,
    )


def _changed(
    backed: Backing,
    viewer: Viewer,
    site: str,
    edit: records.Edit,
    body: CameraBody | RemovalBody | NvrBody | NvrRemovalBody | PlanBody,
    *,
    rooms: Collection[str],
    before: Callable[[], None] = lambda: None,
) -> ChangeShape:
    """Make a change of a site, or look at what it comes to, as the body says. Raises as ``records.sites.change``."""
    made = records.change(
        backed.database,
        site,
        rooms,
        edit,
        follows=body.follows,
        actor=viewer.actor,
        clock=backed.clock,
        only_look=body.only_look,
        before=before,
    )
    sittings = tuple(AffectedSitting(**asdict(each)) for each in made.sittings)
    return ChangeShape(new=made.new, revision=made.revision, sittings=sittings)


def _keeping(bench: Bench, secret: str | None, login: CameraLogin | None) -> Callable[[], None]:
    """Seals a login that was given, under that name."""

    def keep() -> None:
        if login is not None and secret is not None:
            bench.keep_login(secret, Credentials(login.user, login.password))

    return keep


# --- References -----------------------------------------------------------------------------------------------------


@router.get("/{site}/references")
def references(response: Response, backed: Backed, site: SiteId) -> tuple[CameraReferences, ...]:
    """The references 基准画面 of a site's cameras, the newest first."""
    response.headers.update(NO_STORE)
    now = backed.clock.now()
    found = references_of.references(backed.database, site)
    return tuple(
        CameraReferences(camera=camera.id, references=_listed(backed, camera.id, each, now)) for camera, each in found
    )


def _listed(backed: Backing, camera: str, found: list[Reference], now: datetime) -> tuple[ReferenceShape, ...]:
    standing = backed.database.looks.reference(camera, now)
    newest = sorted(found, key=lambda each: each.valid_from, reverse=True)
    return tuple(_reference(each, current=standing is not None and each.id == standing.id) for each in newest)


def _reference(reference: Reference, *, current: bool) -> ReferenceShape:
    return ReferenceShape(
        id=reference.id,
        valid_from=reference.valid_from,
        by=reference.actor.name,
        start=reference.interval.start,
        end=reference.interval.end,
        files=len(reference.segments),
        current=current,
    )


@router.get("/{site}/cameras/{camera}/reference.jpg", response_class=Response, responses=_JPEG)
def reference_picture(
    backed: Backed,
    seen: Seen,
    site: SiteId,
    camera: CameraId,
    reference: Annotated[str, Query(max_length=64, description="The newest one if left out")] = "",
) -> Response:
    """What a reference shows: the empty room, small and grey. Never of footage that is still held back."""
    found = _reference_of(backed, site, camera, reference)
    held_back = seen.held_back()
    segments = (backed.database.evidence.segment(key) for key in found.segments)
    if any(segment is not None and held_back(segment) for segment in segments):
        raise UnknownRow("the footage that this reference was made of is held back until its sitting is closed")
    return Response(references_of.picture_of(found), media_type="image/jpeg", headers=NO_STORE)


def _reference_of(backed: Backing, site: str, camera: str, name: str) -> Reference:
    if not any(each.id == camera for room in _found(backed, site).rooms for each in room.cameras):
        raise UnknownRow(f"site {site} has no camera {camera}")
    newest = sorted(backed.database.looks.references(camera), key=lambda each: each.valid_from, reverse=True)
    found = next((each for each in newest if name in ("", each.id)), None)
    if found is None:
        raise UnknownRow(f"camera {camera} has no such reference")
    return found


@router.post("/{site}/cameras/{camera}/references", status_code=HTTP_201_CREATED)
def make_reference(
    *, response: Response, backed: Backed, viewer: Viewing, site: SiteId, camera: CameraId, body: ReferenceBody
) -> MadeReference:
    """Make a reference of what a camera recorded of the empty room; coming sittings rest on it from now on."""
    response.headers.update(NO_STORE)
    made = references_of.make_reference(
        backed.database,
        backed.archive,
        backed.means.eye,
        site,
        camera,
        span=_span(backed, site, camera, body),
        actor=viewer.actor,
        clock=backed.clock,
    )
    advice = tuple(
        ReferenceAdvice(station=each.station, refuses=each.refuses, zh=each.zh, en=each.en) for each in made.advice
    )
    reference = _reference(made.reference, current=made.new)
    return MadeReference(reference=reference, pictures=made.pictures, advice=advice, new=made.new)


def _span(backed: Backing, site: str, camera: str, body: ReferenceBody) -> Interval:
    if body.start is None or body.end is None:
        return references_of.newest_trial(backed.database, site, camera)
    try:
        return Interval(utc(body.start), utc(body.end))
    except ValueError as error:
        raise ReferenceRefused(f"the span cannot be: {error}") from None


# --- Plans ----------------------------------------------------------------------------------------------------------


@router.get("/{site}/rooms/{room}/plan")
def room_plan(response: Response, backed: Backed, site: SiteId, room: RoomId, lang: Lang = Language.ZH) -> DrawnShape:
    """The plan 布点图 of a room, and what its cameras see by it."""
    response.headers.update(NO_STORE)
    place, found = surveying.room_of(backed.database, site, room)
    if found.plan is None:
        return DrawnShape(plan=None, survey=None, svg=None)
    return _drawn(surveying.surveyed_as(place, found, found.plan, _rules(backed, site)), lang)


@router.post("/{site}/rooms/{room}/plan/survey")
def survey_plan(
    *, response: Response, backed: Backed, site: SiteId, room: RoomId, body: DraftBody, lang: Lang = Language.ZH
) -> DrawnShape:
    """What the cameras of a room would see if that were its plan. Keeps nothing."""
    response.headers.update(NO_STORE)
    place, found = surveying.room_of(backed.database, site, room)
    plan = records.drafted(_form(body.plan))
    return _drawn(surveying.surveyed_as(place, found, plan, _rules(backed, site)), lang)


@router.put("/{site}/rooms/{room}/plan")
def change_plan(
    *, response: Response, backed: Backed, viewer: Viewing, site: SiteId, room: RoomId, body: PlanBody
) -> ChangeShape:
    """Give a room another plan from now on. Open sittings keep the one they opened with."""
    response.headers.update(NO_STORE)
    edit = records.with_plan(room, records.drafted(_form(body.plan)))
    return _changed(backed, viewer, site, edit, body, rooms=[room])


@router.post("/{site}/rooms/{room}/plan/calibration")
def calibrate_camera(
    response: Response, backed: Backed, site: SiteId, room: RoomId, body: CalibrationBody
) -> CalibrationShape:
    """How a camera looks, from points that were clicked in its picture and are known on the plan. Keeps nothing: the
    plan is changed with what was found.
    """
    response.headers.update(NO_STORE)
    surveying.room_of(backed.database, site, room)
    points = [ClickedPoint(each.place, each.pixel) for each in body.points]
    try:
        return _calibration(calibrate(_mounting(body.drawn), points))
    except ValueError as error:
        raise ChangeRefused([("points", str(error))]) from None


def _calibration(found: Calibration) -> CalibrationShape:
    agreement = found.agreement
    if not agreement.off_px:
        raise TooFewPoints("no point was clicked")
    mean = agreement.root_mean_square_px
    return CalibrationShape(
        camera=PlanCamera.model_validate(mounting_form(found.mounting)),
        off_px=tuple(each if math.isfinite(each) else None for each in agreement.off_px),
        limit_px=agreement.limit_px,
        root_mean_square_px=mean if math.isfinite(mean) else None,
        worst=agreement.worst,
        agrees=agreement.agrees,
    )


def _mounting(camera: PlanCamera) -> Mounting:
    x, y, height_m = camera.at
    width, height = camera.picture
    told = camera.model_dump(include={"pan", "tilt", "roll", "width_of_view", "lens", "k1", "k2"})
    return Mounting(camera=camera.id, x=x, y=y, height_m=height_m, width=width, height=height, **told)


def _form(plan: PlanShape) -> dict[str, Any]:
    return plan.model_dump(by_alias=True, mode="json")


def _drawn(found: surveying.Surveyed, lang: Language) -> DrawnShape:
    return DrawnShape(
        plan=_plan(found.survey.plan),
        survey=SurveyShape.model_validate(surveying.to_json(found)),
        svg=surveying.svg(found, lang.value),
    )


def _plan(plan: RoomPlan) -> PlanShape:
    return PlanShape.model_validate(plan_form(plan))
