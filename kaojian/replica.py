"""The copy of the database that litestream keeps in the object store while the pages are served, where it is enabled.

One child, started again when it ends, with a pause that grows. Not here: what it does (``storage.litestream``).
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import structlog

from config.settings import Settings
from kaojian.beside import beside
from kaojian.processes import die_with
from storage.database import file_of
from storage.errors import StorageError
from storage.litestream import Litestream, LitestreamFailed, end

LOOK_S = 0.5
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0

_log = structlog.get_logger()


def litestream_of(settings: Settings) -> Litestream:
    """Raises LitestreamFailed where there is nothing that it could copy, or nowhere to."""
    file = file_of(settings.database_url)
    if file is None or settings.s3 is None:
        raise LitestreamFailed("litestream copies a database of SQLite into an object store; set both, or do without")
    return Litestream(file, settings.s3, settings.data_dir)


@contextmanager
def replicated(settings: Settings) -> Iterator[None]:
    """Have litestream at work until the block ends, where KAOJIAN_LITESTREAM says so. The pages go on without it."""
    if not settings.litestream:
        yield
        return
    with beside("litestream", partial(keep_replicating, settings)):
        yield


def keep_replicating(settings: Settings, stop: threading.Event) -> None:
    """See ``replicated``."""
    pause_s = FIRST_PAUSE_S
    while not stop.is_set():
        try:
            process = litestream_of(settings).start(partial(die_with, os.getpid()))
        except (StorageError, OSError) as error:
            _log.error("litestream_not_started", reason=str(error))
        else:
            reading = threading.Thread(target=_tell, args=(process,), name="litestream-lines", daemon=True)
            reading.start()
            while process.poll() is None and not stop.wait(LOOK_S):
                pause_s = FIRST_PAUSE_S
            ended_by_us = process.poll() is None
            end(process)
            reading.join()
            if process.stdout is not None:
                process.stdout.close()
            if not ended_by_us:
                _log.error("litestream_ended", code=process.returncode)
        stop.wait(pause_s)
        pause_s = min(LONGEST_PAUSE_S, pause_s * 2)


def _tell(process: subprocess.Popen[str]) -> None:
    for line in process.stdout or ():
        _log.warning("litestream_says", line=line.rstrip())
