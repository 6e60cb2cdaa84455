"""An audit at the page: from a certificate to footage of another body, by a second person's leave; and the whole
batch, taken away and checked offline.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Download, Page, expect

from config.rule_pack import digest
from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts
from dashboard.access.accounts import Wanted
from dashboard.app import create_app
from domain.people import Account, Reach, Role, Scope
from domain.places import Batch
from records.closing import Sealing, close_batch
from storage.database import connect
from tests.dashboard.candidates import enrol
from tests.dashboard.exam import BATCH, PACK, SITE, START, TESTER, Exam, hold_exam, log_in, plan
from tests.dashboard.serving import served
from tests.dashboard.test_retrieval import NUMBER, certify
from tests.e2e.conftest import DIST, OpenPage
from tests.e2e.test_batch import look
from tests.e2e.test_page import wait_until_plays
from tests.fakes.notary import NOTARY, SIGNER

ROOT = Path(__file__).parents[2]


@pytest.fixture
def office(browser: Browser, tmp_path: Path) -> Iterator[tuple[Exam, str, str]]:
    """A closed batch with a certificate. ``liang`` is of another county, ``shen`` audits, ``wen`` has a password."""
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, tmp_path / "spool")
    enrol(exam)
    certify(exam)
    close(exam)
    for name, role, scope in (
        ("liang", Role.COUNTY_SUPERVISOR, Scope(Reach.COUNTY, frozenset({"武江区"}))),
        ("shen", Role.AUDITOR, Scope(Reach.BATCHES, frozenset({BATCH}))),
    ):
        log_in(exam, Account(name, role, scope, exam.clock.now(), must_change=False), name)
    password = accounts.add(database, Wanted("wen", Role.CITY_SUPERVISOR, must_change=False), TESTER, exam.clock)
    app = create_app(database, exam.archive, load_rule_pack, exam.clock, DIST, signing=SIGNER)
    with served(app) as where:
        yield exam, where, password
    database.close()


def close(exam: Exam) -> None:
    """The sitting that was only planned leaves the plan, and the batch is signed."""
    once = Batch(BATCH, SITE.id, "中式面点制作", PACK.id, (plan(1, START),))
    exam.database.setup.apply_batch(once, TESTER, exam.clock.now())
    sealing = Sealing(SIGNER, exam.objects, PACK, digest(PACK.id), "kaojian test")
    close_batch(exam.database, BATCH, TESTER, exam.clock, sealing)


def test_from_a_certificate_over_a_second_persons_leave_to_what_anybody_can_check(
    open_page: OpenPage, office: tuple[Exam, str, str], tmp_path: Path
) -> None:
    _, where, password = office
    asking = open_page(f"{where}/retrieval", token="liang")
    ask_for_leave(asking)
    approve(open_page(f"{where}/permits", strict=False, token=None), password)
    asking.reload()
    asking.get_by_role("link", name="观看").click()
    asking.get_by_role("button", name="A-cam-2").click()
    wait_until_plays(asking)

    auditing = open_page(f"{where}/retrieval", token="shen")
    auditing.locator("[data-text]").fill(NUMBER)
    auditing.locator("[data-text]").press("Enter")
    expect(auditing.locator("[data-person=T001] [data-certificate]")).to_contain_text(NUMBER)
    auditing.goto(f"{where}/batches/{BATCH}")
    file = tmp_path / "taken.zip"
    taken_away(auditing).save_as(file)
    assert verified(file) == 0
    spoilt = bytearray(file.read_bytes())
    spoilt[len(spoilt) // 2] ^= 1
    file.write_bytes(spoilt)
    assert verified(file) == 1


def ask_for_leave(asking: Page) -> None:
    asking.locator("[data-text]").fill(NUMBER)
    asking.locator("[data-text]").press("Enter")
    expect(asking.locator("[data-nothing]")).to_contain_text("在您的管辖范围内没有找到")
    asking.locator("[data-ask-permit]").click()
    form = asking.locator("[data-ask]")
    form.get_by_label("批次编号").fill(BATCH)
    form.get_by_label("录像起始").fill("2026-05-01T09:00")
    form.get_by_label("录像结束").fill("2026-05-01T09:01")
    form.get_by_role("button", name="提交申请").click()
    expect(asking.locator("[data-own] [data-state]")).to_have_text("待审批")


def approve(approving: Page, password: str) -> None:
    login = approving.locator("[data-login]")
    login.get_by_label("账户名").fill("wen")
    login.get_by_label("密码").fill(password)
    login.get_by_role("button").click()
    expect(approving.locator("[data-waiting] tbody")).to_contain_text(NUMBER)
    approving.locator("[data-waiting]").get_by_role("button", name="审批").click()
    approving.locator("[data-decide]").get_by_role("button", name="批准", exact=True).click()
    expect(approving.locator("[data-decided] [data-state]")).to_have_text("已批准")


def taken_away(page: Page) -> Download:
    """The download of the batch, by who has to say why."""
    take = page.locator("[data-take-away]")
    take.locator("summary").click()
    expect(take.locator("[data-export]")).to_have_count(0)
    take.get_by_label("用途").fill("年度核查抽取")
    look(page, "take-away")
    with page.expect_download() as download:
        take.locator("[data-export]").click()
    return download.value


def verified(file: Path) -> int:
    command = [sys.executable, "-m", "kaojian", "verify", str(file), "--key", SIGNER.public]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode
