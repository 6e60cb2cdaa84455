"""质量督导 (clause 六(七)): supervisors, visits of a batch, what they answered and found, and their feedback.

A visit goes one way: it runs, ends, gives its feedback and is published; what was said before the end stays as it is.
Not here: who is drawn for a visit (``domain.draws``), and what must hold before any of it is entered
(``records.supervision``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.register import Kind


class Side(StrEnum):
    """Whose supervisor somebody is (人社职司便函〔2020〕53号)."""

    EXTERNAL = "external"  # 外督, appointed by the authority
    INTERNAL = "internal"  # 内督, of the body that examines

    @property
    def zh(self) -> str:
        return "外督" if self is Side.EXTERNAL else "内督"


class Ground(StrEnum):
    """Why a supervisor has nothing to do with a site or a batch. A closed list, since pools are published."""

    KINSHIP = "kinship"
    EMPLOYMENT = "employment"
    TEACHING = "teaching"
    EXAMINING = "examining"
    INTEREST = "interest"
    UNABLE = "unable"

    @property
    def zh(self) -> str:
        return _GROUNDS[self]


_GROUNDS: Mapping[Ground, str] = {
    Ground.KINSHIP: "亲属关系",
    Ground.EMPLOYMENT: "任职关系",
    Ground.TEACHING: "师生关系",
    Ground.EXAMINING: "担任考评员",
    Ground.INTEREST: "利害关系",
    Ground.UNABLE: "不能到场",
}


@dataclass(frozen=True, slots=True)
class Supervisor:
    """质量督导员, known by the key of the entry. The badge 证卡 is valid on both days and on those between.

    ``account`` is the account that they look at footage with, "" where they have none.
    """

    name: str
    badge: str
    valid_from: date
    valid_to: date
    side: Side
    unit: str
    account: str = ""


@dataclass(frozen=True, slots=True)
class Recusal:
    """回避: that a supervisor is not sent to the site, or to the batch, that ``of`` names."""

    supervisor: str
    of: str
    ground: Ground


SUPERVISORS = Kind("supervisor", Supervisor)
RECUSALS = Kind("supervisor_recusal", Recusal)


class Basis(StrEnum):
    """Why there is a visit. What was aimed at somebody never passes for drawn."""

    DRAWN = "drawn"
    TARGETED = "targeted"

    @property
    def zh(self) -> str:
        return "随机抽取" if self is Basis.DRAWN else "定向检查"


class Way(StrEnum):
    """How a batch is looked at."""

    ON_SITE = "on_site"
    ONLINE = "online"  # by footage; then with the pictures that were looked at

    @property
    def zh(self) -> str:
        return "现场督导" if self is Way.ON_SITE else "线上督导"


class Said(StrEnum):
    """An answer to a question of the list. What nobody saw is not a yes."""

    YES = "yes"
    NO = "no"
    NOT_SEEN = "not_seen"

    @property
    def zh(self) -> str:
        return {"yes": "是", "no": "否", "not_seen": "未见"}[self.value]


class Severity(StrEnum):
    """How much a finding weighs."""

    NOTE = "note"
    MINOR = "minor"
    MAJOR = "major"

    @property
    def zh(self) -> str:
        return {"note": "提示", "minor": "一般", "major": "严重"}[self.value]


@dataclass(frozen=True, slots=True)
class Question:
    """One line of the list that a visit goes through; ``id`` is kept and never changed."""

    id: str
    zh: str
    en: str


CHECKLIST: tuple[Question, ...] = (
    Question("on-time", "考评员按时到岗", "Examiners were there on time"),
    Question("sent", "考评员由市中心派遣并佩戴证卡", "Examiners were sent by the city centre and wore their badges"),
    Question("papers", "核对试卷", "Papers were checked"),
    Question("identity", "查验考生身份，无替考", "Identities were checked and nobody sat for another"),
    Question("tools", "检查工卡量具", "Tools and gauges were checked"),
    Question("rules-read", "宣读考场守则", "The rules of the room were read out"),
    Question("patrols", "考评员巡视考场", "Examiners went round the room"),
    Question("warnings", "警告记入考场记录表", "Warnings were written into the exam-room record"),
    Question("standard", "按评分标准评分", "Marks followed the standard"),
    Question("no-cheating", "未见违纪舞弊", "Nobody was seen cheating"),
    Question("record", "考场记录表填写完整", "The exam-room record was filled in"),
    Question("seating", "座位编排符合要求", "Candidates were seated as they had to be"),
    Question("tidy", "考场整洁，间距符合要求", "The room was tidy, with the distances that are asked for"),
    Question("equipment", "设备完好，材料齐全", "Equipment worked and materials were complete"),
    Question("procedure", "考务程序规范", "The procedure was followed"),
    Question("fees", "收费规范", "Fees were as they had to be"),
    Question("labels", "考场号、座号、工位号明示", "Numbers of rooms, seats and stations were shown"),
)
"""What a patrol looks at, after the record of patrols 巡考记录表 that cities use; in the order of the form."""

QUESTIONS: Mapping[str, Question] = {question.id: question for question in CHECKLIST}


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture that was looked at: of which camera, and of when."""

    camera: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said to one question, with a note and the pictures that show it."""

    question: str
    said: Said
    note: str = ""
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """问题: one finding, in words, with the pictures that show it."""

    severity: Severity
    text: str
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Attendance:
    """A supervisor at a visit: the badge that was worn, "" where it was seen that none was, None where nobody
    looked."""

    supervisor: str
    badge: str | None


@dataclass(frozen=True, slots=True)
class Feedback:
    """反馈: what was told to the site, at the instant at which it was put on record."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Visit:
    """督导 of one batch. ``draw`` names the draw that it rests on, ``reason`` why it was aimed at the batch."""

    batch: str
    site: str
    basis: Basis
    way: Way
    attended: tuple[Attendance, ...]
    begun: datetime
    draw: str = ""
    reason: str = ""
    ended: datetime | None = None
    answers: tuple[Answer, ...] = ()
    found: tuple[Found, ...] = ()
    feedback: Feedback | None = None
    published: datetime | None = None

    @property
    def frames(self) -> tuple[Frame, ...]:
        """All pictures that its answers and findings rest on."""
        answers = (frame for each in self.answers for frame in each.frames)
        return (*answers, *(frame for each in self.found for frame in each.frames))

    @property
    def supervisors(self) -> tuple[str, ...]:
        return tuple(each.supervisor for each in self.attended)

    def unanswered(self) -> tuple[Question, ...]:
        """The questions that nothing was said to."""
        said = {each.question for each in self.answers}
        return tuple(question for question in CHECKLIST if question.id not in said)


VISITS = Kind("visit", Visit)
