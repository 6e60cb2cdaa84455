"""The patrol sheet at the page: a visit from its list to its feedback, with a picture of footage, and its draw."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from config.rule_pack import load as load_rule_pack
from dashboard.access.login import actor_of
from dashboard.app import create_app
from domain.draws import commitment_of, digest_of
from domain.people import Account, Reach, Role, Scope
from domain.supervision import CHECKLIST, Answer, Attendance, Said, Way
from domain.viewings import SHOWN, Deed
from records import drawing, supervision
from records.supervision import Beginning, add_supervisor
from storage.database import connect
from tests.dashboard.exam import BATCH, START, TESTER, WINDOW, Exam, hold_exam, log_in
from tests.dashboard.serving import served
from tests.e2e.conftest import DIST, OpenPage
from tests.e2e.test_batch import look
from tests.fakes.notary import NOTARY
from tests.supervised import person


@pytest.fixture
def office(browser: Browser, tmp_path: Path) -> Iterator[tuple[Exam, str]]:
    """A dashboard over an exam that is over, with two supervisors, one of whom is logged in, and a draw."""
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, tmp_path / "spool")
    minutes = (WINDOW.start - timedelta(days=1) + timedelta(minutes=each) for each in range(1, 99))
    for key, account in (("d-1", "supervisor"), ("d-2", "")):
        add_supervisor(database, key, person(key, account=account), TESTER, next(minutes))
    day = WINDOW.start.date()
    drawing.publish(database, drawing.Wanted("2026-05", day, day, WINDOW.start), TESTER, next(minutes))
    digest = digest_of(drawing.pool_of(database, "2026-05"))
    parties = [(TESTER, "1" * 64), (actor_of("supervisor"), "2" * 64)]
    for actor, secret in parties:
        told = commitment_of(digest, actor.name, secret)
        drawing.commit(database, "2026-05", told, actor, next(minutes))
    for actor, secret in parties:
        drawing.reveal(database, "2026-05", secret, actor, next(minutes))
    drawing.run(database, "2026-05", TESTER, next(minutes))
    with served(create_app(database, exam.archive, load_rule_pack, exam.clock, DIST)) as where:
        yield exam, where
    database.close()


def test_a_drawn_visit_goes_from_its_draw_over_list_and_finding_to_the_feedback(
    open_page: OpenPage, office: tuple[Exam, str]
) -> None:
    exam, where = office
    page = open_page(where)
    page.locator("[data-more]").click()
    page.locator("[data-patrol-link]").click()
    draw = page.locator("[data-draw='2026-05']")
    draw.get_by_role("button", name="公开记录").click()
    expect(draw.locator("[data-drawn]")).to_contain_text(BATCH)
    expect(draw).to_contain_text("1" * 64)
    look(page, "patrol-draw")
    draw.get_by_role("button", name="登记督导").click()
    page.locator("[data-badge=d-1]").fill("GD-d-1")
    look(page, "patrol-begin")
    page.locator("[data-way=online]").check()
    page.locator("[data-begin]").click()
    sheet = page.locator(f"[data-sheet='{BATCH}/1']")
    expect(sheet).to_have_attribute("data-standing", "running")

    for each in CHECKLIST[:-1]:
        line = sheet.locator(f"[data-question={each.id}]")
        line.get_by_role("button", name="是", exact=True).click()
        expect(line).to_have_attribute("data-said", "yes")
    sheet.locator("[data-question=labels]").get_by_role("button", name="未见").click()
    expect(sheet).to_contain_text("线上督导须至少引用一处画面")
    expect(sheet.locator("[data-end]")).to_be_disabled()

    sheet.locator("[data-finding-text]").fill("02 号工位未贴标签")
    sheet.locator("[data-frame-camera]").select_option("A-cam-2")
    sheet.locator("[data-frame-at]").fill("2026-05-01T07:00:00")
    sheet.locator("[data-add-frame]").click()
    expect(sheet.locator("[role=alert]")).to_contain_text("此时不用该摄像机")
    sheet.locator("[data-frame-at]").fill("2026-05-01T09:00:05")
    sheet.locator("[data-add-frame]").click()
    picture = sheet.locator("[data-frame=A-cam-2] img")
    expect(picture).to_have_js_property("naturalWidth", 320)
    page.route("**/frame.jpg*", lambda route: route.abort("aborted"), times=1)
    sheet.locator("[data-enter-finding]").click()
    found = sheet.locator("[data-found]")
    expect(found).to_contain_text("02 号工位未贴标签")
    expect(found).to_contain_text("画面暂不能显示")
    look(page, "patrol-not-shown")
    found.get_by_role("button", name="再试一次").click()
    expect(found.locator("img")).to_have_js_property("naturalWidth", 320)
    look(page, "patrol-running")
    seen = [each.viewing for each in exam.database.viewings.latest(20) if each.viewing.deed is Deed.FETCH]
    assert {(each.camera, each.actor.name, each.outcome) for each in seen} == {
        ("A-cam-2", "account:supervisor", SHOWN)
    }

    exam.clock.step(60)
    sheet.locator("[data-end]").click()
    expect(sheet.locator("[data-clock]")).to_contain_text("距反馈时限")
    page.get_by_role("button", name="English").click()
    look(page, "patrol-due")
    page.set_viewport_size({"width": 1920, "height": 1080})
    look(page, "patrol-due")
    sheet.locator("[data-feedback-text]").fill("现场秩序良好")
    exam.clock.step(60)
    sheet.locator("[data-give-feedback]").click()
    sheet.locator("[data-publish]").click()
    expect(sheet).to_have_attribute("data-standing", "published")
    visit = supervision.visit(exam.database, f"{BATCH}/1").value
    assert visit is not None
    assert [each.frames[0].at for each in visit.found] == [START + timedelta(seconds=5)]


def test_feedback_that_is_late_stands_first_and_red(open_page: OpenPage, office: tuple[Exam, str]) -> None:
    exam, where = office
    now = exam.clock.now()
    for batch_visit in (1, 2):
        told = Beginning(BATCH, Way.ON_SITE, (Attendance("d-1", None),), now, reason="投诉")
        supervision.begin(exam.database, told, TESTER, now)
        if batch_visit == 1:
            answers = [Answer(each.id, Said.YES) for each in CHECKLIST]
            supervision.answer(exam.database, f"{BATCH}/1", answers, TESTER, now)
            supervision.end(
                exam.database, f"{BATCH}/1", now + timedelta(seconds=1), TESTER, now + timedelta(seconds=1)
            )
    exam.clock.step(timedelta(hours=72, seconds=9).total_seconds())
    log_in(exam, Account("wu", Role.CITY_SUPERVISOR, Scope(Reach.CITY), exam.clock.now(), False), "held by wu")
    page = open_page(f"{where}/patrol", token="held by wu")
    first = page.locator("[data-visit]").first
    expect(first).to_have_attribute("data-standing", "late")
    first.click()
    expect(page.locator("[data-clock]")).to_contain_text("反馈已逾期")
    look(page, "patrol-late")
