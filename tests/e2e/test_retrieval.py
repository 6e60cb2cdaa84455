"""Retrieval at the page: from a certificate to its candidate's footage, played and saved; and who finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from config.rule_pack import load as load_rule_pack
from dashboard.app import create_app
from domain.people import Account, Reach, Role, Scope
from storage.database import connect
from tests.dashboard.candidates import enrol
from tests.dashboard.exam import BATCH, SITE, Exam, hold_exam, log_in
from tests.dashboard.serving import served
from tests.dashboard.test_retrieval import NUMBER, certify
from tests.e2e.conftest import DIST, OpenPage
from tests.e2e.test_batch import look
from tests.e2e.test_page import wait_until_plays
from tests.fakes.notary import NOTARY


@pytest.fixture
def held(browser: Browser, tmp_path: Path) -> Iterator[tuple[Exam, str]]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, tmp_path / "spool")
    enrol(exam)
    certify(exam)
    for name, role, scope in (
        ("shen", Role.AUDITOR, Scope(Reach.BATCHES, frozenset({BATCH}))),
        ("liang", Role.COUNTY_SUPERVISOR, Scope(Reach.COUNTY, frozenset({"武江区"}))),
        ("deng", Role.SITE_OPERATOR, Scope(Reach.SITE, frozenset({SITE.id}))),
        ("admin", Role.CITY_ADMINISTRATOR, Scope(Reach.CITY)),
    ):
        log_in(exam, Account(name, role, scope, exam.clock.now(), must_change=False), name)
    with served(create_app(database, exam.archive, load_rule_pack, exam.clock, DIST)) as where:
        yield exam, where
    database.close()


def test_from_a_certificate_to_the_candidates_own_footage(open_page: OpenPage, held: tuple[Exam, str]) -> None:
    exam, where = held
    page = open_page(where, token="shen")
    page.locator("[data-retrieval-link]").click()
    page.get_by_role("button", name="检索", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("请输入要检索的编号。")
    look(page, "retrieval-empty")
    page.locator("[data-text]").fill(NUMBER)
    page.locator("[data-text]").press("Enter")
    person = page.locator("[data-person=T001]")
    expect(person.locator("[data-certificate]")).to_contain_text(NUMBER)
    stay = person.locator("[data-stay]")
    expect(stay).to_contain_text("中式面点一号考场")
    expect(stay.locator("[data-gap]")).to_contain_text("摄像机断线")
    expect(stay.locator("[data-part=gap]")).to_have_count(1)
    expect(stay.locator("[data-film]")).to_have_count(0)
    assert NUMBER not in page.url
    look(page, "retrieval")
    page.locator("[data-purpose-field]").fill("复核投诉")
    expect(stay.locator("[data-film]")).to_have_count(0)
    page.locator("[data-purpose-field]").fill("复核考生投诉")
    with page.expect_download() as saving:
        stay.locator("[data-film]").click()
    assert saving.value.suggested_filename == f"{BATCH}-第1场-中式面点一号考场-A-cam-1-20260501T090000.mp4"
    assert exam.database.viewings.latest(1)[0].viewing.purpose == "复核考生投诉"

    page.get_by_role("button", name="English").click()
    page.set_viewport_size({"width": 1920, "height": 1080})
    look(page, "retrieval")
    page.locator("[data-text]").fill("T003")
    page.locator("[data-text]").press("Enter")
    expect(page.locator("[data-wanting]")).to_contain_text("absent by the record")
    look(page, "retrieval-absent")


def test_a_place_and_an_instant_are_found_and_played(open_page: OpenPage, held: tuple[Exam, str]) -> None:
    page = open_page(f"{held[1]}/retrieval")
    page.locator("[data-by]").select_option("place")
    page.locator("[data-station]").fill("A02")
    page.locator("[data-at]").fill("2026-05-01T09:00:30")
    page.get_by_role("button", name="检索", exact=True).click()
    stay = page.locator(f"[data-stay='{BATCH}/1/A02']")
    expect(stay.locator("[data-film]")).to_have_count(2)
    look(page, "retrieval-place")
    stay.locator("[data-play]").click()
    expect(page).to_have_url(f"{held[1]}/batches/{BATCH}/sittings/1?station=A02&at=2026-05-01T01:00:30.000Z")
    wait_until_plays(page)


def test_who_sees_nothing_of_it_is_told_no_more_than_of_what_is_nowhere_and_may_ask(
    open_page: OpenPage, held: tuple[Exam, str]
) -> None:
    where = held[1]
    page = open_page(f"{where}/retrieval?certificate={NUMBER}&batch={BATCH}", token="liang")
    nothing = page.locator("[data-nothing]")
    expect(nothing).to_contain_text("在您的管辖范围内没有找到")
    told = nothing.inner_text()
    look(page, "retrieval-nothing")
    page.locator("[data-text]").fill("4402009999999999")
    page.get_by_role("button", name="检索", exact=True).click()
    expect(nothing).to_be_visible()
    assert nothing.inner_text() == told
    page.locator("[data-ask-permit]").click()
    form = page.locator("[data-ask]")
    expect(form.get_by_label("批次编号")).to_have_value(BATCH)
    expect(form.get_by_label("调阅目的")).to_have_value("核查4402009999999999的考试录像")

    operator = open_page(f"{where}/retrieval", token="deng")
    expect(operator.locator("[data-by] option")).to_have_text(
        ["准考证号", "姓名（须指定批次）", "证件号码", "批次、工位与时间"]
    )
    administrator = open_page(f"{where}/retrieval", token="admin")
    expect(administrator).to_have_url(f"{where}/batches")
    expect(administrator.locator("[data-retrieval-link]")).to_have_count(0)
