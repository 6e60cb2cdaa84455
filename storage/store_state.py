"""How it stands with each object store, as the process that uploads there found it last: small files beside others.

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
SECOND = "second-object-store.json"


@dataclass(frozen=True, slots=True)
class StoreState:
    """``lost``: why nothing can be stored; ``unlocked``: why no lock there is believed. None where all is well."""

    at: datetime
    lost: str | None
    unlocked: str | None
    second: bool = False


def keeper(folder: Path, clock: Clock, name: str = FILE) -> Callable[[KeepResult], None]:
    """What ``ArchiveWorker`` may tell; a disk that takes no file keeps nobody from uploading."""

    def keep(result: KeepResult) -> None:
        told = {"at": rfc3339(clock.now()), "lost": result.lost, "unlocked": result.unlocked}
        try:
            write_private(folder / name, json.dumps(told, ensure_ascii=False).encode())
        except OSError:
            return

    return keep


def read(folder: Path) -> tuple[StoreState, ...]:
    """What was told last of each store, the first one first; nothing of one that nobody uploads to here, or whose
    file cannot be read.
    """
    both = (_read(folder / FILE, second=False), _read(folder / SECOND, second=True))
    return tuple(each for each in both if each is not None)


def _read(file: Path, *, second: bool) -> StoreState | None:
    try:
        told = json.loads(file.read_text("utf-8"))
        return StoreState(datetime.fromisoformat(told["at"]), told["lost"], told["unlocked"], second)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def lines(state: StoreState, since: str) -> list[str]:
    """What people must know; nothing where all is well. ``since`` is the instant, told as people read it."""
    found = []
    first = "OBJECT STORE TAKES NOTHING 对象存储不可用"
    which = "SECOND OBJECT STORE TAKES NOTHING 第二对象存储不可用" if state.second else first
    if state.lost is not None:
        found.append(f"{which} since {since}: {state.lost}; footage stays in the spool")
    if state.unlocked is not None:
        found.append(
            f"LOCKS DO NOT HOLD 锁定无效, footage is stored all the same (--allow-unlocked): {state.unlocked}; "
            "whoever has a key can delete it, and C6.2-5 cannot be met"
        )
    return found
