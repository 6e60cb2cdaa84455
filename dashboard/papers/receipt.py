"""The evidence receipt as one page: its code in letters and as a QR code, what it stands for, and how it is checked.

Whoever holds a certificate may hold this page and hand it on: it names no person and no number of a document. The
admission ticket stands on it only where there is no number of a certificate yet. Not here: what a receipt is and
whether it holds (``domain.receipt``, ``records.receipts``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dashboard.papers.sheet import Facts, Heading, Paper, Remark, Steps
from dashboard.papers.words import Language
from domain.calendar import SHANGHAI, local_day
from domain.places import Sitting
from domain.receipt import Receipt, code_of

SCHEME = "KAOJIAN-RECEIPT"
"""What the QR code begins with, before a colon and the code, where no address for checking is set."""


@dataclass(frozen=True, slots=True)
class Held:
    """Where and when the exam of a receipt was held: names of project and site, and the days."""

    project: str
    site: str
    days: tuple[date, ...]


def held(receipt: Receipt, sittings: Sequence[Sitting]) -> Held:
    """Of the sittings of its batch, as they are known now."""
    if not sittings:
        return Held("", receipt.site, ())
    days = tuple(local_day(each.start) for each in sittings)
    return Held(sittings[0].batch.project, sittings[0].site.name, days)


def address_at(pages: str) -> str:
    """Where receipts are checked, to put a code behind; "" where it is not known where browsers reach the pages."""
    return f"{pages}/receipt/" if pages else ""


_WORDS: dict[Language, dict[str, str]] = {
    Language.ZH: {
        "title": "考核证据回执",
        "subtitle": "专项职业能力考核",
        "code": "回执码",
        "certificate": "证书编号",
        "ticket": "准考证号",
        "project": "考核项目",
        "site": "考场",
        "batch": "批次",
        "days": "考核日期",
        "made": "出具时间",
        "clock": "北京时间",
        "root": "根值",
        "stands_for": "本回执对应的证据",
        "entries": "登记条目",
        "entries_of": "{n} 条（名册、签到、座位、成绩、决定等）",
        "footage": "现场录像",
        "footage_of": "批次证据清单（已签名）",
        "scans": "归档材料",
        "scans_of": "{n} 份扫描件",
        "check": "如何核对",
        "step_1": "扫描二维码或抄录回执码，向出具单位查询；也可在其主机上执行 kaojian receipt check 加回执码。",
        "step_2": "系统按现存的登记、签名清单和档案扫描件重新计算，只回答“一致”或“已变动”，不展示录像和个人信息。",
        "step_3": "回执码与上面根值的前 160 位相同；另造一份档案得到同样的回执码，须试算 2 的 160 次方次。",
        "privacy": "本回执不含姓名和证件号码。",
    },
    Language.EN: {
        "title": "Evidence receipt",
        "subtitle": "Specific occupational skill assessment",
        "code": "Code",
        "certificate": "Certificate no.",
        "ticket": "Admission ticket",
        "project": "Project",
        "site": "Site",
        "batch": "Batch",
        "days": "Exam days",
        "made": "Made",
        "clock": "Beijing time",
        "root": "Root",
        "stands_for": "What this receipt stands for",
        "entries": "Entries of the register",
        "entries_of": "{n} (roster, sign-in, seat, scores, decision and the like)",
        "footage": "Footage",
        "footage_of": "the signed manifest of the batch",
        "scans": "Scans in the dossier",
        "scans_of": "{n}",
        "check": "How to check it",
        "step_1": "Scan the QR code or copy the code, and ask whoever issued it; or run kaojian receipt check with "
        "the code on their host.",
        "step_2": "All is computed anew from the register, the signed manifest and the scans. The answer is that it "
        "is as it was, or is not: no footage and nothing personal is shown.",
        "step_3": "The code is the first 160 bits of the root above. Who wants another dossier under the same code "
        "has to try 2 to the power of 160 of them.",
        "privacy": "This receipt holds no name and no number of an identity document.",
    },
}


def compose(receipt: Receipt, held: Held, language: Language = Language.ZH, *, address: str = "") -> Paper:
    """The page. ``address`` is where the code is checked, for the QR code to lead to; the code is put behind it."""
    said, code = _WORDS[language], code_of(receipt.root)
    made = receipt.made_at.astimezone(SHANGHAI)
    number = (said["certificate"], receipt.certificate) if receipt.certificate else (said["ticket"], receipt.ticket)
    of_register = sum(leaf.label.startswith("entry ") for leaf in receipt.leaves)
    of_dossier = sum(leaf.label.startswith("scan ") for leaf in receipt.leaves)
    return Paper(
        language=language,
        title=said["title"],
        subtitle=said["subtitle"],
        number=f"{receipt.form} {code}",
        code=f"{address}{code}" if address else f"{SCHEME}:{code}",
        code_label=said["code"],
        made=receipt.made_at,
        blocks=(
            Facts((((said["code"], code),),)),
            Facts(
                (
                    (number, (said["batch"], receipt.batch)),
                    ((said["project"], held.project), (said["site"], held.site)),
                    (
                        (said["days"], _days(held.days)),
                        (said["made"], f"{made:%Y-%m-%d %H:%M:%S} {said['clock']}"),
                    ),
                    ((said["root"], receipt.root),),
                )
            ),
            Heading(said["stands_for"]),
            Facts(
                (
                    ((said["entries"], said["entries_of"].format(n=of_register)),),
                    ((said["footage"], said["footage_of"]),),
                    ((said["scans"], said["scans_of"].format(n=of_dossier)),),
                )
            ),
            Heading(said["check"]),
            Steps((said["step_1"], said["step_2"], said["step_3"])),
            Remark(said["privacy"], small=True),
        ),
    )


def _days(days: Sequence[date]) -> str:
    ordered = sorted(set(days))
    return f"{ordered[0]} … {ordered[-1]}" if len(ordered) > 1 else "".join(map(str, ordered))
