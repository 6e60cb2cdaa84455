"""The papers of withheld footage 误摄扣留: statements of how a withholding stands, certificates of what went by it.

A *statement* 扣留状态书 is signed for each thing that is said of a withholding, and lies in the object store: a
machine that lost its database withholds what it withheld. A *certificate of destruction* 销毁证明 says which files
went, by whose word; those of one withholding are a chain. Not here: who decides (``domain.withholding``), the
deleting (``records.withholding``), and footage that went in its time (``destruction``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from domain.calendar import local_day, retained_until
from domain.disposal import SIDES
from domain.timeline import Interval, rfc3339
from domain.withholding import (
    DESTRUCTION_FORM,
    STATEMENT_FORM,
    Confirmation,
    DestroyedFile,
    DestructionOfWithheld,
    Withholding,
    WithholdingStatement,
)
from storage.database import Closings, Withholdings
from storage.database.withholdings import KeptDestruction
from storage.manifest.destruction import PREFIX as DESTRUCTIONS
from storage.manifest.destruction import PaperRefused
from storage.manifest.form import FormRefused, document_of, read_signed, signed, written
from storage.manifest.keeping import WITHHOLDINGS, keep_all
from storage.manifest.keys import PublishedKeys, publish, published
from storage.objects import Objects
from storage.signing import Signer

FOLDER = ".withheld"
"""Where certificates lie among papers of destruction, below which each camera has a folder; no site is called so."""

PREFIX = f"{DESTRUCTIONS}{FOLDER}/"

_CERTIFICATE = re.compile(r"\.destructions/\.withheld/([^/]+)/(\d{6,})-(\d{3,})-([0-9a-f]{64})\.json")
_STATEMENT = re.compile(r"\.withholdings/([^/]+)/(\d{6,})-(\d{3,})-([0-9a-f]{64})\.json")
_KEYS = f"{WITHHOLDINGS}keys/"


@dataclass(frozen=True, slots=True, order=True)
class Stored:
    """A paper in the store, by its name: of which withholding which number or step, and its digest."""

    camera: str
    withholding: int
    number: int
    digest: str
    key: str


@dataclass(frozen=True, slots=True)
class CheckedDestruction:
    """One certificate that holds."""

    paper: DestructionOfWithheld
    digest: str

    def __str__(self) -> str:
        paper = self.paper
        what = f"certificate of destruction 销毁证明 of withheld footage, {len(paper.files)} files"
        return f"{paper.camera} {paper.withholding}-{paper.number}: {what}, signed {rfc3339(paper.signed_at)}"


def certificate_name(paper: KeptDestruction) -> str:
    """The name of its file, in the folder of its camera."""
    return f"{paper.withholding:06d}-{paper.number:03d}-{paper.digest}.json"


def names_one_of(paper: KeptDestruction, files: Collection[str]) -> bool:
    """Whether a certificate names one of these files."""
    return any(each.key in files for each in _read(paper.data).files)


def keep(withholdings: Withholdings, closings: Closings, signer: Signer, objects: Objects, now: datetime) -> int:
    """Store the statements and certificates that are not there yet, each read back: how many objects.

    Raises KeyRefused as ``publish``, as ``Objects.put``, OSError, DatabaseUnavailable.
    """
    found = withholdings.all()
    if not found:
        return 0
    publish(closings, signer, now)
    stored = keep_all(objects, WITHHOLDINGS, _statements(found, published(closings), signer))
    certificates = ((each, paper) for each in found for paper in withholdings.papers(each.number))
    return stored + keep_all(
        objects,
        PREFIX,
        (
            (f"{PREFIX}{each.camera}/{certificate_name(paper)}", paper.data, _locked_until(paper.signed_at))
            for each, paper in certificates
        ),
    )


def _statements(
    found: Iterable[Withholding], keys: PublishedKeys, signer: Signer
) -> Iterator[tuple[str, bytes, datetime]]:
    """The same bytes each time while the same key signs, so that what is there is known by its name."""
    since, told = keys.keys[-1].valid_from, written(keys)
    for each in found:
        at = max(each.said, since)
        yield f"{_KEYS}{len(keys.keys):06d}-{sha256(told).hexdigest()}.json", told, _locked_until(at)
        data = signed(signer, WithholdingStatement(STATEMENT_FORM, each, at, signer.public))
        digest = sha256(data).hexdigest()
        yield f"{WITHHOLDINGS}{each.camera}/{each.number:06d}-{each.step:03d}-{digest}.json", data, _locked_until(at)


def _locked_until(at: datetime) -> datetime:
    return retained_until(local_day(at))


def statements_in(objects: Objects) -> list[Stored]:
    """Every statement in the store, by camera, withholding and step. Raises as ``Objects.keys``."""
    return _named(_STATEMENT, objects.keys(WITHHOLDINGS))


def certificates_in(objects: Objects, camera: str = "") -> list[Stored]:
    """Every certificate in the store, of one camera if it is named, in the order of its chain. Raises as above."""
    return _named(_CERTIFICATE, objects.keys(f"{PREFIX}{camera}/" if camera else PREFIX))


def _named(pattern: re.Pattern[str], keys: Iterable[str]) -> list[Stored]:
    matches = (pattern.fullmatch(key) for key in keys)
    return sorted(Stored(each[1], int(each[2]), int(each[3]), each[4], each[0]) for each in matches if each)


def stated(data: bytes, keys: PublishedKeys) -> WithholdingStatement:
    """A statement that its key signed in its time. Raises PaperRefused."""
    try:
        told, signature = read_signed(WithholdingStatement, data)
    except FormRefused as error:
        raise PaperRefused(f"no statement of a withholding ({error})") from None
    if told.form != STATEMENT_FORM:
        raise PaperRefused("no statement of a withholding")
    named = f"the statement of withholding {told.withholding.number}"
    if not keys.holds(told, signature, told.key, told.signed_at):
        raise PaperRefused(f"{named} is not signed by the key of its time")
    if told.signed_at < told.withholding.said:
        raise PaperRefused(f"{named} was signed before what it tells")
    return told


def check(papers: Iterable[bytes], keys: PublishedKeys) -> Iterator[CheckedDestruction]:
    """Check certificates of a camera, each withholding's from its first one on; tells each once it holds.

    Raises PaperRefused. Each is checked as ``DestructionChain.read`` does it.
    """
    chain: DestructionChain | None = None
    for data in papers:
        number = _read(data).withholding
        if chain is None or chain.withholding != number:
            chain = DestructionChain(number, keys)
        yield chain.follow(data)


class DestructionChain:
    """The certificates of one withholding as far as they were followed."""

    def __init__(self, withholding: int, keys: PublishedKeys) -> None:
        self.withholding = withholding
        self._keys = keys
        self._files: set[str] = set()
        self.last: CheckedDestruction | None = None

    def follow(self, data: bytes) -> CheckedDestruction:
        """The next certificate, checked as ``read`` does it; nothing is followed where it raises PaperRefused."""
        here = self.read(data)
        self.take(here)
        return here

    def read(self, data: bytes) -> CheckedDestruction:
        """What may be the next certificate, and is followed once it is taken. Raises PaperRefused.

        1. It is in canonical form, a certificate of withheld footage and nothing else.
        2. Its number follows that of the one before, of the same withholding, and it names the digest of that one and
           tells the same camera, span, word and confirmations.
        3. It was signed by the key that signed at its time, and not before the one before it.
        4. Two people confirmed it, one of either side, neither who withheld it.
        5. Each file is of the camera, reaches into the span, is named once, and was removed before it was signed.
        """
        paper = _read(data)
        self._follows(paper)
        _, signature = read_signed(DestructionOfWithheld, data)
        if not self._keys.holds(paper, signature, paper.key, paper.signed_at):
            raise PaperRefused(f"{_named_so(paper)} is not signed by the key of its time")
        _by_two(paper)
        for each in paper.files:
            _is_of_it(each, paper)
        files = [each.key for each in paper.files]
        if len(set(files)) < len(files) or not self._files.isdisjoint(files):
            raise PaperRefused(f"{_named_so(paper)} names a file twice")
        return CheckedDestruction(paper, document_of(data).sha256)

    def take(self, here: CheckedDestruction) -> None:
        """Go on from a certificate that was read."""
        self._files.update(each.key for each in here.paper.files)
        self.last = here

    def _follows(self, paper: DestructionOfWithheld) -> None:
        last, named = self.last, _named_so(paper)
        number, digest = (1, "") if last is None else (last.paper.number + 1, last.digest)
        if (paper.withholding, paper.number, paper.previous) != (self.withholding, number, digest):
            raise PaperRefused(f"{named} does not follow: certificate {number} is missing, or another stood there")
        if last is not None and _of_what(paper) != _of_what(last.paper):
            raise PaperRefused(f"{named} is of another withholding than the one before it")
        if last is not None and paper.signed_at < last.paper.signed_at:
            raise PaperRefused(f"{named} was signed before the one it follows")


def _read(data: bytes) -> DestructionOfWithheld:
    try:
        paper, _ = read_signed(DestructionOfWithheld, data)
    except FormRefused as error:
        raise PaperRefused(f"no certificate of withheld footage ({error})") from None
    if paper.form != DESTRUCTION_FORM:
        raise PaperRefused("no certificate of withheld footage")
    return paper


def _named_so(paper: DestructionOfWithheld) -> str:
    return f"certificate {paper.number} of withholding {paper.withholding}"


def _of_what(paper: DestructionOfWithheld) -> tuple[str, datetime, datetime, Confirmation, tuple[Confirmation, ...]]:
    return paper.camera, paper.start, paper.until, paper.ordered, paper.confirmed


def _by_two(paper: DestructionOfWithheld) -> None:
    people = {each.who for each in paper.confirmed}
    roles = sorted(each.role for each in paper.confirmed)
    two = len(paper.confirmed) == len(people) == len(SIDES) and roles == sorted(side.value for side in SIDES)
    if not two or paper.ordered.who in people:
        raise PaperRefused(f"{_named_so(paper)} was not confirmed by two people, one of either side")


def _is_of_it(file: DestroyedFile, paper: DestructionOfWithheld) -> None:
    named = f"{_named_so(paper)} names {file.key}, which"
    parts = file.key.split("/")
    if len(parts) != 4 or parts[2] != paper.camera:
        raise PaperRefused(f"{named} is no file of camera {paper.camera}")
    try:
        reaches = Interval(file.start, file.end).intersection(Interval(paper.start, paper.until)) is not None
    except ValueError:
        raise PaperRefused(f"{named} ends before it begins") from None
    if not reaches:
        raise PaperRefused(f"{named} does not reach into its span")
    if file.removed > paper.signed_at:
        raise PaperRefused(f"{named} was removed after it was signed")
