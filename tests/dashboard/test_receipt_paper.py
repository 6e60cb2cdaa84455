"""The receipt as a paper: one page, the code as letters and for a telephone, and nobody named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from dashboard.papers.printing import as_html, as_pdf
from dashboard.papers.receipt import SCHEME, Held, address_at, compose, held
from dashboard.papers.words import Language
from domain.receipt import RECEIPT_FORM, Leaf, Receipt, code_of, root_of

LEAVES = (Leaf("form", RECEIPT_FORM), *(Leaf(f"entry seat/b/{number}@1", "0" * 64) for number in range(400)))
RECEIPT = Receipt(
    RECEIPT_FORM,
    "sg-001",
    "2026-0501",
    "T001",
    "4402001226000001",
    datetime(2026, 5, 20, 3, 4, 5, tzinfo=UTC),
    root_of(LEAVES),
    LEAVES,
    "0" * 64,
)
HELD = Held("中式面点制作", "韶关示范考场" * 5, (date(2026, 5, 2), date(2026, 5, 1)))


@pytest.mark.parametrize("language", list(Language))
def test_a_receipt_is_one_page_with_its_code_and_without_the_ticket(language: Language) -> None:
    paper = compose(RECEIPT, HELD, language)
    html, code = as_html(paper), code_of(RECEIPT.root)
    assert paper.code == f"{SCHEME}:{code}"
    for text in (code, RECEIPT.certificate, "2026-05-01 … 2026-05-02", "2026-05-20 11:04:05", RECEIPT.root):
        assert text in html, text
    assert "T001" not in html
    printed = as_pdf(paper)
    assert b"/Type/Pages/Count 1/" in printed
    assert printed == as_pdf(paper)


def test_without_a_number_of_a_certificate_the_ticket_stands_there() -> None:
    html = as_html(compose(replace(RECEIPT, certificate=""), HELD, address="https://kaojian.example.cn/r/"))
    assert "T001" in html
    assert compose(RECEIPT, HELD, address="https://kaojian.example.cn/r/").code.startswith("https://kaojian.example.")


def test_the_qr_code_leads_to_the_page_that_checks_it_where_it_is_known_where_pages_are() -> None:
    code = code_of(RECEIPT.root)
    known = compose(RECEIPT, HELD, address=address_at("https://kaojian.example.cn"))
    assert known.code == f"https://kaojian.example.cn/receipt/{code}"
    assert b"/Type/Pages/Count 1/" in as_pdf(known)
    assert compose(RECEIPT, HELD, address=address_at("")).code == f"{SCHEME}:{code}"


def test_of_a_batch_whose_sittings_are_gone_the_site_is_told_by_its_id() -> None:
    assert held(RECEIPT, ()) == Held("", "sg-001", ())
