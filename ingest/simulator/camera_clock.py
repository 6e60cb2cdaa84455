"""The clock inside a simulated camera: one oscillator that drives frames, RTP time and the burnt-in time of day.

It starts right and follows the host's monotonic clock; a drift makes it run fast, a standstill stops it for a while,
an offset sets only its time of day wrong. Elapsed time is seconds by the camera's oscillator since its start. Safe to
read from any thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.timeline import Clock


@dataclass(frozen=True, slots=True)
class _Setting:
    monotonic: float  # from here on it counts
    elapsed: float
    rate: float
    wall: datetime  # the time of day the camera believes in, at ``elapsed``


class CameraClock:
    """Changed only from one thread; each change is one swap of a frozen setting."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._setting = _Setting(clock.monotonic(), 0.0, 1.0, clock.now())

    def elapsed(self) -> float:
        """Seconds since the start, by the camera's oscillator."""
        return self._elapsed_at(self._setting, self._clock.monotonic())

    def wall_at(self, elapsed: float) -> datetime:
        """The camera's time of day when its oscillator had counted that far."""
        setting = self._setting
        return setting.wall + timedelta(seconds=elapsed - setting.elapsed)

    def seconds_until(self, elapsed: float) -> float:
        """Host seconds until the oscillator has counted that far; negative when it has passed."""
        setting = self._setting
        return setting.monotonic + (elapsed - setting.elapsed) / setting.rate - self._clock.monotonic()

    def set_ahead(self, seconds: float) -> None:
        """Step the time of day; frames and RTP time go on unbroken."""
        self._setting = replace(self._setting, wall=self._setting.wall + timedelta(seconds=seconds))

    def stand_still(self, seconds: float) -> None:
        """Stop counting for so long from now on; the time of day is right again behind it."""
        setting, now = self._setting, self._clock.monotonic()
        elapsed = self._elapsed_at(setting, now)
        wall = setting.wall + timedelta(seconds=elapsed - setting.elapsed + seconds)
        self._setting = _Setting(max(now, setting.monotonic) + seconds, elapsed, setting.rate, wall)

    def drift(self, ppm: float) -> Callable[[], None]:
        """Let the oscillator run that much faster from now on. What is returned ends it and sets the clock right."""
        begun = self._clock.monotonic()
        self._change_rate(ppm * 1e-6)

        def end() -> None:
            self._change_rate(-ppm * 1e-6)
            self.set_ahead(-ppm * 1e-6 * (self._clock.monotonic() - begun))

        return end

    def _change_rate(self, by: float) -> None:
        setting, now = self._setting, self._clock.monotonic()
        elapsed = self._elapsed_at(setting, now)
        wall = setting.wall + timedelta(seconds=elapsed - setting.elapsed)
        self._setting = _Setting(max(now, setting.monotonic), elapsed, setting.rate + by, wall)

    @staticmethod
    def _elapsed_at(setting: _Setting, monotonic: float) -> float:
        return setting.elapsed + max(0.0, monotonic - setting.monotonic) * setting.rate
