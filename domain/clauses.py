"""The clauses of the notice of 2022-08-10 that are judged: what each is called, in the order of the notice.

Ids are those of findings (``domain.law.Finding``). Not here: how they are judged (``analysis.judge``, ``records``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from domain.law import Finding, Ruled, Verdict, fold


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule: ``part`` is the section of the notice, ``zh`` and ``en`` its title."""

    id: str
    part: str
    zh: str
    en: str


CLAUSES: tuple[Clause, ...] = (
    Clause("C1-1", "一", "法定劳动年龄", "working age"),
    Clause("C1-2", "一、二、三", "目录与规范", "catalogue and norm"),
    Clause("C2-1", "二", "职责分工", "who may do what"),
    Clause("C3-1", "三", "证书不分等级", "no level on certificates"),
    Clause("C4-1", "四", "定点考场", "designated site"),
    Clause("C4-2", "四", "特设临时考场", "special temporary site"),
    Clause("C4-3", "四", "专家评估", "experts' opinion"),
    Clause("C4-4", "四", "最大工位数", "number of stations"),
    Clause("C4-5", "四", "考场协议", "agreement"),
    Clause("C4-6", "四", "牌匾", "plate"),
    Clause("C5-1", "五", "考评资格", "qualification of examiners"),
    Clause("C5-2", "五", "临时派遣", "temporary grants"),
    Clause("C6.1-1", "六(一)", "考核计划与初审", "plan and first review"),
    Clause("C6.1-2", "六(一)", "审核时限", "review in time"),
    Clause("C6.1-3", "六(一)", "一次性反馈", "one feedback"),
    Clause("C6.1-4", "六(一)", "按名册考核", "examined as on the roster"),
    Clause("C6.2-1", "六(二)", "考场标识", "signs of rooms and stations"),
    Clause("C6.2-2", "六(二)", "全景监控与备份", "panoramic cameras and backup"),
    Clause("C6.2-3", "六(二)", "全过程录像", "footage of the whole process"),
    Clause("C6.2-4", "六(二)", "无死角", "no blind spot"),
    Clause("C6.2-5", "六(二)", "录像保管", "footage kept"),
    Clause("C6.3-1", "六(三)", "考评人员人数", "number of examiners"),
    Clause("C6.3-2", "六(三)", "考评人员配比", "candidates for each examiner"),
    Clause("C6.3-3", "六(三)", "考评组长", "leader of the panel"),
    Clause("C6.3-4", "六(三)", "考评员证卡", "badges of examiners"),
    Clause("C6.3-5", "六(三)", "市中心派遣", "sent by the city centre"),
    Clause("C6.4-1", "六(四)", "试卷交接", "hand-over of papers"),
    Clause("C6.5-1", "六(五)", "考核方式与时长", "method and duration"),
    Clause("C6.5-2", "六(五)", "评分人", "who gave the scores"),
    Clause("C6.5-3", "六(五)", "成绩", "scores"),
    Clause("C6.6-1", "六(六)", "阅卷", "marking of papers"),
    Clause("C6.7-1", "六(七)", "双随机抽取", "double random draw"),
    Clause("C6.7-2", "六(七)", "督导反馈", "feedback of supervision"),
    Clause("C6.7-3", "六(七)", "督导员证卡", "badges of supervisors"),
    Clause("C7-1", "七", "空白证书", "blank certificates"),
    Clause("C7-2", "七", "省平台查询", "query in the province's list"),
    Clause("C8-1", "八", "补贴申领", "subsidy claims"),
    Clause("C9-1", "九", "档案材料", "dossier"),
    Clause("C9-2", "九", "保存期限", "time of keeping"),
    Clause("C10-1", "十(二)", "凭考核发证", "no certificate without an exam"),
    Clause("C10-2", "十(二)", "成绩异动", "changes and patterns of scores"),
)

_PLACES = {clause.id: place for place, clause in enumerate(CLAUSES)}


def in_order(found: Iterable[Ruled]) -> tuple[Ruled, ...]:
    """Findings in the order of the notice. Raises KeyError for one of a clause that is not in the list."""
    return tuple(sorted(found, key=lambda each: _PLACES[each.finding.id]))


def together(id_: str, found: Iterable[tuple[str, str, Finding]]) -> Finding:
    """One finding for several of the same clause, each with what it is of in both languages: the verdicts folded, and
    what led to it told first. Where all say the same of themselves, they are told all the same, each by its name.
    """
    each_of = list(found)
    verdict = fold(one.verdict for _, _, one in each_of)
    told = sorted(each_of, key=lambda one: one[2].verdict is not verdict)
    zh = "".join(f"{of}：{one.zh}" for of, _, one in told)
    return Finding(id_, verdict, zh, " ".join(f"{of}: {one.en}" for _, of, one in told))


def while_it_lasts(ruled: Ruled) -> Ruled:
    """The same finding while it may still be put on record: what is not known yet is outstanding."""
    finding = ruled.finding
    if finding.verdict is not Verdict.UNKNOWN:
        return ruled
    return Ruled(Finding(finding.id, Verdict.PENDING, finding.zh, finding.en), ruled.rests_on)
