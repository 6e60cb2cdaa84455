"""`kaojian certificate` and `kaojian claim`: from a delivery to the claim, and no name where none must be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.calendar import local_day
from domain.gate import ISSUE_DECISIONS, Case, IssueDecision, Proposal
from domain.people import Actor, Door
from domain.register import Draft
from kaojian.terminal import acting, local_actor
from records.certificate_files import EXCHANGE
from tests.kaojian.conftest import Command
from tests.kaojian.test_cli import journal
from tests.records.certified import case
from tests.records.rolls import BATCH, number, row, text_of

NAME = "欧阳测试"
BY = ("--by", "证书科")
TODAY = local_day(datetime.now(UTC))
NUMBER, SECOND = f"4402{TODAY.year}000001", f"4402{TODAY.year}000002"


@pytest.fixture
def issuing(kaojian: Command, installation: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Case]]:
    """Two candidates on whom it was decided, ten blank forms, and the cases at the gate, to be changed."""
    (installation / "roster.csv").write_bytes(text_of(row(1, 姓名=NAME), row(2, station="A-02")))
    assert kaojian("apply", "exam.yaml").code == 0
    assert kaojian("roster", "import", BATCH, "roster.csv", "--reason", "补录").code == 0
    decide("T001", "T002")
    done = kaojian("certificate", "deliver", "GD0001", "GD0010", "--count", "10", *BY)
    assert (done.code, "空白证书已登记" in done.out) == (0, True), done.err
    cases = [case("T001"), case("T002")]
    monkeypatch.setattr("records.candidacies.cases_of", lambda *_, **__: tuple(cases))
    yield cases
    assert kaojian("check").code == 0


def decide(*tickets: str) -> None:
    """As an officer of the city does, at the page."""
    officer, now = Actor("account:wu", Door.API), datetime.now(UTC)
    with acting() as (_, database):
        drafts = [
            Draft(
                ISSUE_DECISIONS, f"{BATCH}/{each}", IssueDecision(BATCH, each, True, Proposal.ISSUE, now, "wu"), BATCH
            )
            for each in tickets
        ]
        database.register.enter("decide_batch", BATCH, drafts, officer, now)


def issue(kaojian: Command, *more: str, form: str = "GD0001") -> None:
    done = kaojian("certificate", "issue", BATCH, *more, "--form", form)
    assert done.code == 0, done.err


def test_a_batch_goes_from_blank_forms_to_the_claim(
    kaojian: Command, installation: Path, issuing: list[Case]
) -> None:
    def run(*words: str) -> str:
        done = kaojian(*words)
        assert done.code == 0, done.err
        return done.out

    assert "2 certificates issued 已制证" in run("certificate", "issue", BATCH, "--form", "GD0001")
    assert "2 certificates 用印" in run("certificate", "imprint", BATCH, *BY)
    assert "is spoiled 已作废" in run("certificate", "spoil", "GD0003", "--fate", "kept", "--reason", "卡纸")
    said = run(
        *("certificate", "reprint", BATCH, "T002", "GD0004"),
        *("--fate", "destroyed", "--reason", "打印偏移", "--stamped-by", "印章员"),
    )
    assert f"certificate {SECOND} is on form GD0004 now" in said
    assert "结存已登记" in run("certificate", "count", "6", *BY)
    (installation / "q.csv").write_text(
        f"证书编号,查询结果,姓名\n{NUMBER},已查到,{NAME}\n{SECOND},已查到,\n", "utf-8"
    )
    assert "2 entered 已登记" in run("certificate", "query", "q.csv")
    assert "0 entered 已登记, 2 unchanged" in run("certificate", "query", "q.csv")
    (installation / "c.csv").write_text(f"申领编号,证书编号,申领日期\nBT-1,{NUMBER},{TODAY}\n", "utf-8")
    assert "1 entered 已登记" in run("claim", "import", "c.csv")
    told = json.loads(run("certificate", "show", BATCH, "--json"))
    assert [each["verdict"] for each in told["findings"]] == ["pass", "pass", "pass"]
    assert [(each["number"], each["ticket"], each["form"]) for each in told["certificates"]] == [
        (NUMBER, "T001", "GD0001"),
        (SECOND, "T002", "GD0004"),
    ]
    shown = run("certificate", "show", BATCH) + run("claim", "show", BATCH) + run("certificate", "ledger")
    assert NAME not in shown + json.dumps(told, ensure_ascii=False)
    assert "均有考核证据" in shown
    book = json.loads(run("certificate", "ledger", "--json"))
    assert (book["delivered"], book["issued"], book["spoiled"], book["left"]) == (10, 2, 2, 6)
    assert "is revoked 已撤销" in run("certificate", "revoke", BATCH, "T001", "--reason", "复查")
    acts = [(act, subject) for act, subject, actor in journal(installation) if actor == local_actor()]
    assert acts[:10] == [
        ("revoke_certificate_batch", BATCH),
        ("import_claims", "claims"),
        ("query_certificates", "certificates"),
        ("count_forms", "forms"),
        ("reprint_batch", BATCH),
        ("spoil_form", "GD0003"),
        ("imprint_batch", BATCH),
        ("certify_batch", BATCH),
        ("deliver_forms", "forms"),
        ("import_roster", BATCH),
    ]


def test_who_has_certificates_is_handed_out_with_an_entry_in_the_journal(
    kaojian: Command, installation: Path, issuing: list[Case]
) -> None:
    issue(kaojian)
    for words, act in (
        (("export", BATCH, "out.xlsx"), "export_certificates_batch"),
        (("export", BATCH, "out.csv"), "export_certificates_batch"),
        (("overlay", BATCH, "out.pdf"), "print_certificates_batch"),
    ):
        done = kaojian("certificate", *words)
        assert (done.code, "masked 已脱敏" in done.out) == (0, True), done.err
        assert ("版式未量定" in done.err) == (words[0] == "overlay")
        assert journal(installation)[0][:2] == (act, BATCH)
        assert (installation / words[2]).stat().st_mode & 0o077 == 0
    assert number(1) not in (installation / "out.csv").read_text("utf-8-sig")
    before = journal(installation)
    assert kaojian("certificate", "export", BATCH, "whole.csv", "--with-numbers").code == 2
    assert kaojian("certificate", "export", BATCH, "out.pdf").code == 2
    assert kaojian("certificate", "overlay", BATCH, "x.pdf", "T003").code == 1
    assert journal(installation) == before
    done = kaojian("certificate", "export", BATCH, "whole.csv", "--with-numbers", "--reason", "报省系统")
    assert (done.code, "whole 完整" in done.out) == (0, True)
    assert number(1) in (installation / "whole.csv").read_text("utf-8-sig")
    done = kaojian("certificate", "overlay", BATCH, "one.pdf", "T001", "--with-numbers", "--reason", "制证")
    assert (done.code, "1 forms" in done.out) == (0, True), done.err


def test_whom_the_gate_holds_back_gets_none_and_everybody_waits(
    kaojian: Command, installation: Path, issuing: list[Case]
) -> None:
    issuing[1] = case("T002", "59.5")
    before = journal(installation)
    done = kaojian("certificate", "issue", BATCH, "--form", "GD0001")
    assert (done.code, "kaojian: T002: not to be issued 不予制证" in done.err) == (1, True), done.err
    assert NAME not in done.err
    done = kaojian("certificate", "issue", BATCH, "T009", "--form", "GD0001")
    assert (done.code, "T009: nothing is known" in done.err) == (1, True)
    done = kaojian("certificate", "issue", BATCH, "T001", "--form", "GD0011")
    assert (done.code, "不在配发号段内" in done.err) == (1, True)
    done = kaojian("certificate", "issue", "nowhere", "--form", "GD0001")
    assert (done.code, "there is no batch nowhere" in done.err) == (1, True)
    assert journal(installation) == before
    issue(kaojian, "T001")
    (installation / "c.csv").write_text(f"证书编号,查询结果\n{SECOND},已查到\n", "utf-8")
    done = kaojian("certificate", "query", "c.csv")
    assert (done.code, done.err.splitlines()[0].startswith("c.csv:2: 证书编号: 没有此编号")) == (1, True)


def test_a_count_that_is_not_that_of_the_book_is_told(kaojian: Command, issuing: list[Case]) -> None:
    done = kaojian("certificate", "count", "7", *BY)
    assert (done.code, "空白证书差3张" in done.err) == (0, True)
    assert "差 missing 3" in kaojian("certificate", "ledger").out


def test_the_printed_profile_writes_a_file_with_other_headings(
    kaojian: Command, installation: Path, issuing: list[Case]
) -> None:
    issue(kaojian)
    text = kaojian("certificate", "profile").out
    assert all(f"- {heading}" in text for heading in EXCHANGE.headings)
    (installation / "p.yaml").write_text(text.replace("- 证书编号", "- ZSBH"), encoding="utf-8")
    assert kaojian("certificate", "export", BATCH, "out.csv", "--profile", "p.yaml").code == 0
    assert (installation / "out.csv").read_text("utf-8-sig").startswith("ZSBH,")
    (installation / "q.csv").write_text(f"ZSBH,查询结果\n{NUMBER},未查到\n", encoding="utf-8")
    assert kaojian("certificate", "query", "q.csv").code == 1
    assert "1 entered" in kaojian("certificate", "query", "q.csv", "--profile", "p.yaml").out
