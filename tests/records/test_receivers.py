"""The file of webhooks: what it says, and what it must not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import DocumentRefused
from domain.alarms import ALARMS, RECORDS, Alarm, Kind, Step
from records.receivers import Format, Webhooks, load

ONE = """\
settle_seconds: 30
webhooks:
  - {name: duty-room, url: "https://alarm.example.cn/kaojian", secret: webhook-duty}
  - name: robot
    format: dingtalk
    url: https://oapi.dingtalk.com/robot/send
    secret: dingtalk
    events: [camera_lost, nvr_lost]
    sites: [sg-001]
"""


def read(folder: Path, text: str) -> Webhooks:
    file = folder / "webhooks.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def test_without_a_file_nobody_is_told() -> None:
    assert load(None).targets == ()


def test_what_is_left_out_is_all_alarms_and_no_records(tmp_path: Path) -> None:
    found = read(tmp_path, ONE)
    plain, robot = found.targets
    assert found.settle == timedelta(seconds=30)
    assert (plain.format, plain.events, plain.sites) == (Format.GENERIC, ALARMS, frozenset())
    assert robot.events == {Kind.CAMERA_LOST, Kind.NVR_LOST} and robot.sites == {"sg-001"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("ftp://alarm.example.cn/", "must begin with http"),
        ("https://", "must begin with http"),
        ("https://user:pass@alarm.example.cn/", "no user, password"),
        ("https://alarm.example.cn/?key=693a", "must not hold the robot's key"),
        ("https://alarm.example.cn/?a=1&access_token=693a", "must not hold the robot's key"),
        ("https://alarm.example.cn/报警", "plain ASCII"),
        ("https://alarm.example.cn:99999/", "is no address"),
    ],
)
def test_an_address_that_cannot_be_or_that_holds_a_secret_is_refused(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(DocumentRefused, match=said) as refused:
        read(tmp_path, ONE.replace("https://alarm.example.cn/kaojian", wrong))
    assert "webhooks.yaml:3" in str(refused.value) and "693a" not in str(refused.value)


@pytest.mark.parametrize(
    ("words", "events"),
    [
        ("[records]", RECORDS),
        ("[alarms, records]", ALARMS | RECORDS),
        ("[records, camera_lost]", RECORDS | {Kind.CAMERA_LOST}),
        ("[score_changed]", frozenset({Kind.SCORE_CHANGED})),
        ("[alarms]", ALARMS),
    ],
)
def test_a_receiver_says_whether_it_hears_of_alarms_or_of_records(
    tmp_path: Path, words: str, events: frozenset[Kind]
) -> None:
    _, robot = read(tmp_path, ONE.replace("[camera_lost, nvr_lost]", words)).targets
    assert robot.events == events


def test_a_word_that_is_no_event_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(
        DocumentRefused, match=r"webhooks.yaml:8.*is no event; there are: alarms, records, camera_lost"
    ):
        read(tmp_path, ONE.replace("nvr_lost", "nvr_gone"))


@pytest.mark.parametrize(
    ("old", "new"), [("nvr_lost", "nvr_gone"), ("robot\n", "duty-room\n"), ("dingtalk\n    url", "pigeon\n    url")]
)
def test_what_is_not_known_is_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(DocumentRefused):
        read(tmp_path, ONE.replace(old, new))


def test_that_the_glass_was_broken_is_told_whatever_a_receiver_wants_to_hear_of(tmp_path: Path) -> None:
    _, robot = read(tmp_path, ONE).targets  # of one site, of cameras and NVRs
    lost, broken = (
        Alarm("a", kind, Step.BEGAN, "sg-002", datetime(2026, 5, 1, tzinfo=UTC), "{}")
        for kind in (Kind.CAMERA_LOST, Kind.BREAK_GLASS)
    )
    assert (robot.wants(lost), robot.wants(broken)) == (False, True)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/x", "http://192.168.1.5/", "http://[fd00::1]/x"])
def test_addresses_of_private_networks_are_allowed(tmp_path: Path, url: str) -> None:
    assert read(tmp_path, ONE.replace("https://alarm.example.cn/kaojian", url)).targets[0].url == url
