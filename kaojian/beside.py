"""What a process does beside its main work, in a thread of its own until a block ends; and looking at something again
and again, whose failures hold up nothing but themselves and are told once when it fails and once when it goes on.

Not here: processes (``kaojian.processes``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from storage.errors import StorageError

_log = structlog.get_logger()


@contextmanager
def beside(name: str, work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Have ``work`` done until the block ends, which its event says; the block waits for its end."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def again_and_again(
    look: Callable[[], None], stop: threading.Event, every_s: float, *, failed: str, goes_on: str
) -> None:
    """Call ``look`` at once and every ``every_s`` seconds until ``stop`` is set. StorageError and OSError end none of
    it: ``failed`` and ``goes_on`` are the events that tell of them.
    """
    failing = False
    while not stop.is_set():
        try:
            look()
        except (StorageError, OSError) as error:
            if not failing:
                _log.warning(failed, error=str(error))
            failing = True
        else:
            if failing:
                _log.info(goes_on)
            failing = False
        stop.wait(every_s)
