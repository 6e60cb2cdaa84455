"""Receipts at the page, for anybody; dossier and certificates of a batch, for who files and who issues."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts
from dashboard.access.accounts import Wanted
from dashboard.access.login import FRESH
from dashboard.app import create_app
from domain.certificates import CERTIFICATES
from domain.dossier import SCANS, Item
from domain.gate import ISSUE_DECISIONS, IssueDecision, Proposal
from domain.people import Account, Reach, Role, Scope
from domain.register import Draft
from records import certificates, dossier
from records.candidacies import cases_of
from records.roll import Desk, Said
from storage.database import connect
from tests.dashboard.candidates import enrol
from tests.dashboard.exam import BATCH, SITE, TESTER, Exam, hold_exam, log_in
from tests.dashboard.receipted import receipt_of
from tests.dashboard.serving import served
from tests.e2e.conftest import DIST, OpenPage
from tests.e2e.test_batch import look
from tests.e2e.test_page import ON_SCREENS
from tests.fakes.notary import NOTARY, SIGNER
from tests.records.dossiers import pdf

AT = f"/batches/{BATCH}?tab=dossier"
AUDITOR, OPERATOR = "held by an auditor", "held by an operator"


@dataclass(frozen=True, slots=True)
class Office:
    """A dashboard over an exam with a scan that was filed, a candidate who is to get a certificate, and a receipt."""

    exam: Exam
    where: str
    password: str
    code: str


@pytest.fixture
def office(browser: Browser, tmp_path: Path) -> Iterator[Office]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, tmp_path / "spool")
    enrol(exam)
    desk = Desk(database, TESTER, exam.clock.now())
    certificates.deliver(desk, "GD0001", "GD0009", 9, Said(desk.now, "省中心"))
    decided = [IssueDecision(BATCH, each, True, Proposal.ISSUE, desk.now, "account:wu") for each in ("T001", "T002")]
    drafts = [Draft(ISSUE_DECISIONS, f"{BATCH}/{each.ticket}", each, BATCH, SITE.id) for each in decided]
    database.register.enter("decide_batch", BATCH, drafts, TESTER, desk.now)
    dossier.file_scan(desk, exam.archive, BATCH, dossier.Told(Item.ROSTER), pdf("roster"))
    exam.clock.advance(60)
    code = receipt_of(exam, "T002", "4402002026000001")
    for name, role, scope, token in (
        ("shen", Role.AUDITOR, Scope(Reach.BATCHES, frozenset({BATCH})), AUDITOR),
        ("chang", Role.SITE_OPERATOR, Scope(Reach.SITE, frozenset({SITE.id})), OPERATOR),
    ):
        log_in(exam, Account(name, role, scope, exam.clock.now(), must_change=False), token)
    password = accounts.add(database, Wanted("officer", Role.CITY_OFFICER, must_change=False), TESTER, exam.clock)
    app = create_app(database, exam.archive, load_rule_pack, exam.clock, DIST, signing=SIGNER)
    with served(app) as where:
        yield Office(exam, where, password, code)
    database.close()


def state(page: Page, name: str) -> None:
    expect(page.locator(f"[data-receipt-state='{name}']")).to_be_visible()


def test_anybody_checks_a_code_and_sees_when_the_dossier_changed(open_page: OpenPage, office: Office) -> None:
    page = open_page(f"{office.where}/receipt/{office.code}", token=None)
    state(page, "holds")
    found = page.locator("[data-found]")
    for told in ("一致", "4402002026000001", office.code):
        expect(found).to_contain_text(told)
    expect(page.locator("main")).not_to_contain_text("T002")
    expect(page.locator("[data-login]")).to_have_count(0)
    look(page, "receipt-holds")
    field = page.get_by_label("回执码")
    field.fill("x" + office.code[1:] if office.code[0] != "X" else "y" + office.code[1:])
    page.get_by_role("button", name="核对").click()
    state(page, "mistyped")
    field.fill("0000-0000-0000-0000-0000-0000-0000-0000-0")
    page.keyboard.press("Enter")
    state(page, "none")
    expect(page.locator("[data-found]")).to_contain_text("没有以此码出具过回执")
    store = office.exam.objects
    store.flip_a_byte(min(store.keys(".dossiers/")))
    office.exam.clock.advance(61)
    field.fill(f" {office.where}/receipt/{office.code.lower().replace('-', ' ')}")
    page.get_by_role("button", name="核对").click()
    state(page, "changed")
    expect(page.locator("[data-found]")).to_contain_text("归档扫描件与出具时不一致")
    expect(page).to_have_url(f"{office.where}/receipt/{office.code}")
    look(page, "receipt-changed")


@pytest.mark.parametrize("language", ["中文", "English"])
@pytest.mark.parametrize(("width", "height"), [(1366, 768), (375, 667)])
def test_the_public_page_fits_a_telephone_and_a_sheet_of_paper(
    open_page: OpenPage, office: Office, width: int, height: int, language: str
) -> None:
    page = open_page(f"{office.where}/receipt", width=width, height=height, token=None)
    page.get_by_role("button", name=language).click()
    expect(page.locator("[data-receipt] form")).to_be_visible()
    look(page, "receipt")
    page.locator("[data-receipt] input").fill(office.code)
    page.keyboard.press("Enter")
    state(page, "holds")
    look(page, "receipt-found")
    if language == "English":
        assert not re.search(r"[\u4e00-\u9fff]", page.locator("main").inner_text())
    page.emulate_media(media="print")
    expect(page.locator("header.bar")).to_be_hidden()
    expect(page.locator("[data-receipt] form")).to_be_hidden()
    expect(page.locator("[data-found]")).to_contain_text(office.code)


def test_a_check_that_cannot_be_made_says_so_and_who_asks_too_often_too(open_page: OpenPage, office: Office) -> None:
    page = open_page(f"{office.where}/receipt", strict=False, token=None)
    page.route("**/api/v1/receipts/**", lambda route: route.abort())
    page.get_by_label("回执码").fill(office.code)
    page.get_by_role("button", name="核对").click()
    expect(page.get_by_role("alert")).to_have_text("未能核对，请检查网络后重试。")
    page.unroute("**/api/v1/receipts/**")
    page.evaluate(f"() => Promise.all(Array.from({{length: 20}}, () => fetch('/api/v1/receipts/{office.code}')))")
    page.get_by_role("button", name="核对").click()
    expect(page.get_by_role("alert")).to_have_text("查询过于频繁，请稍后再试。")


def test_a_site_files_a_scan_and_sees_no_certificates(open_page: OpenPage, office: Office, tmp_path: Path) -> None:
    page = open_page(office.where + AT, strict=False, token=OPERATOR)
    tab = page.locator("[data-dossier-tab]")
    expect(tab.locator("[data-dossier-clause='C9-1']")).to_contain_text("缺试卷")
    expect(tab.locator("[data-scan='1']")).to_contain_text("考核名册表")
    expect(tab.locator("[data-certificates]")).to_have_count(0)
    form = tab.locator("[data-file-scan]")
    form.get_by_label("材料").select_option("room_record")
    form.get_by_label("场次").select_option("1")
    wrong, right = tmp_path / "x.pdf", tmp_path / "考场记录表.pdf"
    wrong.write_bytes(b"MZ no scan")
    right.write_bytes(pdf("record"))
    form.get_by_label("文件").set_input_files(wrong)
    form.get_by_role("button", name="归档", exact=True).click()
    expect(form.get_by_role("alert")).to_contain_text("文件类型不符")
    form.get_by_label("文件").set_input_files(right)
    form.get_by_role("button", name="归档", exact=True).click()
    expect(form.get_by_role("status")).to_have_text("已归档，编号 2。")
    expect(tab.locator("[data-scan='2']")).to_contain_text("考场记录表 · 第 1 场")
    look(page, "dossier-site")
    with page.expect_download() as taken:
        tab.locator("[data-scan='2']").get_by_role("link", name="调取").click()
    assert taken.value.path().read_bytes() == pdf("record")
    (entry, *_) = office.exam.database.journal.entries(1)
    assert (entry.act, entry.actor.name) == ("fetch_scan", "account:chang")
    assert len(office.exam.database.register.standing(SCANS, batch=BATCH)) == 2


def test_an_officer_issues_to_whom_the_gate_lets_and_is_told_why_not_to_the_other(
    open_page: OpenPage, office: Office
) -> None:
    page = open_page(office.where + AT, strict=False, token=None)
    login = page.locator("[data-login]")
    login.get_by_label("账户名").fill("officer")
    login.get_by_label("密码").fill(office.password)
    login.get_by_role("button").click()
    form = page.locator("[data-issue]")
    expect(form.get_by_role("checkbox")).to_have_count(2)
    office.exam.clock.advance(FRESH.total_seconds())
    form.get_by_label("起始印刷号").fill("GD0001")
    form.get_by_role("button", name="制证 2 张").click()
    proof = page.locator("[data-proof]")
    proof.get_by_label("请再次输入密码").fill(office.password)
    proof.get_by_role("button", name="继续").click()
    expect(form.locator("[data-refused='T001']")).to_contain_text("待核")
    expect(form.locator("[data-refused]")).to_have_count(1)
    assert office.exam.database.register.standing(CERTIFICATES, batch=BATCH) == []
    look(page, "issue-refused")
    form.get_by_label("T001").uncheck()
    form.get_by_role("button", name="制证 1 张").click()
    row = page.locator("[data-certificate]")
    expect(row).to_contain_text("GD0001")
    expect(page.locator("[data-ledger]")).to_contain_text("核发 1")
    row.get_by_role("button", name="出具回执").click()
    expect(page.locator("[data-certificates-part]").get_by_role("alert").first).to_be_visible()  # it is not closed
    row.get_by_role("button", name="撤销 T002 的证书").click()
    revoking = page.locator("[data-revoke]")
    revoking.get_by_label("撤销原因").fill("成绩更正")
    revoking.get_by_role("button", name="确认撤销").click()
    expect(row).to_contain_text("已撤销")
    look(page, "issued")


@ON_SCREENS
def test_who_only_looks_sees_number_form_state_and_receipt_and_no_act(
    open_page: OpenPage, office: Office, width: int, height: int, language: str
) -> None:
    exam = office.exam
    desk = Desk(exam.database, TESTER, exam.clock.now())
    rules = load_rule_pack("SG-2022-08-10")
    cases = certificates.chosen(cases_of(exam.database, BATCH, rules, desk.now), ["T002"])
    (made,) = certificates.issue(desk, BATCH, cases, ["GD0002"], rules)
    code = receipt_of(exam, "T002", made.key)
    page = open_page(office.where + AT, width=width, height=height, token=AUDITOR)
    page.get_by_role("button", name=language).click()
    row = page.locator(f"[data-certificate='{made.key}']")
    for told in ("T002", "GD0002", code):
        expect(row).to_contain_text(told)
    tab = page.locator("[data-dossier-tab]")
    assert tab.locator("form, button").count() == 0
    look(page, "dossier")
    if language == "English":
        assert "考" not in tab.inner_text()
    row.get_by_role("link").first.click()
    state(page, "holds")
