"""An object store in memory, with the same promises as the real one and switches for what can go wrong."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from domain.host_clock import ServerDate
from domain.timeline import Clock, SystemClock
from storage.objects import (
    AccessRefused,
    Listed,
    LockTest,
    NoSuchObject,
    NotHeld,
    NotLocked,
    ObjectDamaged,
    ObjectStat,
    ObjectsUnavailable,
    RequestRefused,
    StillLocked,
    Stored,
    whole_second,
)


@dataclass(frozen=True, slots=True)
class _Version:
    id: str
    data: bytes
    locked_until: datetime | None
    held: bool = False
    marker: bool = False


@dataclass
class MemoryObjects:
    """``Objects`` in a dict. ``down`` makes every call fail, ``locks`` off makes a store that does not enforce."""

    target: str = "memory"
    device: str = "memory:9000"
    clock: Clock = field(default_factory=SystemClock)
    down: bool = False
    refuses_us: bool = False
    locks: bool = True
    damages_puts: bool = False
    ahead_s: float = 0.0  # how far the store's clock is ahead of ours
    independent: bool = True  # whether it has a clock of its own
    stored_keys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._versions: dict[str, list[_Version]] = {}
        self._ids = itertools.count(1)

    def put(self, key: str, path: Path, sha256: str, retain_until: datetime) -> Stored:
        self.ping()
        data = path.read_bytes()
        until = whole_second(retain_until)
        standing = self._versions.get(key, [])
        if not standing or hashlib.sha256(standing[-1].data).hexdigest() != sha256:
            if hashlib.sha256(data).hexdigest() != sha256:
                raise ObjectDamaged(f"{key}: the file is not what was promised")
            self._store(key, data, until)
        version = self._lengthened(key, self._versions[key][-1], until)
        if version.locked_until is None:
            raise NotLocked(f"{key} was stored without lock")
        if self.damages_puts:
            raise ObjectDamaged(f"{key} was stored, but other bytes were read back")
        return Stored(version.id, len(version.data), sha256, version.locked_until)

    def lengthen(self, key: str, version_id: str, until: datetime) -> datetime:
        until = whole_second(until)
        locked_until = self._lengthened(key, self._version(key, version_id), until).locked_until
        if locked_until is None or locked_until < until:
            raise NotLocked(f"{key} is locked until {locked_until} instead of {until}")
        return locked_until

    def hold(self, key: str, version_id: str, *, held: bool) -> None:
        self._replace(key, self._version(key, version_id), held=held and self.locks)
        if held and not self.locks:
            raise NotHeld(f"{key} was to be held")

    def is_held(self, key: str, version_id: str | None = None) -> bool:
        return self._version(key, version_id).held

    def remove(self, key: str, version_id: str) -> None:
        if not version_id:
            raise RequestRefused(f"{key} is removed version by version, and none was named")
        try:
            self.delete(key, version_id)
        except NoSuchObject:
            return
        except AccessRefused as error:
            self.ping()
            raise StillLocked(str(error)) from error

    def stat(self, key: str, version_id: str | None = None) -> ObjectStat:
        version = self._version(key, version_id)
        return ObjectStat(version.id, len(version.data), version.locked_until)

    def read(self, key: str, offset: int = 0, length: int | None = None, version_id: str | None = None) -> bytes:
        data = self._version(key, version_id).data
        return data[offset:] if length is None else data[offset : offset + length]

    def keys(self, prefix: str) -> set[str]:
        self.ping()
        return {key for key in self._versions if key.startswith(prefix)}

    def versions(self, prefix: str) -> list[Listed]:
        self.ping()
        return [
            Listed(key, version.id, len(version.data), version.marker)
            for key, versions in sorted(self._versions.items())
            if key.startswith(prefix)
            for version in reversed(versions)
        ]

    def folders(self, prefix: str) -> list[str]:
        below = (key.removeprefix(prefix) for key in self.keys(prefix))
        return sorted({f"{prefix}{rest.partition('/')[0]}/" for rest in below if "/" in rest})

    def self_test(self) -> LockTest:
        self.ping()
        ok = self.locks
        return LockTest(ok, "refused" if ok else "deleted an object that was locked")

    def ping(self) -> None:
        if self.down:
            raise ObjectsUnavailable("switched off")
        if self.refuses_us:
            raise AccessRefused("switched to refusing")

    def date(self) -> ServerDate:
        if self.down:
            raise ObjectsUnavailable("switched off")
        return ServerDate(self.target, -self.ahead_s, 0.5, self.independent)

    def delete(self, key: str, version_id: str) -> None:
        """What anybody may try through the interface. Raises AccessRefused for a locked version."""
        version = self._version(key, version_id)
        if self.locks and version.locked_until is not None and version.locked_until > self.clock.now():
            raise AccessRefused(f"{key} is locked until {version.locked_until}")
        if version.held:
            raise AccessRefused(f"{key} is under legal hold")
        self._versions[key].remove(version)

    def hide(self, key: str) -> None:
        """Put a delete marker over it, as anybody may who may write."""
        self._versions[key].append(_Version(str(next(self._ids)), b"", None, marker=True))

    def versions_of(self, key: str) -> list[str]:
        """The ids of all versions under a key, the oldest first."""
        return [version.id for version in self._versions.get(key, [])]

    def flip_a_byte(self, key: str) -> None:
        """Damage the newest version, as a failing disk would."""
        version = self._versions[key][-1]
        self._versions[key][-1] = replace(version, data=bytes([version.data[0] ^ 1]) + version.data[1:])

    def destroy(self, key: str) -> None:
        """Remove every version past all locks, as the owner of the machine can."""
        del self._versions[key]

    def _store(self, key: str, data: bytes, until: datetime) -> None:
        self.stored_keys.append(key)
        version = _Version(str(next(self._ids)), data, until if self.locks else None)
        self._versions.setdefault(key, []).append(version)

    def _lengthened(self, key: str, version: _Version, until: datetime) -> _Version:
        if not self.locks or (version.locked_until or until - timedelta(1)) >= until:
            return version
        return self._replace(key, version, locked_until=until)

    def _replace(self, key: str, version: _Version, **changed: Any) -> _Version:
        other = replace(version, **changed)
        self._versions[key] = [other if each is version else each for each in self._versions[key]]
        return other

    def _version(self, key: str, version_id: str | None) -> _Version:
        self.ping()
        for version in reversed(self._versions.get(key, [])):
            if version_id in {None, version.id}:
                if version.marker:
                    break
                return version
        raise NoSuchObject(f"no {key} in version {version_id}")
