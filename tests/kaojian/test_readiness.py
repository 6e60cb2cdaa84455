"""`kaojian sitting trial|check|confirm|sign`: what they print and how they end."""

from __future__ import annotations

import json

import pytest

from domain.law import Verdict
from domain.readiness import Check, Item, PlanCover, Readiness, RoomReadiness
from kaojian.readiness import REMEMBERED_S, StoreTrial, shown, try_store
from kaojian.terminal import show
from storage.errors import StorageError
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import NOON, FakeClock
from tests.kaojian.conftest import Command

NAME = ("2026-0501", "1")


def test_no_go_ends_with_code_1_and_says_what_to_do_in_both_languages(kaojian: Command) -> None:
    kaojian("apply", "exam.yaml")
    zh, en = kaojian("sitting", "check", *NAME), kaojian("sitting", "check", *NAME, "--lang", "en")
    assert (zh.code, en.code) == (1, 1)
    assert "不可开考" in zh.out
    assert "考前录像计划覆盖：-2 未完全覆盖 (r301 -2 未完全覆盖)" in zh.out
    assert "试录：`kaojian sitting trial`" in zh.out
    assert "NO GO" in en.out
    assert "record one: `kaojian sitting trial`" in en.out
    told = json.loads(kaojian("sitting", "check", *NAME, "--json").out)
    assert (told["go"], told["code"], told["rooms"][0]["code"]) == (False, -2, -2)
    assert {each["item"] for each in told["checks"]} >= {"plan", "host_clock", "disk", "store", "second_copy"}


def test_a_trial_that_nobody_would_record_is_refused_with_what_to_do(kaojian: Command) -> None:
    kaojian("apply", "exam.yaml")
    done = kaojian("sitting", "trial", *NAME)
    assert (done.code, done.out) == (1, "")
    assert "start `kaojian serve`" in done.err


def test_what_is_no_go_is_signed_with_a_reason_and_told_as_such(kaojian: Command) -> None:
    kaojian("apply", "exam.yaml")
    refused = kaojian("sitting", "sign", *NAME)
    assert (refused.code, refused.out) == (1, "")
    assert "say why the sitting is opened in spite of it" in refused.err
    done = kaojian("sitting", "sign", *NAME, "--reason", "考生已到场")
    assert done.code == 0
    assert "NO GO 不可开考, signed with a reason, code -2 未完全覆盖" in done.out
    opened = kaojian("sitting", "open", *NAME, "--start", "2026-05-01T09:00:00+08:00")
    assert opened.err.startswith("note: 考前自检 ")


def test_signs_and_notice_are_confirmed_by_room_and_taken_back(kaojian: Command) -> None:
    kaojian("apply", "exam.yaml")
    done = kaojian("sitting", "confirm", *NAME, "r301", "signs", "notice")
    assert done.out.splitlines() == [
        "room r301: signs 标识 confirmed",
        "room r301: notice of filming 监控提示 confirmed",
    ]
    back = kaojian("sitting", "confirm", *NAME, "r301", "notice", "--take-back")
    assert back.out == "room r301: notice of filming 监控提示 taken back\n"
    assert kaojian("sitting", "confirm", *NAME, "r999", "signs").code == 1
    assert kaojian("sitting", "confirm", *NAME, "r301", "disk").code == 2
    wrong = kaojian(
        "sitting", "confirm", *NAME, "r301", "signs", "--take-back", "--lacking", "A-02", "--note", "脱落"
    )
    assert wrong.out == "room r301: signs 标识 not so\n"
    assert "工位 A-02 的标识不符：脱落" in kaojian("sitting", "check", *NAME).out
    none = kaojian("sitting", "confirm", *NAME, "r301", "tools", "materials", "--not-needed", "--note", "笔试")
    assert none.out.splitlines() == [
        "room r301: tools and gauges 工卡量具 not needed",
        "room r301: materials 原材料 not needed",
    ]
    assert kaojian("sitting", "confirm", *NAME, "r301", "tools", "--not-needed").code == 1


class _Counting(MemoryObjects):
    tried = 0
    fails: StorageError | None = None

    def self_test(self):  # type: ignore[no-untyped-def]  # as in MemoryObjects
        type(self).tried += 1
        if self.fails is not None:
            raise self.fails
        return super().self_test()


def test_a_store_is_tried_once_a_minute_at_most() -> None:
    clock = FakeClock()
    objects = _Counting(clock=clock)
    trial = StoreTrial([objects], clock)
    before = objects.tried
    assert [each.locks for each in trial()] == [True]
    trial()
    assert objects.tried == before + 1
    clock.advance(REMEMBERED_S)
    objects.fails = StorageError("the server is away")
    (found,) = trial()
    assert (found.reached, found.locks, found.detail) == (False, None, "the server is away")
    assert try_store(objects) == found


@pytest.mark.parametrize("zh", [True, False])
def test_a_go_is_told_in_green_words(capsys: pytest.CaptureFixture[str], zh: bool) -> None:
    check = Check(Item.TRIAL, Verdict.PASS, "无断档", "no gap", room="A")
    found = Readiness("b", 1, "s", "ab", NOON, None, (RoomReadiness("A", PlanCover.COVERED, (check,)),), ())
    show(*shown(found, zh=zh))
    said = capsys.readouterr().out
    assert ("可以开考" if zh else "GO: the sitting may begin") in said
    assert ("无断档" if zh else "no gap") in said
