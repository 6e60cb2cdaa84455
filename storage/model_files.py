"""Models of detectors 检测模型 that an operator installed: files whose hash was known before they came here.

One folder: each model's bytes as ``<sha256>.<form>`` and one entry ``<name>.json`` that says what it is, from where,
under which licence and by whom. The order of writing: bytes complete, synced and compared; the bytes under their
name; the entry. So an entry never names bytes that are not there, and bytes without an entry are used by nobody.
Whoever uses a model gets its bytes compared again each time. Not here: what is in the files (``analysis.people``).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from config.private_files import sync_folder, write_private
from domain.timeline import utc
from storage.errors import StorageError

LIMIT_BYTES = 512 << 20
"""No detector of people is larger; what is may fill the disk before anybody can look at it."""

FORMS = ("onnx", "pt")
"""How models are written down: the ends of their files' names."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_KINDS = dict.fromkeys(("name", "form", "sha256", "licence", "origin", "added", "by"), str) | {
    "size_bytes": int,
    "may_unpickle": bool,
}
"""What an entry holds. Nothing is taken for true that is not: one field has code run."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ModelFileRefused(StorageError):
    """The file is not the one that was meant, or there is no model of that name; says what to do."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One installed model. ``by`` is who added it; ``may_unpickle``: they allowed to run the code that is in it."""

    name: str
    form: str
    sha256: str
    size_bytes: int
    licence: str
    origin: str
    added: datetime
    by: str
    may_unpickle: bool

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ModelFileRefused(
                f"{self.name!r} is no name of a model: small letters, digits, hyphens, dots; at most 60"
            )
        if self.form not in FORMS or not _SHA256.fullmatch(self.sha256):
            raise ModelFileRefused(f"the entry of {self.name} says nothing that this version knows; add it again")


@dataclass(frozen=True, slots=True)
class Staged:
    """Bytes that came and are the ones that were meant; not a model yet."""

    path: Path
    sha256: str
    size_bytes: int


class ModelFiles:
    """The models of one installation. The folder is made with the first of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[ModelFile]:
        """What is installed, the newest first. Raises ModelFileRefused for an entry that cannot be read."""
        found = [_entry(path) for path in sorted(self._folder.glob("*.json"))]
        return sorted(found, key=lambda each: (each.added, each.name), reverse=True)

    def named(self, name: str) -> ModelFile:
        """Raises ModelFileRefused where there is none of that name."""
        for each in self.all():
            if each.name == name:
                return each
        raise ModelFileRefused(f"there is no model {name}; see: kaojian models list")

    @contextmanager
    def staged(self, parts: Iterable[bytes], expected: str) -> Iterator[Staged]:
        """Bytes written beside the models, complete and compared; what was not kept is gone afterwards.

        Raises ModelFileRefused for other bytes than those with the SHA-256 ``expected``, or for too many; OSError.
        """
        if not _SHA256.fullmatch(expected):
            raise ModelFileRefused(f"{expected!r} is no SHA-256: 64 digits and letters from a to f, in small letters")
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f".{uuid4().hex}.part"
        try:
            yield _written(path, parts, expected)
        finally:
            with suppress(FileNotFoundError):
                path.unlink()

    def keep(self, staged: Staged, model: ModelFile) -> None:
        """Make staged bytes a model. Raises ModelFileRefused where its name is taken; OSError."""
        if any(each.name == model.name for each in self.all()):
            raise ModelFileRefused(
                f"there is a model {model.name} already; remove it, or give this one another --name"
            )
        staged.path.replace(self._bytes_of(model))
        sync_folder(self._folder)
        entry = asdict(model) | {"added": model.added.isoformat()}
        write_private(self._entry_of(model), json.dumps(entry, ensure_ascii=False, indent=2).encode())

    def remove(self, name: str) -> ModelFile:
        """Forget a model and delete its bytes, unless another entry names them. Raises ModelFileRefused; OSError."""
        model = self.named(name)
        self._entry_of(model).unlink()
        if all(each.sha256 != model.sha256 for each in self.all()):
            self._bytes_of(model).unlink(missing_ok=True)
        sync_folder(self._folder)
        return model

    def content(self, model: ModelFile) -> bytes:
        """The bytes, compared with their hash just now. Raises ModelFileRefused where they are others, or gone."""
        path = self._bytes_of(model)
        try:
            with path.open("rb") as file:
                content = file.read(model.size_bytes + 1)
        except OSError as error:
            raise ModelFileRefused(
                f"the file of model {model.name} cannot be read: {error.strerror}; remove it and add it again"
            ) from error
        if sha256(content).hexdigest() != model.sha256:
            raise ModelFileRefused(
                f"{path} is not the file that was added as {model.name}; find out who changed it, then remove it and "
                "add it again"
            )
        return content

    def _bytes_of(self, model: ModelFile) -> Path:
        return self._folder / f"{model.sha256}.{model.form}"

    def _entry_of(self, model: ModelFile) -> Path:
        return self._folder / f"{model.name}.json"


def _written(path: Path, parts: Iterable[bytes], expected: str) -> Staged:
    digest, size_bytes = sha256(), 0
    with path.open("xb") as file:
        for part in parts:
            size_bytes += len(part)
            if size_bytes > LIMIT_BYTES:
                raise ModelFileRefused(f"the file is larger than {LIMIT_BYTES >> 20} MiB; no detector is")
            digest.update(part)
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != expected:
        raise ModelFileRefused(
            f"the file has the SHA-256 {digest.hexdigest()}, and {expected} was meant: it is another file, or the "
            "hash was copied wrongly; nothing was installed"
        )
    return Staged(path, expected, size_bytes)


def _entry(path: Path) -> ModelFile:
    try:
        found = json.loads(path.read_bytes())
        if {name: type(value) for name, value in found.items()} != _KINDS:
            raise ValueError("other fields")
        return ModelFile(**(found | {"added": utc(datetime.fromisoformat(found["added"]))}))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelFileRefused(f"{path} is no entry of a model; delete it and add the model again") from error
