"""How it stands with the object store, as the process that uploads found it last: a small file beside other state.

``kaojian status`` reads it on the same host. Not here: what is stored, which are rows of the evidence, and the log,
which says the same when it happens.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config.private_files import write_private
from domain.timeline import Clock, rfc3339
from storage.archive import KeepResult

FILE = "object-store.json"


@dataclass(frozen=True, slots=True)
class StoreState:
    """``lost``: why nothing can be stored; ``unlocked``: why no lock there is believed. None where all is well."""

    at: datetime
    lost: str | None
    unlocked: str | None


def keeper(folder: Path, clock: Clock) -> Callable[[KeepResult], None]:
    """What ``ArchiveWorker`` may tell; a disk that takes no file keeps nobody from uploading."""

    def keep(result: KeepResult) -> None:
        told = {"at": rfc3339(clock.now()), "lost": result.lost, "unlocked": result.unlocked}
        try:
            write_private(folder / FILE, json.dumps(told, ensure_ascii=False).encode())
        except OSError:
            return

    return keep


def read(folder: Path) -> StoreState | None:
    """What was told last; None where nobody uploads here, or the file cannot be read."""
    try:
        told = json.loads((folder / FILE).read_text("utf-8"))
        return StoreState(datetime.fromisoformat(told["at"]), told["lost"], told["unlocked"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def lines(state: StoreState | None, since: str) -> list[str]:
    """What people must know; nothing where all is well. ``since`` is the instant, told as people read it."""
    if state is None:
        return []
    found = []
    if state.lost is not None:
        found.append(
            f"OBJECT STORE TAKES NOTHING 对象存储不可用 since {since}: {state.lost}; footage stays in the spool"
        )
    if state.unlocked is not None:
        found.append(
            f"LOCKS DO NOT HOLD 锁定无效, footage is stored all the same (--allow-unlocked): {state.unlocked}; "
            "whoever has a key can delete it, and C6.2-5 cannot be met"
        )
    return found
