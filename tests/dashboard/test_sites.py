"""Sites and cameras over the API: what is shown to whom, what is changed and from when on, and what a page may have
this host connect to.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from config.rule_pack import load as load_rule_pack
from config.secrets import KeySource, Secrets
from config.vault import Vault
from dashboard.app import create_app
from domain.evidence import TRIALS, Recorder, Run
from domain.people import Role
from domain.places import Camera
from domain.timeline import Interval
from ingest.simulator.camera import CameraSettings, SimulatedCamera
from records import commissioning
from records.commissioning import Bench, Tried
from records.errors import NotTried
from storage.database import connect
from tests.dashboard.exam import BATCH, SITE, START, TESTER, Exam, add_segment, plan_exam
from tests.dashboard.serving import client, coming, problem
from tests.fakes.notary import NOTARY
from tests.simulated import simulated

PASSWORD = "geheim und lang"
LOGIN = {"user": "looker", "password": PASSWORD}
SITES = "/api/v1/sites"
HERE = f"{SITES}/{SITE.id}"
PLAN: dict[str, Any] = {
    "outline": [[0, 0], [8, 0], [8, 6], [0, 6]],
    "height": 3,
    "stations": [
        {"id": "A01", "outline": [[1, 1], [2.4, 1], [2.4, 2.2], [1, 2.2]], "from": 0.75, "to": 1.35},
        {"id": "A02", "outline": [[5, 1], [6.4, 1], [6.4, 2.2], [5, 2.2]], "from": 0.75, "to": 1.35},
    ],
    "cameras": [
        {"id": "A-cam-1", "at": [0, 0, 2.8], "pan": 37, "tilt": 25, "width_of_view": 90, "picture": [1920, 1080]}
    ],
}


class Desk:
    """The API over a site on the day before its exam, and somebody of each kind at it."""

    def __init__(self, exam: Exam, talking: httpx.Client, vault: Vault, secrets: Path) -> None:
        self.exam, self.talking, self.vault, self.secrets = exam, talking, vault, secrets
        self.comes_to(START - timedelta(days=1))

    def comes_to(self, at: datetime) -> None:
        """It is then, and who is at the desk has just logged in."""
        self.exam.clock.step((at - self.exam.clock.now()).total_seconds())
        self.officer = coming(self.exam, Role.CITY_OFFICER)
        self.operator = coming(self.exam, Role.SITE_OPERATOR, SITE.id)

    def sites(self, who: dict[str, str] | None = None) -> Any:
        return self.talking.get(SITES, headers=who or self.officer).json()

    @property
    def revision(self) -> str:
        found = self.exam.database.setup.site_sha256(SITE.id)
        assert found is not None
        return found

    def adds(self, url: str, **more: Any) -> httpx.Response:
        body = {"follows": self.revision, "room": "A", "id": "A-cam-9", "url": url, "sees": [{"station": "A01"}]}
        return self.talking.post(f"{HERE}/cameras", json=body | more, headers=self.officer)

    def tries(self, **body: Any) -> httpx.Response:
        return self.talking.post(f"{HERE}/cameras/trial", json={"seconds": 2} | body, headers=self.officer)

    def camera(self, name: str = "A-cam-9") -> Camera:
        site = self.exam.database.setup.site(SITE.id)
        assert site is not None
        return next(each for room in site.rooms for each in room.cameras if each.id == name)


@pytest.fixture(scope="module")
def camera() -> Iterator[SimulatedCamera]:
    settings = CameraSettings(
        id="cam", room="hall", width=320, height=192, username="looker", password=PASSWORD, report_interval_s=0.5
    )
    with simulated(settings) as found:
        yield found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    exam = plan_exam(database, tmp_path / "spool")
    keys = KeySource(tmp_path / "secrets.key", environ={})
    vault = Vault(tmp_path / "secrets", keys)
    secrets = Secrets(tmp_path / "secrets", {"KAOJIAN_SECRET_CAMERAS": "old:one"}, keys)
    bench = Bench(database, secrets, vault, [ip_network("127.0.0.0/8")], exam.clock)
    app = create_app(database, exam.archive, load_rule_pack, exam.clock, None, commissioning=bench)
    with client(app, None) as talking:
        yield Desk(exam, talking, vault, tmp_path / "secrets")
    database.close()


def test_a_site_is_shown_as_it_is_set_up_and_addresses_to_who_may_set_up(desk: Desk) -> None:
    (told,) = desk.sites()
    assert (told["site"], told["revision"], told["on"]) == (SITE.id, desk.revision, False)
    first = told["rooms"][0]["cameras"][0]
    assert (first["id"], first["login"], first["sees"][0]["station"]) == ("A-cam-1", True, "A01")
    assert first["address"] == "rtsp://127.0.0.1:8554/A-cam-1"
    (told,) = desk.sites(desk.operator)
    assert told["rooms"][0]["cameras"][0]["address"] is None
    assert told["nvrs"][0]["address"] is None


def test_a_camera_is_tried_added_and_its_login_sealed_and_never_given_back(
    desk: Desk, camera: SimulatedCamera
) -> None:
    tried = desk.tries(url=camera.url, login=LOGIN)
    assert tried.status_code == 200, tried.text
    told = tried.json()
    assert (told["width"], told["height"], told["held_back"]) == (320, 192, False)
    assert told["delivered_fps"] > 5
    assert {"resolution"} <= {each["code"] for each in told["advice"]}
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(told["picture"]), np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None and shown.shape == (192, 320, 3)
    assert shown.std() > 5, "not a grey nothing"
    added = desk.adds(camera.url, login=LOGIN)
    assert added.status_code == 200, added.text
    assert added.json()["revision"] == desk.revision
    assert desk.camera().secret == "cam-a-cam-9"
    sealed = (desk.secrets / "cam-a-cam-9").read_text()
    assert PASSWORD not in sealed
    again = desk.tries(camera="A-cam-9")
    assert again.status_code == 200, again.text
    everything = [tried.text, added.text, again.text, str(desk.sites())]
    assert not any(PASSWORD in text or "cam-a-cam-9" in text for text in everything)
    acts = [(each.act, each.subject) for each in desk.exam.database.journal.entries()]
    assert acts.count(("try_camera", f"{SITE.id}/URL")) == 1
    assert acts.count(("apply_site", SITE.id)) == 1
    assert not any(PASSWORD in each.detail for each in desk.exam.database.journal.entries())


def test_another_login_has_another_name_so_that_an_open_sitting_keeps_its_own(desk: Desk) -> None:
    url = "rtsp://127.0.0.9:554/live"
    assert desk.adds(url, login=LOGIN).status_code == 200
    assert desk.adds(url, login=LOGIN | {"password": "other"}).status_code == 200
    assert desk.camera().secret == "cam-a-cam-9-2"
    assert desk.vault.names() == ["cam-a-cam-9", "cam-a-cam-9-2"]
    assert desk.adds(url, sees=[]).status_code == 200
    assert desk.camera().secret == "cam-a-cam-9-2", "without a login the one that is kept stays"


ELSEWHERE = (
    *("rtsp://10.0.0.8/stream", "rtsp://[::1]/stream", "rtsp://[::ffff:127.0.0.1]/x", "rtsp://2130706433/x"),
    *("rtsp://localhost/x", "rtsp://cam.example/x", "http://127.0.0.1/x", "file:///etc/passwd", "/etc/passwd"),
    *("", "rtsp://user:secret@127.0.0.1/x", "rtsp://127.0.0.1\\@10.0.0.1/x", "rtsp://127.0.0.1/ x"),
    *("rtsp://:554/x", "rtsp://127.0.0.1:99999/x", "rtsp://127.0.0.1/x\r\nDESCRIBE"),
)


def test_no_page_has_this_host_connect_elsewhere_than_to_cameras(desk: Desk) -> None:
    for url in ELSEWHERE:
        for answer in (desk.tries(url=url), desk.adds(url)):
            assert problem(answer) == (422, "change-refused"), url
            assert answer.json()["errors"][0]["field"] == "url"
    assert "try_camera" not in {each.act for each in desk.exam.database.journal.entries()}


def test_a_login_that_is_kept_goes_to_no_other_device(desk: Desk, camera: SimulatedCamera) -> None:
    """Whoever could send it to a device of theirs would read it there."""
    desk.adds("rtsp://127.0.0.1:8554/A-cam-1")
    assert desk.camera().secret == "cameras", "of the same device"
    desk.adds(camera.url)
    assert desk.camera().secret is None
    refused = desk.tries(url=camera.url)
    assert problem(refused) == (422, "not-tried")
    assert "401" in refused.json()["detail"]
    bent = desk.adds("rtsp://127.0.0.7/x", nvr="nvr-B", channel=9)
    assert problem(bent) == (422, "change-refused")


def test_a_camera_that_is_away_is_told_by_its_place_and_reason(desk: Desk) -> None:
    refused = desk.tries(url="rtsp://127.0.0.1:9/none")
    assert problem(refused) == (422, "not-tried")
    assert "127.0.0.1:9" in refused.json()["detail"]


def test_what_recording_needs_is_not_asked(desk: Desk, camera: SimulatedCamera) -> None:
    desk.comes_to(START)
    refused = desk.tries(url=camera.url, login=LOGIN)
    assert problem(refused) == (409, "not-asked-now")
    assert "127.0.0.1 is not asked now: recording needs camera A-cam-1" in refused.json()["detail"]


def test_one_camera_is_tried_at_a_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile = []

    def watched(*_: object, **__: object) -> Tried:
        meanwhile.append(desk.tries(url="rtsp://127.0.0.9/x"))
        raise NotTried("it went away")

    monkeypatch.setattr(commissioning, "watch", watched)
    for _ in range(2):
        assert problem(desk.tries(url="rtsp://127.0.0.9/x")) == (422, "not-tried")
    assert [problem(each) for each in meanwhile] == [(409, "not-asked-now")] * 2


def test_who_dispatches_is_shown_no_picture_of_an_exam(desk: Desk, camera: SimulatedCamera) -> None:
    """From two hours before it is recorded on; numbers are told all the same."""
    desk.comes_to(START - timedelta(hours=1))
    assert desk.sites()[0]["on"]
    told = desk.tries(url=camera.url, login=LOGIN).json()
    assert (told["picture"], told["held_back"], told["width"]) == (None, True, 320)


def test_a_change_follows_what_was_seen_and_is_judged_by_the_rules_of_the_file(desk: Desk) -> None:
    first = desk.revision
    assert desk.adds("rtsp://127.0.0.9/x").status_code == 200
    assert problem(desk.adds("rtsp://127.0.0.9/y", follows=first)) == (409, "revised-meanwhile")
    assert desk.camera().url == "rtsp://127.0.0.9/x"
    refused = desk.adds("rtsp://127.0.0.9/y", sees=[{"station": "B01"}])
    assert problem(refused) == (422, "change-refused")
    assert [(each["field"], each["message"]) for each in refused.json()["errors"]] == [
        ("sees[0]", "the room has no station B01")
    ]
    elsewhere = desk.adds("rtsp://127.0.0.9/y", id="B-cam-1")
    assert "camera B-cam-1 is listed twice" in elsewhere.text or problem(elsewhere) == (422, "change-refused")


def test_what_a_change_comes_to_is_told_before_it_is_made(desk: Desk) -> None:
    database, before = desk.exam.database, desk.revision
    span = Interval(desk.exam.clock.now(), desk.exam.clock.now() + timedelta(seconds=60))
    database.readiness.order_trial(BATCH, 1, span, site_sha256=before, actor=TESTER, at=desk.exam.clock.now())
    told = desk.adds("rtsp://127.0.0.9/x", login=LOGIN, only_look=True).json()
    assert (told["new"], told["revision"], desk.revision, desk.vault.names()) == (True, before, before, [])
    assert [(each["number"], each["keeps"], each["trial_void"]) for each in told["sittings"]] == [
        (1, False, True), (2, False, False)
    ]  # fmt: skip
    database.setup.open_sitting(BATCH, 1, START, START)
    told = desk.adds("rtsp://127.0.0.9/x").json()
    assert [each["keeps"] for each in told["sittings"]] == [True, False]
    sitting = database.setup.sitting(BATCH, 1)
    assert sitting is not None and "A-cam-9" not in {each.id for each in sitting.cameras()}


def test_a_camera_is_taken_away_and_off_its_plan(desk: Desk) -> None:
    body = {"follows": desk.revision, "plan": PLAN}
    assert desk.talking.put(f"{HERE}/rooms/A/plan", json=body, headers=desk.officer).status_code == 200
    body = {"follows": desk.revision, "room": "A", "camera": "A-cam-1"}
    assert desk.talking.post(f"{HERE}/cameras/removal", json=body, headers=desk.officer).status_code == 200
    room = desk.sites()[0]["rooms"][0]
    assert [each["id"] for each in room["cameras"]] == ["A-cam-2", "A-cam-3"]
    assert desk.talking.get(f"{HERE}/rooms/A/plan", headers=desk.officer).json()["plan"]["cameras"] == []
    body |= {"follows": desk.revision}
    assert problem(desk.talking.post(f"{HERE}/cameras/removal", json=body, headers=desk.officer))[0] == 422


class TestNvrs:
    def gives(self, desk: Desk, **told: Any) -> httpx.Response:
        body = {"follows": desk.revision, "id": "nvr-2", "address": "rtsp://127.0.0.9:554"} | told
        return desk.talking.post(f"{HERE}/nvrs", json=body, headers=desk.officer)

    def nvrs(self, desk: Desk) -> list[tuple[str, str, bool, int | None]]:
        return [
            (each["id"], each["address"], each["login"], each["max_sessions"]) for each in desk.sites()[0]["nvrs"]
        ]

    def test_one_is_added_with_its_login_sealed_and_a_channel_of_it_without_another(self, desk: Desk) -> None:
        added = self.gives(desk, login=LOGIN, max_sessions=16)
        assert added.status_code == 200, added.text
        assert self.nvrs(desk)[1] == ("nvr-2", "rtsp://127.0.0.9:554", True, 16)
        assert desk.vault.names() == ["cam-nvr-2"]
        assert PASSWORD not in (desk.secrets / "cam-nvr-2").read_text()
        assert desk.adds("rtsp://127.0.0.9:554/ch/1", nvr="nvr-2", channel=1).status_code == 200
        assert (desk.camera().secret, desk.camera().nvr) == ("cam-nvr-2", "nvr-2")

    def test_it_moves_with_its_cameras_and_the_sittings_of_their_rooms_are_told(self, desk: Desk) -> None:
        before = desk.camera("B-cam-1").url
        told = self.gives(desk, id="nvr-B", address="rtsp://127.0.0.7:8554", only_look=True).json()
        assert [each["number"] for each in told["sittings"]] == [1, 2]
        assert desk.camera("B-cam-1").url == before
        desk.exam.database.setup.open_sitting(BATCH, 1, START, START)
        told = self.gives(desk, id="nvr-B", address="rtsp://127.0.0.7:8554").json()
        assert [(each["keeps"], each["readdressed"]) for each in told["sittings"]] == [(True, True), (False, False)]
        assert desk.camera("B-cam-1").url == "rtsp://127.0.0.7:8554/B-cam-1"
        assert desk.camera("B-cam-1").secret is None, "what was meant for another device"
        assert desk.camera("A-cam-1").url == "rtsp://127.0.0.1:8554/A-cam-1"

    @pytest.mark.parametrize(
        ("told", "field"),
        [
            ({"address": "rtsp://10.1.1.1"}, "address"),
            ({"address": "rtsp://127.0.0.9/path"}, "address"),
            ({"address": "rtsp://camera.example:554"}, "address"),
            ({"max_sessions": 0}, "max_sessions"),
            ({"id": "no id"}, "id"),
        ],
    )
    def test_what_cannot_be_is_refused_with_its_field(self, desk: Desk, told: dict[str, Any], field: str) -> None:
        refused = self.gives(desk, **told)
        assert refused.status_code == 422
        assert field in refused.json()["errors"][0]["field"]
        assert len(self.nvrs(desk)) == 1

    def test_it_is_taken_away_once_nothing_is_reached_through_it(self, desk: Desk) -> None:
        def removes(name: str) -> httpx.Response:
            body = {"follows": desk.revision, "id": name}
            return desk.talking.post(f"{HERE}/nvrs/removal", json=body, headers=desk.officer)

        refused = removes("nvr-B")
        assert problem(refused) == (422, "change-refused")
        assert "B-cam-1" in refused.json()["errors"][0]["message"]
        assert self.gives(desk).status_code == 200
        assert removes("nvr-2").status_code == 200
        assert [each[0] for each in self.nvrs(desk)] == ["nvr-B"]
        assert problem(removes("nvr-2")) == (422, "change-refused")


class TestPlans:
    def asks(self, desk: Desk, plan: Any, lang: str = "zh") -> httpx.Response:
        address = f"{HERE}/rooms/A/plan/survey"
        return desk.talking.post(address, json={"plan": plan}, params={"lang": lang}, headers=desk.officer)

    def test_a_draft_is_surveyed_and_kept_only_when_it_is_put(self, desk: Desk) -> None:
        told = self.asks(desk, PLAN, "en").json()
        assert told["svg"].startswith("<svg ") and "Floor plan" in told["svg"]
        assert told["survey"]["stations_not_drawn"] == ["A03"]
        assert [place["id"] for place in told["survey"]["places"]] == ["A01", "A02"]
        there = desk.talking.get(f"{HERE}/rooms/A/plan", headers=desk.operator).json()
        assert there == {"plan": None, "survey": None, "svg": None}
        body = {"follows": desk.revision, "plan": PLAN}
        put = desk.talking.put(f"{HERE}/rooms/A/plan", json=body, headers=desk.officer)
        assert put.status_code == 200, put.text
        there = desk.talking.get(f"{HERE}/rooms/A/plan", headers=desk.operator).json()
        assert there["survey"] == told["survey"]
        assert there["plan"]["stations"][0] == PLAN["stations"][0]
        assert desk.sites()[0]["rooms"][0]["drawn"]

    def test_a_camera_that_is_drawn_before_it_is_added_is_registered_for_no_station(self, desk: Desk) -> None:
        planned = PLAN | {"cameras": [PLAN["cameras"][0] | {"id": "A-cam-9"}]}
        told = self.asks(desk, planned).json()["survey"]
        shown = [
            (place["id"], view["share"])
            for place in told["places"]
            for view in place["views"]
            if view["share"] >= 0.8
        ]
        assert shown
        found = [(each["station"], each["registered"]) for each in told["disagreements"]]
        assert found == [(station, False) for station, _ in shown]

    def test_what_cannot_be_is_refused_with_its_field(self, desk: Desk) -> None:
        outside = PLAN | {"cameras": [PLAN["cameras"][0] | {"at": [20, 0, 2.8]}]}
        refused = self.asks(desk, outside)
        assert problem(refused) == (422, "change-refused")
        assert refused.json()["errors"][0]["field"].startswith("cameras[0]")
        unknown = PLAN | {"stations": [PLAN["stations"][0] | {"id": "Z99"}]}
        body = {"follows": desk.revision, "plan": unknown}
        refused = desk.talking.put(f"{HERE}/rooms/A/plan", json=body, headers=desk.officer)
        assert "the room has no station Z99" in refused.text

    def test_a_camera_is_calibrated_by_points_and_refused_on_a_line(self, desk: Desk) -> None:
        drawn = PLAN["cameras"][0]
        places = [(1, 1, 0), (6, 1, 0), (2, 5, 0), (5, 4, 1), (3, 2, 0.75)]
        truth = desk.talking.post(
            f"{HERE}/rooms/A/plan/calibration",
            json={"drawn": drawn | {"pan": 20}, "points": [self.seen(each) for each in places]},
            headers=desk.officer,
        )
        assert truth.status_code == 200, truth.text
        told = truth.json()
        assert told["agrees"]
        assert told["camera"]["pan"] == pytest.approx(37, abs=0.1)
        line = [{"place": [1 + n, 1, 0], "pixel": [100 + 50 * n, 200]} for n in range(4)]
        refused = desk.talking.post(
            f"{HERE}/rooms/A/plan/calibration", json={"drawn": drawn, "points": line}, headers=desk.officer
        )
        assert problem(refused) == (422, "calibration-refused")
        few = {"drawn": drawn, "points": line[:2]}
        refused = desk.talking.post(f"{HERE}/rooms/A/plan/calibration", json=few, headers=desk.officer)
        assert "too few" in refused.text

    def seen(self, place: tuple[float, float, float]) -> dict[str, Any]:
        """Where the camera that hangs as drawn shows a place."""
        from analysis.floorplan import optics  # noqa: PLC0415
        from domain.plan import Mounting  # noqa: PLC0415

        mounting = Mounting("A-cam-1", 0, 0, 2.8, 37, 25, 90, 1920, 1080)
        image = optics.image(mounting, np.array([place], float))
        return {"place": place, "pixel": [round(float(each), 1) for each in image.pixels[0]]}


def test_a_reference_is_made_of_the_newest_trial_and_shown(desk: Desk) -> None:
    exam, address = desk.exam, f"{HERE}/cameras/A-cam-2/references"
    refused = desk.talking.post(address, json={}, headers=desk.officer)
    assert problem(refused) == (422, "reference-refused")
    assert "no trial of camera A-cam-2" in refused.json()["detail"]
    begins = START - timedelta(days=1, minutes=5)
    span = Interval(begins, begins + timedelta(seconds=10))
    exam.database.evidence.begin_recorder(Recorder("recorder-1", "host", begins, begins, reads_clock=True))
    exam.database.evidence.begin_run(Run("trial-run", "A-cam-2", "recorder-1", begins))
    add_segment(exam, "A-cam-2", "trial-run", span, batch=TRIALS)
    exam.database.readiness.order_trial(BATCH, 1, span, site_sha256=desk.revision, actor=TESTER, at=begins)
    made = desk.talking.post(address, json={}, headers=desk.officer)
    assert made.status_code == 201, made.text
    assert (made.json()["new"], made.json()["pictures"]) == (True, 5)
    listed = {each["camera"]: each["references"] for each in
              desk.talking.get(f"{HERE}/references", headers=desk.operator).json()}  # fmt: skip
    assert [each["current"] for each in listed["A-cam-2"]] == [True]
    assert desk.sites()[0]["rooms"][0]["cameras"][1]["reference"] is not None
    picture = desk.talking.get(f"{HERE}/cameras/A-cam-2/reference.jpg", headers=desk.operator)
    assert picture.headers["content-type"] == "image/jpeg"
    assert cv2.imdecode(np.frombuffer(picture.content, np.uint8), cv2.IMREAD_GRAYSCALE) is not None
    assert problem(desk.talking.get(f"{HERE}/cameras/A-cam-3/reference.jpg", headers=desk.operator)) == (
        404,
        "unknown",
    )
