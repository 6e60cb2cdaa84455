"""检索: by what footage is looked for, and why there may be none to look for.

Not here: the looking (``records.retrieval``).
"""

from __future__ import annotations

from enum import StrEnum


class By(StrEnum):
    """By what footage is looked for."""

    CERTIFICATE = "certificate"
    TICKET = "ticket"
    NAME = "name"
    NUMBER = "number"  # of a document
    PLACE = "place"


class NoStay(StrEnum):
    """Why there is no stay where a candidate had a seat."""

    ABSENT = "absent"
    NOT_SIGNED_IN = "not_signed_in"
    NO_SUCH_SITTING = "no_such_sitting"
    NO_TIME = "no_time"  # what is on record leaves no time at the station

    @property
    def zh(self) -> str:
        return _NO_STAYS[self][0]

    @property
    def en(self) -> str:
        return _NO_STAYS[self][1]


_NO_STAYS = {
    NoStay.ABSENT: ("登记为缺考，没有本人的考试录像", "absent by the record, so no footage is theirs"),
    NoStay.NOT_SIGNED_IN: (
        "没有签到记录，不能确定本人何时在何工位",
        "no sign-in tells when they were at which station",
    ),
    NoStay.NO_SUCH_SITTING: ("批次中没有该场次", "the batch has no such sitting"),
    NoStay.NO_TIME: ("登记的时间不在考试时段内", "by the record they were at no station during the exam"),
}


def masked_name(name: str) -> str:
    """A name as it is shown to who looks for footage: its first character, and how many more there are."""
    return name[:1] + "*" * (len(name) - 1) if len(name) > 1 else "*" * len(name)
