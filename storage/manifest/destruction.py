"""The papers of disposals: orders 处置令 and certificates of destruction 销毁证明, signed, chained and checked.

They are a chain of their own for each site, beside that of its manifests (docs/evidence-format.md): a verifier of
those need not know of them, and a batch cannot be disposed of twice or in silence. In the database first, then in the
object store under lock, with what the list that was approved would delete. Not here: who approved, and the deleting
(``records.disposing``), and papers of withheld footage (``withheld``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from domain.calendar import local_day, retained_until
from domain.chain import Seal
from domain.disposal import (
    BEFORE_THE_FIRST_PAPER,
    CERTIFICATE_FORM,
    ORDER_FORM,
    SIDES,
    Certificate,
    DisposalOrder,
    PaperKind,
)
from domain.timeline import rfc3339
from storage.database import Disposals
from storage.database.disposals import KeptPaper
from storage.errors import StorageError
from storage.manifest.form import FormRefused, document_of, read_signed, signed
from storage.manifest.keeping import keep_all
from storage.manifest.keys import PublishedKeys
from storage.objects import Objects
from storage.signing import Signer

PREFIX = ".destructions/"
"""Where they lie; no segment's key begins with a dot."""

_PAPER = re.compile(r"\.destructions/([^/.][^/]*)/(\d{6,})-([0-9a-f]{64})\.json")
_KINDS = {ORDER_FORM: DisposalOrder, CERTIFICATE_FORM: Certificate}
_CALLED = {PaperKind.ORDER: "order 处置令", PaperKind.CERTIFICATE: "certificate of destruction 销毁证明"}


class PaperRefused(StorageError):
    """A paper of a disposal does not hold; says which and why."""


@dataclass(frozen=True, slots=True)
class CheckedPaper:
    """One paper that holds."""

    kind: PaperKind
    paper: DisposalOrder | Certificate
    digest: str

    def __str__(self) -> str:
        paper = self.paper
        count = paper.segments if isinstance(paper, DisposalOrder) else len(paper.segments)
        what = f"{_CALLED[self.kind]} of batch {paper.batch}, list {paper.disposal}, {count} segments"
        return f"{paper.site} {paper.number}: {what}, signed {rfc3339(paper.signed_at)}"


def kept(signer: Signer, paper: DisposalOrder | Certificate) -> KeptPaper:
    """A paper signed, as it is kept."""
    data = signed(signer, paper)
    return as_kept(CheckedPaper(_kind(paper), paper, document_of(data).sha256), data)


def as_kept(checked: CheckedPaper, data: bytes) -> KeptPaper:
    """A paper with its signed bytes, as it is kept: for three years from its day."""
    paper = checked.paper
    return KeptPaper(
        site=paper.site,
        number=paper.number,
        kind=checked.kind,
        disposal=paper.disposal,
        batch=paper.batch,
        signed_at=paper.signed_at,
        retained_until=retained_until(local_day(paper.signed_at)),
        digest=checked.digest,
        data=data,
    )


def paper_key(site: str, number: int, digest: str) -> str:
    """Where a paper lies in the store."""
    return f"{PREFIX}{site}/{number:06d}-{digest}.json"


def content_key(site: str, digest: str) -> str:
    """Where that lies which a list would delete, as it was approved."""
    return f"{PREFIX}{site}/contents/{digest}.json"


def keep(disposals: Disposals, site: str, objects: Objects) -> int:
    """Store the papers of a site that are not there yet, each read back: how many objects.

    Raises as ``Objects.put``, OSError, DatabaseUnavailable.
    """
    return keep_all(objects, f"{PREFIX}{site}/", _to_keep(disposals, site))


def _to_keep(disposals: Disposals, site: str) -> Iterator[tuple[str, bytes, datetime]]:
    """What was approved first: an order in the store names nothing that is not there."""
    told: set[int] = set()
    for each in disposals.papers(site):
        if each.disposal not in told:
            told.add(each.disposal)
            content = disposals.content(each.disposal)
            yield content_key(site, sha256(content).hexdigest()), content, each.retained_until
        yield paper_key(site, each.number, each.digest), each.data, each.retained_until


def papers_in(objects: Objects, prefix: str = PREFIX) -> dict[str, dict[Seal, str]]:
    """By site, every paper in the store by its number and digest, in that order: its key. Raises as
    ``Objects.keys``.
    """
    found: dict[str, dict[Seal, str]] = {}
    for key in sorted(objects.keys(prefix)):
        if match := _PAPER.fullmatch(key):
            found.setdefault(match[1], {})[Seal(int(match[2]), match[3])] = key
    return found


def check(papers: Iterable[bytes], keys: PublishedKeys) -> Iterator[CheckedPaper]:
    """Check papers in the order of their chain, from its first one on; tells each once it holds. Raises PaperRefused.

    Each is checked as ``PaperChain.read`` does it.
    """
    chain = PaperChain(keys)
    for data in papers:
        yield chain.follow(data)


