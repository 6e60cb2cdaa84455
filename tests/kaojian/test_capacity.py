"""`kaojian plan`: what it prints by numbers, by a set-up, and where there is neither."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kaojian.conftest import Command


def test_numbers_are_forecast_without_a_set_up(kaojian: Command) -> None:
    numbers = ("--cameras", "10", "--bit-rate", "8000000", "--hours", "5", "--days", "100", "--years", "4")
    done = kaojian("plan", *numbers)
    assert (done.code, done.err) == (0, "")
    assert "10 cameras at once 同时录像, 5,000 camera-hours a year, kept 3 years 保存年限" in done.out
    assert "what is older disposed of" in done.out
    found = json.loads(kaojian("plan", *numbers, "--json").out)
    assert found["kept_bytes"] == [18 * 10**12, 36 * 10**12, 54 * 10**12, 54 * 10**12]
    assert found["peak_bytes_per_s"] == 10**7


def test_the_set_up_is_forecast_and_what_is_short_is_named(kaojian: Command, installation: Path) -> None:
    assert kaojian("apply", "exam.yaml").code == 0
    done = kaojian("plan")
    assert done.code == 0
    assert "cameras were never recorded and are counted as the settings expect" in done.out
    assert str(installation / "var" / "spool") in done.out
    assert kaojian("plan", "--cameras", "100000").out.count("SHORT 不足") == 2  # the spool, and reading again


def test_with_a_second_store_both_are_counted(kaojian: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"KAOJIAN_S3_ENDPOINT": "127.0.0.1:9", "KAOJIAN_S3_ACCESS_KEY": "k", "KAOJIAN_S3_SECRET_KEY": "s"}
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KAOJIAN_S3_SECOND_ENDPOINT", "127.0.0.1:8")
    numbers = ("--cameras", "10", "--bit-rate", "8000000", "--hours", "5", "--days", "100", "--years", "1")
    assert "in each of 2 每个 18.0 TB" in kaojian("plan", *numbers).out
    found = json.loads(kaojian("plan", *numbers, "--json").out)
    assert (found["stores"], found["upload_bytes_per_s"]) == (2, 2 * 10**7)


def test_without_either_it_says_what_to_do(kaojian: Command) -> None:
    done = kaojian("plan")
    assert (done.code, done.out) == (1, "")
    assert done.err == "kaojian: no sitting is set up; apply a plan, or name numbers: kaojian plan --cameras 32\n"
