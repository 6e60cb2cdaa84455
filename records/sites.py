"""A site's set-up changed one thing at a time: a camera or an NVR added, changed or taken away, the plan of a room
redrawn.

1. The change is made to what the file of ``kaojian apply`` would say of the site, and judged by that file's rules.
2. It follows the revision that whoever changes it saw: where another one stands, nothing is written.
3. It is valid from now on. Sittings that are open keep what they opened with, but for the address of a camera that
   shows what it did (0070); ``Change.sittings`` says for each that is not over what becomes of it, before anything
   is written.

Not here: who may (``dashboard.access.table``), and logins of cameras (``records.commissioning``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from pydantic import ValidationError

from config.documents import spelled
from config.errors import DocumentRefused, Problem
from domain.people import Actor
from domain.places import Camera, Nvr, Site, Sitting, standing_in
from domain.plan import RoomPlan
from domain.timeline import Clock
from records import declaration, room_plan, setup
from records.declaration import Declaration
from records.errors import ChangeRefused, SetupRefused
from records.set_up_form import Form, camera_form, nvr_form, plan_form, site_form
from storage.database import Database
from storage.errors import RevisedMeanwhile, UnknownSite

_RTSP_PORT = 554

Edit = Callable[[Form], tuple[str | int, ...]]
"""Changes the form of a site in place, and says where in it what was changed stands."""


@dataclass(frozen=True, slots=True)
class Affected:
    """A sitting that is not over, in a room that changes. One that ``keeps`` the old set-up was opened with it; of
    another one the trial, where it had one, tells of it no longer. Of one that keeps it, a camera may be
    ``readdressed``: it shows what it did and is recorded at its new address from then on.
    """

    batch: str
    number: int
    start: datetime
    keeps: bool
    trial_void: bool
    readdressed: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What a change comes to. ``new`` is False where all is so already; ``revision`` is what stands afterwards, or
    still does where it was only looked at.
    """

    site: Site
    new: bool
    revision: str
    sittings: tuple[Affected, ...]


def drafted(form: Form) -> RoomPlan:
    """The plan that a form describes, as far as it holds by itself. Raises ChangeRefused with every field that does
    not; whether it names the stations and cameras of its room is seen once it is to be kept.
    """
    try:
        plan = room_plan.Plan.model_validate(form)
    except ValidationError as error:
        told = [(spelled(each["loc"]), each["msg"].removeprefix("Value error, ")) for each in error.errors()]
        raise ChangeRefused(told) from None
    wrong = [(spelled(field), message) for field, message in room_plan.contradictions(form)]
    if wrong:
        raise ChangeRefused(wrong)
    return room_plan.room_plan(plan)


def with_camera(room_id: str, camera: Camera) -> Edit:
    """The camera in that room, in the place of the one of its id there, or after the others."""

    def edit(form: Form) -> tuple[str | int, ...]:
        at, room = _room(form, room_id)
        cameras: list[Form] = room["cameras"]
        place = next((index for index, each in enumerate(cameras) if each["id"] == camera.id), len(cameras))
        cameras[place : place + 1] = [camera_form(camera)]
        return ("rooms", at, "cameras", place)

    return edit


def without_camera(room_id: str, camera_id: str) -> Edit:
    """The room without that camera, on its plan too."""

    def edit(form: Form) -> tuple[str | int, ...]:
        at, room = _room(form, room_id)
        left = [each for each in room["cameras"] if each["id"] != camera_id]
        if len(left) == len(room["cameras"]):
            raise ChangeRefused([("camera", f"room {room_id} has no camera {camera_id}")])
        room["cameras"] = left
        if "plan" in room:
            room["plan"]["cameras"] = [each for each in room["plan"]["cameras"] if each["id"] != camera_id]
        return ("rooms", at, "cameras")

    return edit


def with_nvr(nvr: Nvr) -> Edit:
    """The video recorder in the place of the one of its id, or after the others. Where that one had another address
    or login, the cameras that are reached through it go along, each by its path as before; none with a login that
    was meant for another device.
    """

    def edit(form: Form) -> tuple[str | int, ...]:
        nvrs: list[Form] = form["nvrs"]
        place = next((index for index, each in enumerate(nvrs) if each["id"] == nvr.id), len(nvrs))
        for before in nvrs[place : place + 1]:
            moved = _device(before["address"]) != _device(nvr.address)
            for camera in list(_reached(form, before)):
                camera["url"] = urlsplit(camera["url"])._replace(netloc=urlsplit(nvr.address).netloc).geturl()
                if moved or camera.get("secret") == before.get("secret"):
                    camera["secret"] = nvr.secret
        nvrs[place : place + 1] = [nvr_form(nvr)]
        return ("nvrs", place)

    return edit