class PaperChain:
    """The papers of one site as far as they were followed."""

    def __init__(self, keys: PublishedKeys) -> None:
        self._keys = keys
        self._orders: dict[tuple[int, str], DisposalOrder] = {}
        self.last: CheckedPaper | None = None

    def follow(self, data: bytes) -> CheckedPaper:
        """The next paper, checked as ``read`` does it; nothing is followed where it raises PaperRefused."""
        here = self.read(data)
        self.take(here)
        return here

    def read(self, data: bytes) -> CheckedPaper:
        """What may be the next paper, and is followed once it is taken. Raises PaperRefused.

        1. It is in canonical form, an order or a certificate and nothing else.
        2. Its number follows that of the paper before, of the same site, and it names the digest of that one.
        3. It was signed by the key that signed at its time, and not before the paper before it.
        4. An order has two approvals, by two people, one of either side, neither who proposed.
        5. A certificate names the order of its batch by number and digest, of the same list and manifest, and has as
           many segments as that, of as many bytes; each of its copies was removed before it was signed.
        """
        here = _read(data)
        _follows(here.paper, self.last)
        _is_signed(here, data, self._keys)
        match here.paper:
            case DisposalOrder():
                _by_two(here.paper)
            case Certificate():
                _fulfils(here.paper, self.order_of(here.paper))
        return here

    def take(self, here: CheckedPaper) -> None:
        """Go on from a paper that was read."""
        if isinstance(here.paper, DisposalOrder):
            self._orders[here.paper.number, here.digest] = here.paper
        self.last = here

    def order_of(self, certificate: Certificate) -> DisposalOrder | None:
        """The order that a certificate names; None where none such was followed."""
        return self._orders.get((certificate.order_number, certificate.order_digest))


def _read(data: bytes) -> CheckedPaper:
    try:
        told = json.loads(data)
        kind = _KINDS[told["form"]]
        paper: object = read_signed(kind, data)[0]
    except (ValueError, RecursionError, KeyError, TypeError, FormRefused) as error:
        raise PaperRefused(f"no paper of a disposal ({error})") from None
    if not isinstance(paper, DisposalOrder | Certificate):
        raise PaperRefused("no paper of a disposal")
    return CheckedPaper(_kind(paper), paper, document_of(data).sha256)


def _kind(paper: DisposalOrder | Certificate) -> PaperKind:
    return PaperKind.ORDER if isinstance(paper, DisposalOrder) else PaperKind.CERTIFICATE


def _follows(paper: DisposalOrder | Certificate, before: CheckedPaper | None) -> None:
    number, digest = (1, BEFORE_THE_FIRST_PAPER) if before is None else (before.paper.number + 1, before.digest)
    if before is not None and paper.site != before.paper.site:
        raise PaperRefused(f"paper {paper.number} is of site {paper.site}, those before of {before.paper.site}")
    if (paper.number, paper.previous) != (number, digest):
        raise PaperRefused(f"paper {paper.number} does not follow: paper {number} is missing, or another stood there")
    if before is not None and paper.signed_at < before.paper.signed_at:
        raise PaperRefused(f"paper {paper.number} was signed before the one it follows")


def _is_signed(here: CheckedPaper, data: bytes, keys: PublishedKeys) -> None:
    paper = here.paper
    _, signature = read_signed(type(paper), data)
    if not keys.holds(paper, signature, paper.key, paper.signed_at):
        raise PaperRefused(f"paper {paper.number} is not signed by the key of its time")


def _by_two(order: DisposalOrder) -> None:
    people = {each.who for each in order.approved}
    roles = sorted(each.role for each in order.approved)
    two = len(order.approved) == len(people) == len(SIDES) and roles == sorted(side.value for side in SIDES)
    if not two or order.proposed.who in people:
        raise PaperRefused(f"order {order.number} was not approved by two people, one of either side")


def _fulfils(certificate: Certificate, order: DisposalOrder | None) -> None:
    named = f"certificate {certificate.number} of batch {certificate.batch}"
    if order is None:
        raise PaperRefused(f"{named} names an order that is not there")
    if _of_what(certificate) != _of_what(order):
        raise PaperRefused(f"{named} is not of what its order is of")
    size_bytes = sum(each.size_bytes for each in certificate.segments)
    if (len(certificate.segments), size_bytes) != (order.segments, order.size_bytes):
        raise PaperRefused(f"{named} has other segments than were ordered")
    removed = [copy.removed for each in certificate.segments for copy in each.copies]
    if any(at > certificate.signed_at for at in removed):
        raise PaperRefused(f"{named} tells of a copy that was removed after it was signed")


def _of_what(paper: DisposalOrder | Certificate) -> tuple[object, ...]:
    return (paper.disposal, paper.batch, paper.link_number, paper.link_digest, paper.segments_root)
