"""The form 考场设立审核意见表 of the notice's annex, row by row as it is printed there.

What is not signed yet stays empty, so that the paper can be filled in by hand. Not here: how a form is drawn
(``dashboard.papers.printing``, ``form.typ``), and which steps a form may take (``domain.grounds``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from dashboard.papers.words import Language
from domain.grounds import Opinion, SiteApproval
from domain.register import Entry


@dataclass(frozen=True, slots=True)
class Pairs:
    """One or two names, each with what it is."""

    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Said:
    """A name, what was said, whether that was yes or no in words, and its day."""

    name: str
    text: str
    outcome: str
    day: str


@dataclass(frozen=True, slots=True)
class People:
    """A name, and who signed or what happened: a small table of its own, with the shares of its columns."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...] = (1.1, 2, 1.9, 1.6)


Row = Pairs | Said | People


@dataclass(frozen=True, slots=True)
class Form:
    """One form. ``number`` and ``digest`` say which entry of the register it shows, ``made`` of when it is."""

    language: Language
    title: str
    number: str
    digest: str
    made: datetime
    rows: tuple[Row, ...]


_LEAST_SIGNATURES = 4  # lines of the annex

_WORDS: dict[Language, dict[str, str]] = {
    Language.ZH: {
        "title": "专项职业能力考场设立审核意见表",
        "applicant": "申请单位",
        "head": "负责人",
        "phone": "联系电话",
        "address": "考场地址及邮编",
        "projects": "申请专项职业能力\n项目",
        "accepted": "受理申报时间",
        "officer": "经办人",
        "review": "审核人员意见",
        "reviewers": "审核人员签名",
        "name": "姓名",
        "employer": "工作单位",
        "qualification": "职业资格/职称/职务",
        "department": "经办部门意见",
        "centre": "市职业技能服务\n中心意见",
        "yes": "（同意）",
        "no": "（不同意）",
        "revoked": "撤销",
        "revoked_from": "自{day}起不再作为定点考场",
        "comma": "、",
        "no_day": "年　　月　　日",
    },
    Language.EN: {
        "title": "Opinions on the Approval of an Exam Site",
        "applicant": "Applicant",
        "head": "Head",
        "phone": "Telephone",
        "address": "Address and postcode of the site",
        "projects": "Projects applied for",
        "accepted": "Accepted on",
        "officer": "Officer",
        "review": "Opinion of the reviewers",
        "reviewers": "Signatures of the reviewers",
        "name": "Name",
        "employer": "Employer",
        "qualification": "Qualification, title or post",
        "department": "Opinion of the department in charge",
        "centre": "Opinion of the city's skill service centre",
        "yes": "(agrees)",
        "no": "(does not agree)",
        "revoked": "Revoked",
        "revoked_from": "No designated exam site any more from {day} on",
        "comma": ", ",
        "no_day": "Date: ____________",
    },
}


def compose(entry: Entry[SiteApproval], language: Language = Language.ZH) -> Form:
    """The form as it stands on record. Raises ValueError for an entry that takes one back."""
    form, said = entry.value, _WORDS[language]
    if form is None:
        raise ValueError(f"{entry.name} takes a form back; there is nothing to print")
    accepted, officer = "", ""
    if form.acceptance is not None:
        accepted, officer = _day(form.acceptance.day, language), form.acceptance.officer
    lines = [(each.name, each.employer, each.qualification, each.phone) for each in form.reviewers]
    lines += [("",) * 4] * (_LEAST_SIGNATURES - len(lines))
    rows: list[Row] = [
        Pairs(((said["applicant"], form.applicant),)),
        Pairs(((said["head"], form.head), (said["phone"], form.phone))),
        Pairs(((said["address"], f"{form.address}  {form.postcode}"),)),
        Pairs(((said["projects"], said["comma"].join(form.projects)),)),
        Pairs(((said["accepted"], accepted), (said["officer"], officer))),
        _said("review", form.review, language),
        People(
            said["reviewers"],
            (said["name"], said["employer"], said["qualification"], said["phone"]),
            tuple(lines),
        ),
        _said("department", form.department, language),
        _said("centre", form.centre, language),
    ]
    if form.revoked is not None:
        rows.append(Pairs(((said["revoked"], said["revoked_from"].format(day=_day(form.revoked, language))),)))
    return Form(language, said["title"], entry.name, entry.sha256, entry.at, tuple(rows))


def _said(name: str, opinion: Opinion | None, language: Language) -> Said:
    said = _WORDS[language]
    if opinion is None:
        return Said(said[name], "", "", said["no_day"])
    return Said(said[name], opinion.text, said["yes" if opinion.agrees else "no"], _day(opinion.day, language))


def _day(day: date, language: Language) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if language is Language.ZH else day.isoformat()
