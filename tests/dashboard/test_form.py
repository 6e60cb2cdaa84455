"""The form of the notice's annex on paper: every field of it, in both languages, filled in or empty."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from dashboard.papers.form import Form, Pairs, People, Said, compose
from dashboard.papers.printing import form_as_pdf
from dashboard.papers.words import Language
from domain.grounds import SITE_APPROVALS, Opinion, Reviewer, SiteApproval
from domain.register import Entry
from records.grounds_file import parse
from tests.records.grounds import APPLIED, FORM, INSTITUTIONS, NOW
from tests.records.setups import ACTOR

ANNEX = [
    "申请单位",
    "负责人",
    "联系电话",
    "考场地址及邮编",
    "申请专项职业能力项目",
    "受理申报时间",
    "经办人",
    "审核人员意见",
    "审核人员签名",
    "姓名",
    "工作单位",
    "职业资格/职称/职务",
    "联系电话",
    "经办部门意见",
    "市职业技能服务中心意见",
]
"""The fields of 考场设立审核意见表 in the notice of 2022-08-10, in its order."""


def entered(text: str, revision: int = 5) -> Entry[SiteApproval]:
    (value,) = [thing.value for thing in parse(INSTITUTIONS + text, "grounds.yaml").of(SITE_APPROVALS)]
    return Entry(SITE_APPROVALS.name, "form-1", revision, value, "", "sg-001", "", NOW, ACTOR, "", 1, "ab" * 32)


def names(form: Form) -> list[str]:
    found: list[str] = []
    for row in form.rows:
        match row:
            case Pairs():
                found += [name for name, _ in row.cells]
            case Said():
                found.append(row.name)
            case People():
                found += [row.name, *row.columns]
    return [re.sub(r"\s", "", name) for name in found]


def test_a_form_has_the_fields_of_the_annex_in_its_order() -> None:
    assert names(compose(entered(FORM))) == ANNEX
    assert names(compose(entered(APPLIED))) == ANNEX


def test_a_form_says_who_signed_what_and_when() -> None:
    form = compose(entered(FORM))
    assert Pairs((("受理申报时间", "2026年1月5日"), ("经办人", "丘经办"))) in form.rows
    assert (
        Said("审核人员意见", "材料齐全，场地与设备符合考核规范，同意上报。", "（同意）", "2026年1月12日") in form.rows
    )
    (people,) = [row for row in form.rows if isinstance(row, People)]
    assert [row[0] for row in people.rows] == ["温评审", "罗评审", "", ""]
    assert form.number == "site_approval/form-1@5"


def test_what_is_not_signed_yet_is_left_to_be_filled_in() -> None:
    form = compose(entered(APPLIED))
    assert Pairs((("受理申报时间", ""), ("经办人", ""))) in form.rows
    assert next(row for row in form.rows if isinstance(row, Said)) == Said("审核人员意见", "", "", "年　　月　　日")


def test_a_refusal_and_a_revocation_are_told_in_so_many_words() -> None:
    entry = entered(FORM)
    assert entry.value is not None
    no = replace(entry.value, centre=Opinion("通风不合格。", False, date(2026, 1, 16)))
    assert compose(replace(entry, value=no), Language.EN).rows[-1] == Said(
        "Opinion of the city's skill service centre", "通风不合格。", "(does not agree)", "2026-01-16"
    )
    gone = compose(replace(entry, value=replace(entry.value, revoked=date(2026, 5, 20))))
    assert gone.rows[-1] == Pairs((("撤销", "自2026年5月20日起不再作为定点考场"),))
    with pytest.raises(ValueError, match="takes a form back"):
        compose(replace(entry, value=None))


@pytest.mark.parametrize("language", Language)
def test_a_form_is_printed_the_same_each_time_and_says_which_entry_it_is(language: Language) -> None:
    form = compose(entered(FORM), language)
    printed = form_as_pdf(form)
    assert printed == form_as_pdf(form)
    assert b"pdfaid" in printed
    assert printed != form_as_pdf(compose(entered(FORM, revision=6), language))
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in "".join(names(form))) or language is Language.ZH


def test_a_long_opinion_and_many_reviewers_go_on_on_the_next_page() -> None:
    entry = entered(FORM)
    assert entry.value is not None
    reviewers = tuple(Reviewer(f"评审{number}", "示范单位", "高级技师", "0751-0000000") for number in range(40))
    long = replace(entry.value, review=Opinion("意见。" * 660, True, date(2026, 1, 12)), reviewers=reviewers)
    printed = form_as_pdf(compose(replace(entry, value=long)))
    assert int(max(re.findall(rb"/Count (\d+)", printed), key=int)) > 2
