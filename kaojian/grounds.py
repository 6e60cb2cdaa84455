"""How grounds and the verdicts on them are shown: tables for people, JSON for programs. No rules here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic_core import to_jsonable_python
from rich.table import Table

from domain.grounds import Agreement, ExpertOpinion, Plate, Requirement, SiteApproval, SpecialSite
from domain.law import Ruled
from domain.register import Entry
from records.grounds import Grounds


def to_json(grounds: Grounds) -> dict[str, Any]:
    """Every entry with its value as it stands in the register, who entered it and when."""
    return {"site": grounds.site, "entries": [_entry_json(entry) for entry in _entries(grounds)]}


def tables(grounds: Grounds) -> tuple[Table, ...]:
    """One line for each thing, with its entry: 事项, what it says, 登记事项."""
    table = Table(title=f"考场 site {grounds.site}")
    for title in ("事项", "what", "内容 says", "登记事项 entry"):
        table.add_column(title, overflow="fold")
    for zh, en, says, entry in _lines(grounds):
        table.add_row(zh, en, says, entry.name)
    return (table,)


def ruled_json(batch: str, found: Iterable[Ruled]) -> dict[str, Any]:
    """The verdicts of a batch's grounds."""
    return {"batch": batch, "findings": [to_jsonable_python(each.finding) | _on(each) for each in found]}


def ruled_table(batch: str, found: Iterable[Ruled]) -> Table:
    """One line for each rule."""
    table = Table(title=f"批次 batch {batch}")
    for title in ("条款 rule", "判定 verdict", "说明", "says", "依据 rests on"):
        table.add_column(title, overflow="fold")
    for each in found:
        finding = each.finding
        verdict = f"{finding.verdict.zh} {finding.verdict}"
        table.add_row(finding.id, verdict, finding.zh, finding.en, "\n".join(each.rests_on))
    return table


def _on(ruled: Ruled) -> dict[str, list[str]]:
    return {"rests_on": list(ruled.rests_on)}


def _entries(grounds: Grounds) -> Iterator[Entry[Any]]:
    """In the order of the notice; of the institutions, those that the site's papers name."""
    yield from grounds.named_institutions
    for entry in (grounds.premises, *grounds.specials, *grounds.approvals, *grounds.opinions, *grounds.agreements):
        if entry is not None:
            yield entry
    if grounds.plate is not None:
        yield grounds.plate


def _lines(grounds: Grounds) -> Iterator[tuple[str, str, str, Entry[Any]]]:
    for entry in _entries(grounds):
        zh, en = _NAMES[entry.kind]
        yield zh, en, _says(entry.value), entry


_NAMES = {
    "institution": ("考核机构", "institution"),
    "premises": ("场所", "premises"),
    "special_site": ("特设临时考场", "special temporary site"),
    "site_approval": ("考场设立审核意见表", "form of approval"),
    "expert_opinion": ("专家书面意见", "expert opinion"),
    "agreement": ("考场协议", "agreement"),
    "plate": ("牌匾", "plate"),
}


def _says(value: Any) -> str:
    match value:
        case SiteApproval():
            return _approval(value)
        case ExpertOpinion():
            stations = ", ".join(f"{each.project} {each.stations}" for each in value.ceilings)
            signed, count = value.signed or "—", len(value.experts)
            return f"签字 signed {signed}；{count}名专家 experts；工位 stations: {stations or '—'}"
        case Agreement():
            stations = ", ".join(f"{each.project} {each.stations}" for each in value.scope)
            return f"{value.begins} — {value.last_day}；工位 stations: {stations}"
        case SpecialSite():
            consent = value.consent
            said = "待同意 pending" if consent is None else "同意 consent" if consent.agrees else "不同意 refused"
            return f"{value.area.zh} {value.area}；{value.host_unit}；{said}"
        case Plate():
            return f"“{value.wording}”；{value.measured}"
    stays = "；".join(f"{stay.since} {stay.institution} {stay.address}" for stay in getattr(value, "stays", ()))
    return f"{value.kind.zh} {value.kind}；{stays}" if stays else str(value.name)


def _approval(form: SiteApproval) -> str:
    said = f"{form.step.zh} {form.step}"
    if form.centre is not None:
        said += f"（{'同意 agrees' if form.centre.agrees else '不同意 refused'} {form.centre.day}）"
    if form.revoked is not None:
        said += f"；{form.revoked} 撤销 revoked"
    lacking = [each for each in Requirement if form.condition(each) is not True]
    conditions = (
        "齐备 met" if not lacking else "、".join(f"{each.zh} {each}" for each in lacking) + " 未具备或未记录 open"
    )
    return f"{said}；{form.address}；条件 conditions: {conditions}"


def _entry_json(entry: Entry[Any]) -> dict[str, Any]:
    return {
        "entry": entry.name,
        "at": to_jsonable_python(entry.at),
        "by": entry.actor.name,
        "reason": entry.reason,
        "sha256": entry.sha256,
        "value": to_jsonable_python(entry.value),
    }
