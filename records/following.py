"""Tells systems of others what people put on record: an event for each act that they may go on from.

The journal is the source, followed by number: an act and its entry are written in one transaction, events and the
number up to which the journal was read in another, so that a kill in between neither loses nor repeats one. Events
lie with the alarms and are sent as these (``records.webhooks``). They hold ids alone: site, batch, sitting, admission
tickets; never names, numbers of documents, marks, or what somebody wrote.
Not here: who wants to hear of it (``records.receivers``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from domain.alarms import Alarm, Kind, Step
from domain.gate import EXITS, ISSUE_DECISIONS
from domain.timeline import Clock, rfc3339
from records.scores import SCORES
from storage.database import Database
from storage.database.alarms import FOLLOWING, RuleState
from storage.database.journal import JournalEntry

_AT_ONCE = 500  # entries of the journal


@dataclass(frozen=True, slots=True)
class _Event:
    """What an act is told as. ``of`` is the kind of its things, whose keys begin with batch and ticket, if any."""

    kind: Kind
    of: str = ""


EVENTS: Mapping[str, _Event] = {
    "give_feedback": _Event(Kind.ROSTER_APPROVED),
    "open_sitting": _Event(Kind.SITTING_OPENED),
    "close_sitting": _Event(Kind.SITTING_CLOSED),
    "score_batch": _Event(Kind.SCORE_CHANGED, SCORES.name),
    "sign_score_batch": _Event(Kind.SCORE_CHANGED, SCORES.name),
    "confirm_score_batch": _Event(Kind.SCORE_CHANGED, SCORES.name),
    "hand_in_results_batch": _Event(Kind.SCORE_CHANGED, SCORES.name),
    "transcribe_scores_batch": _Event(Kind.SCORE_CHANGED, SCORES.name),
    "take_exit": _Event(Kind.EXIT_TAKEN, EXITS.name),
    "confirm_exit": _Event(Kind.EXIT_CONFIRMED, EXITS.name),
    "decide_certificate": _Event(Kind.CERTIFICATE_DECIDED, ISSUE_DECISIONS.name),
}
"""By the act in the journal. The subject of each is a batch, or a sitting as ``batch/number``."""


class Follower:
    """Follows the journal of one database. Not ``tells``: nobody wants to hear of it, and it only keeps up, so that
    who wants to later is not told of what was long before.

    Several may follow one journal: whoever comes second writes nothing and reads again.
    """

    def __init__(self, database: Database, clock: Clock, holder: str, *, tells: bool = True) -> None:
        self._database = database
        self._clock = clock
        self._holder = holder
        self._tells = tells
        self._state: RuleState | None = None

    def follow(self) -> list[Alarm]:
        """Read on to the end of the journal; the events that were written. Raises DatabaseUnavailable.

        Before the first time, whatever the journal tells is history.
        """
        told: list[Alarm] = []
        state = self._state or self._recalled()
        self._state = None
        while state is not None and (entries := self._database.journal.after(_position(state), _AT_ONCE)):
            found = [self._event(entry) for entry in entries] if self._tells else []
            events = [each for each in found if each is not None]
            state = self._written(state, entries[-1].number, events)
            if state is not None:
                told += events
        self._state = state
        return told

    def _recalled(self) -> RuleState | None:
        state = self._database.alarms.state(FOLLOWING)
        if state is not None:
            return state
        head = self._database.journal.head()
        first = RuleState(self._holder, self._clock.now(), "", 0, FOLLOWING)
        return self._written(first, 0 if head is None else head.number, [])

    def _written(self, state: RuleState, position: int, events: list[Alarm]) -> RuleState | None:
        """None where somebody else went on before."""
        known = json.dumps({"position": position})
        new = RuleState(self._holder, self._clock.now(), known, state.version, FOLLOWING)
        if not self._database.alarms.go_on(new, events):
            return None
        return RuleState(new.holder, new.looked, known, state.version + 1, FOLLOWING)

    def _event(self, entry: JournalEntry) -> Alarm | None:
        event = EVENTS.get(entry.act)
        if event is None:
            return None
        known = self._database.setup.batch(entry.subject.partition("/")[0])
        keys = self._database.register.keys_of(event.of, entry.number) if event.of else []
        site = "" if known is None else known.site
        body = _body(entry, event.kind, site, tuple(dict.fromkeys(key.split("/")[1] for key in keys)))
        return Alarm(str(body["id"]), event.kind, Step.DONE, site, self._clock.now(), _text(body))


def _position(state: RuleState) -> int:
    return int(json.loads(state.known)["position"])


def _body(entry: JournalEntry, kind: Kind, site: str, candidates: tuple[str, ...]) -> dict[str, object]:
    batch, _, sitting = entry.subject.partition("/")
    return {
        "id": entry.digest[:32],  # the same whoever writes it, and of no other entry, also after a restore
        "event": kind.value,
        "step": Step.DONE.value,
        "at": rfc3339(entry.at),
        "number": entry.number,
        "site": site or None,
        "batch": batch,
        "sitting": int(sitting) if sitting.isdecimal() else None,
        "candidates": candidates,
        "text": _sentences(kind, batch, sitting, len(candidates)),
    }


def _sentences(kind: Kind, batch: str, sitting: str, candidates: int) -> dict[str, str]:
    zh, en = f"【考鉴】{kind.zh}：批次 {batch}", f"Kaojian: {kind.en}: batch {batch}"
    if sitting:
        zh, en = f"{zh} 第 {sitting} 场", f"{en}, sitting {sitting}"
    if candidates:
        zh, en = f"{zh}，考生 {candidates} 名", f"{en}, {candidates} candidate{'' if candidates == 1 else 's'}"
    return {"zh": zh, "en": en}


def _text(body: Mapping[str, object]) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True)
