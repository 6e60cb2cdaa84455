"""Video recorders of a site in a declaration: what their cameras become, and what is refused with its line."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # ships without types
import pytest
import yaml

from config.errors import DocumentRefused
from config.secrets import Secrets
from domain.people import Actor, Door
from domain.places import Camera, Nvr, Site
from ingest.devices import Device
from records.declaration import parse, schema
from records.schedule import Schedule
from records.setup import apply
from storage.database import Database
from storage.database.documents import site_of, site_text
from tests.fakes.time import FakeClock
from tests.records.setups import BATCH

TEXT = """\
sites:
  - id: sg-001
    name: 韶关示范考场
    county: 浈江区
    nvrs:
      - id: nvr-1
        address: rtsp://10.0.0.9:554
        path: /Streaming/Channels/{channel}01
        secret: nvr-1
        max_sessions: 16
    rooms:
      - id: r301
        name: 301 试室
        stations: [A-01]
        cameras:
          - {id: c1, nvr: nvr-1, channel: 3, sees: [A-01]}
          - {id: c2, nvr: nvr-1, url: "rtsp://10.0.0.9:554/odd", secret: other, sees: [A-01]}
          - {id: c3, url: "rtsp://10.0.0.7:554/live"}
"""


def _site(text: str = TEXT) -> Site:
    return parse(text, "exam.yaml").sites[0]


def test_a_camera_of_an_nvr_has_the_address_of_its_channel_and_the_secret_of_the_nvr() -> None:
    site = _site()
    assert site.nvrs == (Nvr("nvr-1", "rtsp://10.0.0.9:554", "nvr-1", 16),)
    by_channel, by_url, alone = site.rooms[0].cameras
    url = "rtsp://10.0.0.9:554/Streaming/Channels/301"
    assert by_channel == Camera("c1", url, ("A-01",), "nvr-1", nvr="nvr-1", channel=3)
    assert (by_url.url, by_url.secret, by_url.nvr) == ("rtsp://10.0.0.9:554/odd", "other", "nvr-1")
    assert (alone.nvr, alone.secret) == (None, None)


def test_a_site_with_nvrs_comes_back_from_its_document() -> None:
    site = _site()
    assert site_of(site_text(site)) == site


def test_a_document_from_before_nvrs_still_reads_and_is_still_the_same() -> None:
    nvrs = TEXT[TEXT.index("    nvrs:") : TEXT.index("    rooms:")]
    own = TEXT.replace(nvrs, "").replace("nvr: nvr-1, channel: 3", 'url: "rtsp://10.0.0.8:554/a"')
    plain = _site(own.replace("nvr: nvr-1, ", ""))
    text = site_text(plain)
    assert "nvr" not in text
    assert site_of(text) == plain
    assert set(json.loads(text)["rooms"][0]["cameras"][0]) == {
        "id",
        "url",
        "sees",
        "secret",
        "transport",
        "panoramic",
    }


def test_the_substream_of_a_camera_is_shown_and_never_recorded(
    clock: FakeClock, database: Database, tmp_path: Path
) -> None:
    text = TEXT.replace("{channel}01\n", "{channel}01\n        substream: /Streaming/Channels/{channel}02\n")
    text = text.replace('554/live"}', '554/live", substream: "/live?sub=1"}')
    site = _site(text)
    assert site_of(site_text(site)) == site
    assert [each.shown_url for each in site.rooms[0].cameras] == [
        "rtsp://10.0.0.9:554/Streaming/Channels/302",
        "rtsp://10.0.0.9:554/odd",  # an address of its own: nobody said what else is there
        "rtsp://10.0.0.7:554/live?sub=1",
    ]
    declaration = parse(text + BATCH.replace("rooms: [r301, r302]", "rooms: [r301]"), "exam.yaml")
    apply(declaration, database, Actor("local:tester", Door.COMMAND_LINE), clock)
    schedule = Schedule(database, Secrets(tmp_path, {}), timedelta(seconds=5))
    recorded = {each.camera: each.url for each in schedule.wanted(clock.now())}
    sitting = database.setup.sittings()[0]
    for camera in sitting.cameras():
        assert (recorded[camera.id], schedule.reached(sitting, camera)[0].url) == (camera.url, camera.shown_url)


@pytest.mark.parametrize("path", ["rtsp://10.9.9.9/sub", "//10.9.9.9/sub", "sub", "/sub stream"])
def test_a_substream_is_at_no_other_device(path: str) -> None:
    with pytest.raises(DocumentRefused, match="a path at the camera's own address"):
        _site(TEXT.replace('554/live"}', f'554/live", substream: "{path}"}}'))


def test_a_substream_of_a_file_is_refused() -> None:
    with pytest.raises(DocumentRefused, match="is for cameras at rtsp:// addresses"):
        _site(TEXT.replace('rtsp://10.0.0.7:554/live"}', 'file:///video.mp4", substream: /sub}'))


def test_the_json_schema_accepts_nvrs() -> None:
    jsonschema.validate(yaml.safe_load(TEXT), schema())


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        ("nvr: nvr-1, channel: 3", "nvr: nvr-2, channel: 3", "rooms[0].cameras[0].nvr", "the site has no nvr nvr-2"),
        ("nvr: nvr-1, channel: 3", "nvr: nvr-1", "rooms[0].cameras[0]", "give its channel at the nvr, or its url"),
        ("nvr: nvr-1, channel: 3, ", "", "rooms[0].cameras[0]", "give its url, or nvr and channel"),
        ("nvr: nvr-1, channel: 3", "channel: 3", "rooms[0].cameras[0].channel", "is the channel of no nvr"),
        ("channel: 3", "channel: 0", "rooms[0].cameras[0].channel", "from 1 to 999"),
        ('url: "rtsp://10.0.0.9:554/odd"', "channel: 3", "rooms[0].cameras[1].channel", "is listed twice"),
        ("        path: /Streaming/Channels/{channel}01\n", "", "rooms[0].cameras[0].nvr", "has no path"),
        ("{channel}01", "101", "nvrs[0].path", "hold {channel} once"),
        ("{channel}01", "{channel}/{stream}", "nvrs[0].path", "hold {channel} once"),
        ("rtsp://10.0.0.9:554\n", "rtsp://10.0.0.9:554/live\n", "nvrs[0].address", "must end with the port"),
        ("rtsp://10.0.0.9:554\n", "rtsp://a:b@10.0.0.9\n", "nvrs[0].address", "user name or password"),
        ("max_sessions: 16", "max_sessions: many", "nvrs[0].max_sessions", "from 1 to 999"),
    ],
)
def test_what_is_wrong_with_an_nvr_or_a_camera_of_it_is_named_with_its_line(
    old: str, new: str, field: str, message: str
) -> None:
    assert old in TEXT
    with pytest.raises(DocumentRefused) as refused:
        parse(TEXT.replace(old, new, 1), "exam.yaml")
    lines = [line for line in str(refused.value).splitlines() if f": sites[0].{field}: " in line]
    assert len(lines) == 1, str(refused.value)
    assert message in lines[0]


def test_two_nvrs_of_one_name_are_refused() -> None:
    twice = TEXT.replace("    rooms:", "      - {id: nvr-1, address: rtsp://10.0.0.8:554}\n    rooms:")
    with pytest.raises(DocumentRefused, match="nvr nvr-1 is listed twice"):
        parse(twice, "exam.yaml")


def test_cameras_of_one_nvr_are_recorded_through_one_device(
    database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    batch = BATCH.replace("rooms: [r301, r302]", "rooms: [r301]")
    declaration = parse(TEXT + batch, "exam.yaml")
    apply(declaration, database, Actor("local:tester", Door.COMMAND_LINE), clock)
    wanted = Schedule(database, Secrets(tmp_path, {}), timedelta(seconds=5)).wanted(clock.now())
    device = Device("sg-001/nvr-1", 16)
    assert {each.camera: each.device for each in wanted} == {"c1": device, "c2": device, "c3": None}
