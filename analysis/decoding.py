"""Opens closed segments from whichever copy answers and has them examined: the Observation on which coverage rests,
and the Look on which it rests what their pictures show.

What an observation can say besides what a file shows (``analysis.examination``):

- DAMAGED without spans: other bytes than its hash in every copy that answers.
- MISSING: every place answers and none has the file.

While a place does not answer (a spool that this host cannot see is one), nothing is known and nothing is written; the
segment is asked for again. Not here: who does the errands (``analysis.crew``), what is measured (``analysis.eye``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import structlog

from analysis.crew import Hands, HandsLost, OneHand
from analysis.examination import Errand, Examined, examine_open
from analysis.looking import Looking, Target
from domain.evidence import Observation, Segment, SegmentState
from domain.timeline import Clock
from storage.archive import Archive, NoCopyAnswers
from storage.database import Evidence
from storage.database.looks import MOST_FAILURES
from storage.errors import RowRefused, UnknownRow

AT_ONCE = 16  # segments of one round
IDLE_S = 0.5  # between rounds that found nothing
RESTING_S = 30.0  # a segment that could not be read is not asked for again before
LOOK_RESTING_S = 600.0  # one whose pictures could not be measured
LONGEST_PAUSE_S = 15.0


def observe(archive: Archive, segment: Segment, clock: Clock) -> Observation:
    """Open a segment from whichever copy answers with the right bytes and decode all of it.

    Raises NoCopyAnswers while a place that may hold a copy does not answer; OSError if the open copy cannot be
    read any more.
    """
    try:
        with archive.opened(segment) as file:
            return examine_open(file, Errand(segment, b"", clock.now())).observation
    except NoCopyAnswers as answer:
        return _without_copy(segment, answer, clock)


def _without_copy(segment: Segment, answer: NoCopyAnswers, clock: Clock) -> Observation:
    """Raises the answer itself while a place that may hold a copy does not answer."""
    if answer.unreachable:
        raise answer
    state = SegmentState.DAMAGED if answer.damaged else SegmentState.MISSING
    return Observation(segment.key, clock.now(), state, 0, (), str(answer))


def observe_pending(evidence: Evidence, archive: Archive, clock: Clock, limit: int = AT_ONCE) -> int:
    """Observe up to ``limit`` segments that nobody opened yet, oldest first; how many were.

    Segments that cannot be read now are left for later. Raises DatabaseUnavailable.
    """
    return DecodingWorker(evidence, archive, clock).observe_pending(limit)


@dataclass(frozen=True, slots=True)
class _Flight:
    """A segment that is being examined; ``copy`` is closed when it is done."""

    segment: Segment
    target: Target | None
    copy: ExitStack
    first: bool  # nobody opened it before: its observation is wanted


class DecodingWorker:
    """Observes what is pending, round after round, until told to stop; then looks again where that is wanted.

    A segment that cannot be read rests for ``RESTING_S`` and is reported once (``segment_unreadable``); it does not
    hold up the others. A segment found missing or damaged is reported (``segment_not_usable``). A round that fails
    as a whole is reported once until one succeeds (``decoding_round_failed``), with growing pauses. Where pictures
    could not be measured the observation stands by itself, it is told once (``look_failed``), and a look is owed to
    it until one succeeds or ``MOST_FAILURES`` failed (``look_given_up``): until then, and after that for good, nobody
    knows what it shows. A segment that no process survives so many times is damaged.

    Errands are done by ``hands``, here and one after the other without any; without ``looking`` no picture is looked
    at. Rows are written here alone.
    """

    def __init__(
        self,
        evidence: Evidence,
        archive: Archive,
        clock: Clock,
        at_once: int = AT_ONCE,
        *,
        hands: Hands | None = None,
        looking: Looking | None = None,
    ) -> None:
        self._evidence = evidence
        self._archive = archive
        self._clock = clock
        self._at_once = at_once
        self._hands = hands or OneHand()
        self._looking = looking
        self._log = structlog.get_logger()
        self._resting: dict[str, float] = {}  # key of an unreadable segment -> monotonic instant of its next try
        self._reported: set[str] = set()
        self._lost: dict[str, int] = {}  # key of a segment -> how often no process survived it
        self._broken_since: float | None = None
        self._pause_s = IDLE_S

    def run(self, stop: threading.Event) -> None:
        """Returns soon after ``stop`` is set, once the segments in hand are done."""
        while not stop.wait(self.round(stop)):
            pass

    def round(self, stop: threading.Event | None = None) -> float:
        """One round. Returns how many seconds to wait before the next: none while there is more to do."""
        try:
            done = self.observe_pending(self._at_once, stop)
            if done < self._at_once:
                done += self.look_again(self._at_once - done, stop)
        except Exception as error:  # noqa: BLE001 - the top of a supervised loop: decoding must go on
            if self._broken_since is None:
                self._broken_since = self._clock.monotonic()
                self._log.error("decoding_round_failed", error=str(error), kind=type(error).__name__)
            self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)
            return self._pause_s
        if self._broken_since is not None:
            seconds = round(self._clock.monotonic() - self._broken_since, 1)
            self._broken_since = None
            self._log.info("decoding_back", seconds=seconds)
        self._pause_s = IDLE_S
        return 0.0 if done == self._at_once else IDLE_S

    def observe_pending(self, limit: int, stop: threading.Event | None = None) -> int:
        """Like the function of that name; ends early, between two segments, when ``stop`` is set."""
        return self._examined(
            [(segment, self._target(segment)) for segment in self._pending(limit)], stop, first=True
        )

    def look_again(self, limit: int, stop: threading.Event | None = None) -> int:
        """Look at up to ``limit`` segments that were opened and wait for a look; how many were looked at."""
        if self._looking is None:
            return 0
        return self._examined(self._looking.waiting(limit, without=self._resting), stop, first=False)

    def _target(self, segment: Segment) -> Target | None:
        return None if self._looking is None else self._looking.target(segment)

    def _pending(self, limit: int) -> list[Segment]:
        now = self._clock.monotonic()
        self._resting = {key: until for key, until in self._resting.items() if until > now}
        found = self._evidence.segments_without_observation(limit + len(self._resting))
        return [segment for segment in found if segment.key not in self._resting][:limit]

    def _examined(
        self, wanted: Iterable[tuple[Segment, Target | None]], stop: threading.Event | None, *, first: bool
    ) -> int:
        done, flying = 0, dict[Future[Examined], _Flight]()
        try:
            for segment, target in wanted:
                if stop is not None and stop.is_set():
                    break
                if len(flying) >= self._hands.size:
                    done += self._land(flying)
                done += self._launch(_Flight(segment, target, ExitStack(), first), flying)
            while flying:
                done += self._land(flying)
        finally:
            for flight in flying.values():
                flight.copy.close()
        return done

    def _launch(self, flight: _Flight, flying: dict[Future[Examined], _Flight]) -> int:
        """Open a copy and send it off; 1 where there was none to open, and that is written down at once."""
        try:
            file = flight.copy.enter_context(self._archive.opened(flight.segment))
            flying[self._hands.submit(self._errand(flight, file))] = flight
        except NoCopyAnswers as answer:
            try:
                found = _without_copy(flight.segment, answer, self._clock)
            except NoCopyAnswers:
                self._rest(flight.segment, answer)
                return 0
            self._keep(flight, Examined(found, ()))
            return 1
        except OSError as error:
            flight.copy.close()
            self._rest(flight.segment, error)
        return 0

    def _errand(self, flight: _Flight, file: BinaryIO) -> Errand:
        name = getattr(file, "name", None)
        where = Path(name) if isinstance(name, str) else file.read()
        target = flight.target
        if target is None:
            return Errand(flight.segment, where, self._clock.now())
        return Errand(flight.segment, where, self._clock.now(), target.measure, target.calibration)

    def _land(self, flying: dict[Future[Examined], _Flight]) -> int:
        """Wait for one errand at least, and write what was found; how many were."""
        done = 0
        for future in wait(flying, return_when=FIRST_COMPLETED).done:
            flight = flying.pop(future)
            with flight.copy:
                try:
                    found = future.result()
                except HandsLost as error:
                    done += self._lost_hands(flight, error)
                    continue
                except OSError as error:
                    self._rest(flight.segment, error)
                    continue
                self._keep(flight, found)
                done += 1
        return done

    def _lost_hands(self, flight: _Flight, error: HandsLost) -> int:
        """A file that no process can decode is damaged, once that was tried some times; 1 where it is that."""
        key = flight.segment.key
        self._lost[key] = self._lost.get(key, 0) + 1
        if self._lost[key] < MOST_FAILURES:
            self._rest(flight.segment, error)
            return 0
        del self._lost[key]
        detail = f"no process could decode it, {MOST_FAILURES} times: {error}"
        damaged = Observation(key, self._clock.now(), SegmentState.DAMAGED, 0, (), detail)
        self._keep(flight, Examined(damaged, None, str(error)))
        return 1

    def _keep(self, flight: _Flight, found: Examined) -> None:
        """Look first: what is written of a segment that nobody opened yet is written again after a crash."""
        key, observation = flight.segment.key, found.observation
        if flight.target is not None:
            self._keep_look(flight.segment, flight.target, found)
        if not flight.first:
            return
        self._evidence.add_observation(observation)
        self._reported.discard(key)
        if observation.state is not SegmentState.OK:
            state, detail = observation.state.value, observation.detail
            self._log.warning("segment_not_usable", segment=key, state=state, detail=detail)

    def _keep_look(self, segment: Segment, target: Target, found: Examined) -> None:
        if self._looking is None:
            return
        trouble = found.trouble or "nobody looked"
        if found.samples is not None:
            try:
                self._looking.keep(segment, target, found.samples)
            except (RowRefused, UnknownRow, ValueError) as error:
                trouble = str(error)
            else:
                return
        self._resting[segment.key] = self._clock.monotonic() + LOOK_RESTING_S
        if f"look {segment.key}" not in self._reported:
            self._reported.add(f"look {segment.key}")
            self._log.warning("look_failed", segment=segment.key, reason=trouble)
        if self._looking.failed(segment) == MOST_FAILURES:
            self._log.error("look_given_up", segment=segment.key, tries=MOST_FAILURES, reason=trouble)

    def _rest(self, segment: Segment, error: Exception) -> None:
        self._resting[segment.key] = self._clock.monotonic() + RESTING_S
        if segment.key not in self._reported:
            self._reported.add(segment.key)
            self._log.warning("segment_unreadable", segment=segment.key, reason=str(error))
