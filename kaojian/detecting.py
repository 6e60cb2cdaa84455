"""The wiring of detectors of people: from an operator's file or address to an installed model, and to a detector.

How a model comes in:

1. Its bytes are copied or downloaded beside the others and must have the SHA-256 that the operator gave.
2. They are opened as they will be, and must be a network of people; a file of PyTorch only where that was allowed.
3. They are kept under their hash, and the journal says who added what, from where and under which licence.

Not here: what a detector finds (``analysis.people``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from analysis.people.crops import picture_of, search, tile_windows
from analysis.people.detector import Detector
from analysis.people.opening import Form, Model, open_detector
from analysis.people.presence import people_in
from config.settings import Settings
from domain.people import Actor
from domain.presence import Box, PeopleRange
from storage.downloading import BLOCK_BYTES, blocks, refuse_address, shown
from storage.model_files import FORMS, ModelFile, ModelFileRefused, ModelFiles

FOLDER = "models"
"""In the data directory."""


@dataclass(frozen=True, slots=True)
class Added:
    """A model that was just installed, and what runs it."""

    model: ModelFile
    detector: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What an operator asks to install: a file or an address, its hash, and what they know of it."""

    source: str
    sha256: str
    name: str = ""
    licence: str = ""
    may_unpickle: bool = False

    @property
    def form(self) -> str:
        """By the end of the file's name. Raises ModelFileRefused for another one."""
        end = self._file.rpartition(".")[2].lower()
        if end not in FORMS:
            raise ModelFileRefused(
                f"{self._file} is no model that can be used; needed is a file .{' or .'.join(FORMS)}"
            )
        return end

    @property
    def called(self) -> str:
        """The name that was asked for, or the file's."""
        return self.name or self._file.rpartition(".")[0].lower().replace(" ", "-")

    @property
    def is_address(self) -> bool:
        return "://" in self.source

    @property
    def _file(self) -> str:
        return Path(shown(self.source) if self.is_address else self.source).name


def files(settings: Settings) -> ModelFiles:
    """The models of this installation."""
    return ModelFiles(settings.data_dir / FOLDER)


def add(settings: Settings, wish: Wish, actor: Actor, now: datetime) -> Added:
    """Install a model. Raises StorageError, DetectorError and OSError; then nothing was installed."""
    kept, form = files(settings), wish.form
    if wish.is_address:
        refuse_address(wish.source)
    parts = blocks(wish.source) if wish.is_address else _read(Path(wish.source))
    with kept.staged(parts, wish.sha256) as staged:
        model = ModelFile(
            name=wish.called,
            form=form,
            sha256=staged.sha256,
            size_bytes=staged.size_bytes,
            licence=wish.licence,
            origin=shown(wish.source) if wish.is_address else str(Path(wish.source).absolute()),
            added=now,
            by=actor.name,
            may_unpickle=wish.may_unpickle,
        )
        detector = _opened(model, staged.path.read_bytes())
        kept.keep(staged, model)
    return Added(model, detector.name)


def detector_of(settings: Settings, name: str = "") -> Detector | None:
    """The detector of the model of that name, or of the newest one; None where none is installed.

    Raises ModelFileRefused where the file is not the one that was added, DetectorError where nothing runs it.
    """
    kept = files(settings)
    models = [kept.named(name)] if name else kept.all()
    return _opened(models[0], kept.content(models[0])) if models else None


@dataclass(frozen=True, slots=True)
class Trial:
    """What a detector finds in one picture."""

    detector: str
    people: PeopleRange
    boxes: tuple[Box, ...]


def trial(settings: Settings, picture: Path, name: str = "") -> Trial:
    """Look for people in a picture of an operator's own. Raises ModelRefused, StorageError, OSError."""
    detector = detector_of(settings, name)
    if detector is None:
        raise ModelFileRefused("no model is installed; add one: kaojian models add")
    shot = picture_of(picture.read_bytes(), str(picture))
    height, width = shot.shape[:2]
    (boxes,) = search(detector, [(shot, tile_windows(width, height, detector.side))])
    return Trial(detector.name, people_in(boxes), boxes)


def _opened(model: ModelFile, content: bytes) -> Detector:
    return open_detector(Model(model.name, Form(model.form), content, may_unpickle=model.may_unpickle))


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block
