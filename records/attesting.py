"""What signed papers attest of footage that is gone or withheld, written down again where the database has lost it.

1. Each paper of disposals of a site 处置令、销毁证明 is followed in the order of its chain, and its batch's manifest
   is the one that it names, of just these segments. An order marks its batch as disposed of; a certificate gives each
   copy that it names its tombstone. The paper is written last: one that is in the database was taken in whole.
2. Of each withholding 误摄扣留 the statement with most in it counts; then its certificates of destruction are
   followed, and each copy that they name gets its tombstone.

What does not hold is told by its name and left out, whatever else lies beside it. Not here: what makes a paper hold
(``storage.manifest.destruction``, ``.withheld``), and the footage (``records.rebuilding``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from itertools import groupby

from domain.chain import Seal
from domain.disposal import (
    Certificate,
    Content,
    Decision,
    DestroyedCopy,
    DestroyedSegment,
    DisposalList,
    DisposalOrder,
    Settled,
    Signatory,
)
from domain.evidence import Copy, Place, Segment
from domain.holds import Order
from domain.manifest import Manifest
from domain.people import Actor, Door, Role
from domain.withholding import Confirmation, DestroyedFile, DestructionOfWithheld, Withholding
from records.adopting import Adopting
from records.disposing import ACCOUNT
from storage.database.withholdings import KeptDestruction
from storage.errors import ConflictingRow, UnknownRow, UnknownWithholding
from storage.manifest import destruction, withheld
from storage.manifest.destruction import CheckedPaper, PaperChain, PaperRefused
from storage.manifest.form import FormRefused, read
from storage.manifest.keys import PublishedKeys
from storage.manifest.withheld import DestructionChain, Stored
from storage.objects import NoSuchObject, ObjectDamaged, Objects
from storage.scans import PREFIX as SCANS


class Attesting:
    """Takes in the papers of one store, by keys that are believed."""

    def __init__(self, work: Adopting, store: Objects, keys: PublishedKeys) -> None:
        self._work = work
        self._database = work.database
        self._store = store
        self._keys = keys

    def take_disposals(self) -> None:
        """The papers of all sites that the database has not."""
        for site, papers in sorted(destruction.papers_in(self._store).items()):
            self._take_chain(site, papers)

    def _take_chain(self, site: str, stored: Mapping[Seal, str]) -> None:
        known = {each.number: each for each in self._database.disposals.papers(site)}
        chain = PaperChain(self._keys)
        for number in sorted({*known, *(seal.number for seal in stored)}):
            if number in known:
                with suppress(PaperRefused):  # what does not hold in the database ends the chain there
                    chain.follow(known[number].data)
            for seal, key in stored.items():
                if seal.number == number and (number not in known or known[number].digest != seal.digest):
                    self._try_paper(site, seal, key, chain)

    def _try_paper(self, site: str, seal: Seal, key: str, chain: PaperChain) -> None:
        try:
            data = self._bytes(key, seal.digest)
            paper = chain.read(data)
            self._take_paper(site, paper, data, chain)
            chain.take(paper)
        except (PaperRefused, ConflictingRow) as error:
            self._refuse(key, str(error))

    def _take_paper(self, site: str, checked: CheckedPaper, data: bytes, chain: PaperChain) -> None:
        """Raises PaperRefused, ConflictingRow."""
        paper = checked.paper
        order = paper if isinstance(paper, DisposalOrder) else chain.order_of(paper)
        if paper.site != site or order is None:
            raise PaperRefused(f"paper {paper.number} is of site {paper.site} and lies with those of {site}")
        _compare(paper, self._manifest(paper))
        content = b""  # of a certificate the list is known by its order
        if isinstance(paper, Certificate):
            self._bury(paper, order)
        else:
            content = self._content(order)
        kept = destruction.as_kept(checked, data)
        self._database.disposals.adopt_paper(kept, _listed(order, content), content)
        self._work.done.papers += 1

    def _manifest(self, paper: DisposalOrder | Certificate) -> Manifest:
        closings = self._database.closings
        link = next((each for each in closings.links(paper.site) if each.number == paper.link_number), None)
        if link is None or link.digest != paper.link_digest:
            raise PaperRefused(f"paper {paper.number} is of manifest {paper.link_number}, which is not there")
        with suppress(FormRefused, UnknownRow):
            return read(Manifest, closings.document(link.manifest))
        raise PaperRefused(f"paper {paper.number} is of manifest {paper.link_number}, which cannot be read")

    def _content(self, order: DisposalOrder) -> bytes:
        """What was approved; empty where the store has not got it any more, which is told."""
        digest = order.content.sha256
        key = destruction.content_key(order.site, digest)
        with suppress(PaperRefused):
            return self._bytes(key, digest)
        self._refuse(key, f"what list {order.disposal} would delete is lost; its papers say what went")
        return b""

    def _bury(self, certificate: Certificate, order: DisposalOrder) -> None:
        """Write down of each copy that it is gone. One of which there is no row was asked for when it was ordered."""
        for each in certificate.segments:
            if each.key.startswith(SCANS):
                continue  # scans are in the register, which a backup brings back
            for copy in each.copies:
                self._bury_copy(each, copy, order)

    def _bury_copy(self, segment: DestroyedSegment, gone: DestroyedCopy, order: DisposalOrder) -> None:
        evidence = self._database.evidence
        row = Copy(
            segment=segment.key,
            place=gone.place,
            target=gone.target,
            verified=min(order.signed_at, gone.removed),
            size_bytes=segment.size_bytes,
            sha256=segment.sha256,
            version_id=gone.version_id or None,
            removed=gone.removed,
            spool=gone.spool,
        )
        if any(_is_same(each, row) for each in evidence.copies([segment.key])[segment.key]):
            evidence.dispose_copy(row, gone.removed)
        else:
            evidence.add_copy(row)

    def take_withholdings(self) -> None:
        """Statements and certificates of which the database has not all."""
        for _, statements in groupby(withheld.statements_in(self._store), key=_of_which):
            self._take_statements(statements)
        for (camera, number), certificates in groupby(withheld.certificates_in(self._store), key=_of_which):
            self._take_certificates(camera, number, certificates)

    def _take_statements(self, found: Iterable[Stored]) -> None:
        """That with most in it first; those before it say the same as far as they go."""
        for each in sorted(found, key=lambda one: one.number, reverse=True):
            try:
                told = withheld.stated(self._bytes(each.key, each.digest), self._keys).withholding
                if (told.camera, told.number, told.step) != (each.camera, each.withholding, each.number):
                    raise PaperRefused(f"it is step {told.step} of withholding {told.number} of camera {told.camera}")
                self._work.done.withholdings += self._database.withholdings.adopt(told)
            except (PaperRefused, ConflictingRow) as error:
                self._refuse(each.key, str(error))

    def _take_certificates(self, camera: str, number: int, found: Iterable[Stored]) -> None:
        chain, stored = DestructionChain(number, self._keys), list(found)
        known = {each.number: each for each in self._database.withholdings.papers(number)}
        for place in sorted({*known, *(each.number for each in stored)}):
            if place in known:
                with suppress(PaperRefused):
                    chain.follow(known[place].data)
            for each in stored:
                if each.number == place and (place not in known or known[place].digest != each.digest):
                    self._try_certificate(camera, each, chain)

    def _try_certificate(self, camera: str, stored: Stored, chain: DestructionChain) -> None:
        try:
            data = self._bytes(stored.key, stored.digest)
            checked = chain.read(data)
            paper = checked.paper
            if paper.camera != camera:
                raise PaperRefused(f"it is of camera {paper.camera} and lies with those of {camera}")
            self._bury_withheld(paper.files)
            kept = KeptDestruction(paper.withholding, paper.number, paper.signed_at, checked.digest, data)
            self._work.done.papers += self._database.withholdings.adopt(self._withholding(paper), [kept])
            chain.take(checked)
        except (PaperRefused, ConflictingRow) as error:
            self._refuse(stored.key, str(error))

    def _bury_withheld(self, files: Iterable[DestroyedFile]) -> None:
        """The files whose segments are known here: of others, the paper itself is all that there is."""
        for each in files:
            segment: Segment | None = self._database.evidence.segment(each.key)
            if segment is None:
                continue
            if (segment.sha256, segment.size_bytes) != (each.sha256, each.size_bytes):
                raise PaperRefused(f"it names {each.key} with other bytes than those that are known")
            for copy in self._database.evidence.copies([each.key])[each.key]:
                if copy.place is Place.SPOOL and copy.removed is None and copy.target in each.folders:
                    self._database.evidence.dispose_copy(copy, each.removed)

    def _withholding(self, paper: DestructionOfWithheld) -> Withholding:
        """That of a certificate: as it is known, or as far as the certificate tells. Raises PaperRefused."""
        with suppress(UnknownWithholding):
            known = self._database.withholdings.find(paper.withholding)
            if (known.camera, known.start) != (paper.camera, paper.start) or known.ordered.at != paper.ordered.at:
                raise PaperRefused(f"withholding {paper.withholding} in the database is another one")
            return known
        decided = tuple(map(_approved, paper.confirmed))
        return Withholding(
            paper.withholding, paper.camera, paper.start, paper.until, _ordered(paper.ordered), None, decided
        )

    def _refuse(self, key: str, why: str) -> None:
        self._work.done.problems.append(f"{key} in {self._store.target}: {why}")

    def _bytes(self, key: str, digest: str) -> bytes:
        """Of all versions the one that the name means, whatever was put over it. Raises PaperRefused."""
        data = named_bytes(self._store, key, digest)
        if data is None:
            raise PaperRefused("it is gone or was changed in the store")
        return data


def named_bytes(store: Objects, key: str, digest: str) -> bytes | None:
    """Of all versions under a key the one that has that hash; None where none has. Raises as ``Objects.versions``."""
    for each in store.versions(key):
        if each.key != key or each.marker:
            continue
        with suppress(NoSuchObject, ObjectDamaged):
            data = store.read(key, version_id=each.version_id)
            if sha256(data).hexdigest() == digest:
                return data
    return None


def _of_which(stored: Stored) -> tuple[str, int]:
    return stored.camera, stored.withholding


def _is_same(copy: Copy, row: Copy) -> bool:
    told = [(each.place, each.target, each.version_id or "", each.spool) for each in (copy, row)]
    return told[0] == told[1]


def _compare(paper: DisposalOrder | Certificate, manifest: Manifest) -> None:
    """Raises PaperRefused where a paper is of other footage than the manifest that it names."""
    named = f"paper {paper.number}"
    if (manifest.batch, manifest.segments_root) != (paper.batch, paper.segments_root):
        raise PaperRefused(f"{named} is not of what manifest {paper.link_number} states")
    if isinstance(paper, Certificate):
        stated = {(each.key, each.size_bytes, each.sha256) for each in manifest.segments}
        told = {(each.key, each.size_bytes, each.sha256) for each in paper.segments if not each.key.startswith(SCANS)}
        if told != stated:
            raise PaperRefused(f"{named} tells of other segments than manifest {paper.link_number}")


def _listed(order: DisposalOrder, content: bytes) -> DisposalList:
    """The list of an order; of its batches that of the order alone where its content is lost."""
    batches = tuple(each.batch for each in read(Content, content).batches) if content else (order.batch,)
    decisions = tuple(map(_approved, order.approved))
    return DisposalList(order.disposal, _ordered(order.proposed), order.content.sha256, batches, decisions)


def _approved(each: Signatory | Confirmation) -> Decision:
    return Decision(Settled.APPROVED, each.at, _actor(each.who), Role(each.role), each.reason)


def _ordered(each: Signatory | Confirmation) -> Order:
    return Order(each.at, _actor(each.who), each.reason)


def _actor(who: str) -> Actor:
    """By the name: an account acts at the page, anybody else at the command line."""
    return Actor(who, Door.API if who.startswith(ACCOUNT) else Door.COMMAND_LINE)