def without_nvr(nvr_id: str) -> Edit:
    """The site without that video recorder, through which no camera is reached any more."""

    def edit(form: Form) -> tuple[str | int, ...]:
        left = [each for each in form["nvrs"] if each["id"] != nvr_id]
        if len(left) == len(form["nvrs"]):
            raise ChangeRefused([("id", f"site {form['id']} has no NVR {nvr_id}")])
        cameras = [each["id"] for room in form["rooms"] for each in room["cameras"] if each.get("nvr") == nvr_id]
        if cameras:
            told = f"{', '.join(cameras)} are reached through it; change or remove them first 尚有摄像机经由该录像机"
            raise ChangeRefused([("id", told)])
        form["nvrs"] = left
        return ("nvrs",)

    return edit


def rooms_through(site: Site, nvr_id: str) -> frozenset[str]:
    """The rooms with a camera that is reached through that video recorder."""
    return frozenset(room.id for room in site.rooms if any(each.nvr == nvr_id for each in room.cameras))


def _reached(form: Form, nvr: Form) -> Iterator[Form]:
    """Its cameras at its own address; one of another address is left where it is."""
    device = _device(nvr["address"])
    for camera in (camera for room in form["rooms"] for camera in room["cameras"]):
        if camera.get("nvr") == nvr["id"] and _device(camera["url"]) == device:
            yield camera


def _device(url: str) -> tuple[str | None, int]:
    parts = urlsplit(url)
    return parts.hostname, parts.port or _RTSP_PORT


def with_plan(room_id: str, plan: RoomPlan) -> Edit:
    """The room with that plan."""

    def edit(form: Form) -> tuple[str | int, ...]:
        at, room = _room(form, room_id)
        room["plan"] = plan_form(plan)
        return ("rooms", at, "plan")

    return edit


def change(
    database: Database,
    site_id: str,
    rooms: Collection[str],
    edit: Edit,
    *,
    follows: str,
    actor: Actor,
    clock: Clock,
    only_look: bool = False,
    before: Callable[[], None] = lambda: None,
) -> Change:
    """Change a site from the revision with the SHA-256 ``follows``; ``only_look`` judges it and writes nothing. Of
    sittings, those in ``rooms`` are affected.

    ``before`` is done once the change is found to hold, and before it is written. Raises UnknownSite, ChangeRefused,
    RevisedMeanwhile, DatabaseUnavailable; then nothing of the site was written.
    """
    site, stands = database.setup.site(site_id), database.setup.site_sha256(site_id)
    if site is None or stands is None:
        raise UnknownSite(f"there is no site {site_id}; apply it first")
    if stands != follows:
        raise RevisedMeanwhile(
            f"the set-up of site {site_id} was changed meanwhile 设置已被他人修改: load it anew, and change that"
        )
    declared, place = _declared(site, edit)
    changed = declared.sites[0]
    sittings = _affected(database, site, changed, rooms, stands)
    if only_look or changed == site:
        return Change(changed, changed != site, stands, sittings)
    before()
    try:
        setup.apply(declared, database, actor, clock, follows=follows)
    except SetupRefused as refused:
        raise ChangeRefused(_shortened(refused.problems, place)) from None
    return Change(changed, True, database.setup.site_sha256(site_id) or "", sittings)


def _declared(site: Site, edit: Edit) -> tuple[Declaration, tuple[str | int, ...]]:
    form = site_form(site)
    place = ("sites", 0, *edit(form))
    try:
        return declaration.parse(json.dumps({"sites": [form]}, ensure_ascii=False), site.id), place
    except DocumentRefused as refused:
        raise ChangeRefused(_shortened(refused.problems, place)) from None


def _shortened(problems: Sequence[Problem], place: tuple[str | int, ...]) -> list[tuple[str, str]]:
    """Fields from what was changed on: nobody sees the file that they would stand in."""
    prefix = spelled(place)
    return [(each.field.removeprefix(prefix).lstrip("."), each.message) for each in problems]


def _room(form: Form, room_id: str) -> tuple[int, Form]:
    for index, room in enumerate(form["rooms"]):
        if room["id"] == room_id:
            return index, room
    raise ChangeRefused([("room", f"site {form['id']} has no room {room_id}")])


def _affected(
    database: Database, before: Site, site: Site, rooms: Collection[str], stands: str
) -> tuple[Affected, ...]:
    found = []
    for sitting in database.setup.sittings():
        if sitting.batch.site != site.id or sitting.closed is not None or not {*rooms} & {*sitting.plan.rooms}:
            continue
        batch, number = sitting.batch.id, sitting.plan.number
        trial = None if sitting.opened is not None else database.readiness.last_trial(batch, number)
        void = trial is not None and trial.site_sha256 == stands
        moves = sitting.opened is not None and _readdressed(sitting, before, site)
        found.append(Affected(batch, number, sitting.start, sitting.opened is not None, void, moves))
    return tuple(sorted(found, key=lambda each: (each.start, each.batch, each.number)))


def _readdressed(sitting: Sitting, before: Site, after: Site) -> bool:
    """Whether a camera of an open sitting is recorded at another address by the one set-up than by the other."""

    def addresses(site: Site) -> list[str]:
        return [(standing_in(each, sitting.site, site) or each).url for each in sitting.cameras()]

    return addresses(before) != addresses(after)
