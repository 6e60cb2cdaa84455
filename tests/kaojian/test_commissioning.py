"""``kaojian camera test`` on a real connection: what it prints, in which language, and how it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.simulator.camera import CameraSettings
from tests.ingest.libav.footage import footage
from tests.kaojian.conftest import Command
from tests.records.setups import WHOLE
from tests.simulated import simulated


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A camera with a login, on a thread of its own, because the command has a loop of its own."""
    settings = CameraSettings(
        id="cam", room="hall", width=320, height=192, username="looker", password="geheim", report_interval_s=0.5
    )
    with simulated(settings) as camera:
        yield camera.url


def test_an_address_is_watched_and_its_password_never_shown(kaojian: Command, url: str) -> None:
    done = kaojian("camera", "test", url.replace("//", "//looker:geheim@"), "--seconds", "2", "--lang", "en")
    assert done.code == 0, done.err
    assert "320×192" in done.out
    assert "Use the main stream" in done.out
    assert "geheim" not in done.out + done.err


def test_a_camera_that_was_set_up_is_found_by_its_id_and_logged_in_by_its_secret(
    kaojian: Command, installation: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = WHOLE.replace("rtsp://127.0.0.1:8554/stream", url)
    (installation / "exam.yaml").write_text(text, encoding="utf-8")
    assert kaojian("apply", "exam.yaml").code == 0
    monkeypatch.setenv("KAOJIAN_SECRET_CAM_C1", "looker:geheim")
    done = kaojian("camera", "test", "sg-001-c1", "--seconds", "2")
    assert done.code == 0, done.err
    assert "分辨率" in done.out
    assert "请选用主码流" in done.out


def test_a_file_is_watched_by_the_engine_that_would_record_it(kaojian: Command, tmp_path: Path) -> None:
    made = footage(tmp_path / "trial.ts", "mpegts")
    done = kaojian("camera", "test", made.path.as_uri(), "--seconds", "1", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["width"] == 320


def test_a_camera_that_nobody_knows_is_refused(kaojian: Command) -> None:
    done = kaojian("camera", "test", "cam-none")
    assert (done.code, done.out) == (1, "")
    assert "no camera cam-none" in done.err


def test_for_programs_it_is_json_with_both_languages(kaojian: Command, url: str) -> None:
    done = kaojian("camera", "test", url.replace("//", "//looker:geheim@"), "--seconds", "2", "--json")
    found = json.loads(done.out)
    assert (found["camera"], found["width"], found["audio"]) == ("URL", 320, [])
    assert found["delivered_fps"] > 0
    assert all({"code", "zh", "en"} == set(each) for each in found["advice"])


def test_a_wrong_password_is_one_line_and_no_traceback(kaojian: Command, url: str) -> None:
    done = kaojian("camera", "test", url.replace("//", "//looker:falsch@"))
    assert (done.code, done.out) == (1, "")
    assert "401" in done.err
    assert "falsch" not in done.err
