"""How it stands between us and one camera: a pure state machine over what the recorder meets.

Not coverage: which second is missing, and why, is told by outages. A state is for people who want to know which
camera to look after, so it is slow to speak of loss and does not flood:

- *stalled* when the connection stands and no picture comes for the stall limit; *refused* as soon as a camera that
  was never or no longer live says no; *lost* only when no picture came for LOST_AFTER, so that a connection that
  breaks and is made again at once is *connecting* in between.
- A camera that changes its state more than FLAPS times within FLAP_WINDOW is told of again when that window allows
  it, once, with the number of changes since; none goes uncounted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.evidence import CameraState

LOST_AFTER = timedelta(seconds=2)
FLAPS = 6
FLAP_WINDOW = timedelta(minutes=1)


class Happening(StrEnum):
    """What the recorder met."""

    PICTURES = "pictures"  # they come, and the disk takes them
    SILENCE = "silence"  # the connection stands without a picture
    REFUSAL = "refusal"  # the camera answered and said no, or offers nothing that can be recorded
    BREAK = "break"  # the connection ended, or none could be made, or the disk does not take pictures
    NOTHING = "nothing"  # time went by


@dataclass(frozen=True, slots=True)
class Told:
    """A change worth an event. ``changes`` counts those since the last event, this one included.

    ``dark`` is set on a return to pictures: how long there had been none.
    """

    state: CameraState
    changes: int
    dark: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of one camera; ``dark_since`` is None while pictures come."""

    state: CameraState
    dark_since: datetime | None
    told: tuple[datetime, ...] = ()
    changes: int = 0
    dark: timedelta | None = None  # the darkness before the pictures that come now


def begun(now: datetime) -> Watch:
    """A camera that is wanted from now on."""
    return Watch(CameraState.CONNECTING, now, changes=1)


def after(watch: Watch, happening: Happening, now: datetime) -> tuple[Watch, Told | None]:
    """The next state, and what is to be told of it, if anything."""
    moved = _moved(watch, happening, now)
    told = tuple(instant for instant in moved.told if now - FLAP_WINDOW < instant <= now)
    moved = replace(moved, told=told)
    if moved.changes == 0 or len(told) >= FLAPS:
        return moved, None
    dark = moved.dark if moved.state is CameraState.LIVE else None
    event = Told(moved.state, moved.changes, dark)
    return replace(moved, told=(*told, now), changes=0), event


def _moved(watch: Watch, happening: Happening, now: datetime) -> Watch:
    if happening is Happening.PICTURES:
        if watch.state is CameraState.LIVE:
            return watch
        dark = now - watch.dark_since if watch.dark_since is not None else None
        return replace(watch, state=CameraState.LIVE, dark_since=None, dark=dark, changes=watch.changes + 1)
    if happening is Happening.NOTHING and watch.dark_since is None:
        return watch
    since = watch.dark_since or now
    state = _dark_state(watch.state, happening, now - since)
    return replace(watch, state=state, dark_since=since, changes=watch.changes + (state is not watch.state))


def _dark_state(state: CameraState, happening: Happening, dark: timedelta) -> CameraState:
    match happening:
        case Happening.SILENCE:
            return CameraState.STALLED
        case Happening.REFUSAL:
            return CameraState.REFUSED
        case Happening.BREAK if dark >= LOST_AFTER:
            return CameraState.LOST
        case Happening.BREAK if state is CameraState.LIVE:
            return CameraState.CONNECTING
        case Happening.NOTHING if state is CameraState.CONNECTING and dark >= LOST_AFTER:
            return CameraState.LOST
        case _:
            return state
