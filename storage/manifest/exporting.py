"""Takes a closed batch away: its originals, what was signed of it, its site's chain, and the keys to check them by.

Every segment comes through the archive, from whichever verified copy answers, and is hashed again as it is written.
The list of what the export holds is signed too, so that no file of it can be changed, taken out or added. Not here:
checking it (``verifying``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import BytesIO
from itertools import chain as chained
from pathlib import Path
from typing import BinaryIO

from domain.evidence import Segment, SegmentState
from domain.manifest import (
    CONTENTS_FORM,
    CONTENTS_FORM_WITH_CERTIFICATES,
    Document,
    Manifest,
    SegmentStatement,
)
from domain.timeline import Clock, rfc3339
from storage.archive import Archive, NoCopyAnswers, WentByOrder, Withheld
from storage.database import Database
from storage.database.closings import KeptLink
from storage.errors import StorageError
from storage.manifest import withheld
from storage.manifest.form import document_of, read, signed, written
from storage.manifest.keys import publish, published
from storage.manifest.trees import writing
from storage.manifest.zipping import Member
from storage.signing import Signer

CONTENTS = "contents.json"
KEYS = "keys.json"
README = "README.txt"
_BLOCK_BYTES = 1 << 20
_AMEND = "`kaojian batch close --reason`"
_CERTIFICATE = re.compile(r"withheld/([0-9]{6,18})-([0-9]{3,18})-([0-9a-f]{64})\.json")
_STAMP = re.compile(r"stamps/([0-9]{6,18})-[0-9a-f]{64}\.tsr")

_INSTRUCTIONS = """\
考鉴 Kaojian: 批次证据导出 / exported evidence of one batch

footage/     原始录像文件 / original footage
manifests/   证据清单及其更正 / manifest and amendments
reports/     结束批次时的报告 / reports as of the closing
chain/       本考场各批次的签名链 / signed links of all batches of the site
stamps/      外部机构对签名链各节加盖的时间戳 / time stamps of an outside authority on these links
withheld/    误摄扣留录像的销毁证明（如有） / certificates of withheld footage that was destroyed, if any
keys.json    签名公钥及有效期 / public keys and when they signed
contents.json  本导出的文件清单（已签名）/ signed list of these files

核验 To verify, without network or database:

    kaojian verify 本文件夹或ZIP --key 公钥 [--head 序号:摘要] [--stamp-root 证书文件]

公钥及时间戳机构的根证书须从本导出以外的途径取得。用本导出自带的公钥核验，什么也证明不了。
Public key and the authority's root certificate must come from elsewhere. What lies in here cannot vouch for itself.

格式说明 Format: docs/evidence-format.md (kaojian-manifest-1, kaojian-link-1, kaojian-key-1, kaojian-export-2 or -3)
"""


class NotClosed(StorageError):
    """The batch was never closed: nothing was signed of it that could be checked elsewhere."""


class ExportRefused(StorageError):
    """A segment that the manifest states cannot be had with the right bytes; nothing was written."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file of an export, by its path with forward slashes."""

    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What an export holds beside this list. ``head`` and ``number`` are the site's last link when it was made.

    ``made`` is the instant by which it is judged: that of the last link, or since when the key signs, if later.
    """

    form: str
    site: str
    batch: str
    number: int
    head: str
    made: datetime
    key: str
    files: tuple[ListedFile, ...]


def link_path(number: int) -> str:
    """Where a link of the chain lies in an export."""
    return f"chain/{number:06d}.json"


def manifest_path(number: int) -> str:
    """Where the manifest that a link names lies in an export."""
    return f"manifests/{number:06d}.json"


def stamp_path(number: int, digest: str) -> str:
    """Where a stamp of a link lies in an export; ``digest`` is that of the stamp."""
    return f"stamps/{number:06d}-{digest}.tsr"


def stamped_number(path: str) -> int | None:
    """The number of the link that a path is that of a stamp of; None for any other path."""
    match = _STAMP.fullmatch(path)
    return None if match is None else int(match[1])


def named_certificate(path: str) -> tuple[int, int, str] | None:
    """Of which withholding a path is the certificate of which number, and its digest; None for any other path."""
    match = _CERTIFICATE.fullmatch(path)
    return None if match is None else (int(match[1]), int(match[2]), match[3])


def report_path(digest: str) -> str:
    """Where a report lies in an export."""
    return f"reports/{digest}.json"


def footage_path(key: str) -> str:
    """Where a segment lies in an export."""
    return f"footage/{key}"


@dataclass(frozen=True, slots=True)
class Plan:
    """An export before it is written: all its files, the signed list of them last. ``digest`` is the SHA-256 of that
    list: two plans with the same digest are the same export, byte by byte.
    """

    contents: Contents
    files: tuple[Member, ...]
    digest: str


def export(
    database: Database, archive: Archive, batch: str, target: Path, *, signer: Signer, clock: Clock
) -> Contents:
    """Write a closed batch into a new folder, or into a new ZIP where ``target`` ends so.

    Raises as ``planned``, TargetExists, OSError: then nothing is left of it.
    """
    plan = planned(database, archive, batch, signer=signer, clock=clock)
    with writing(target) as tree:
        for each in plan.files:
            with each.opened() as file:
                document = tree.add(each.path, _blocks(file))
            if document != Document(each.sha256, each.size_bytes):
                raise ExportRefused(f"{each.path} changed while it was written")
    return plan.contents


def planned(database: Database, archive: Archive, batch: str, *, signer: Signer, clock: Clock) -> Plan:
    """What an export of a batch holds now: the same each time, as long as nothing more was signed.

    A segment that was lost or withheld before the closing, as the manifest states, is left out. Raises NotClosed,
    ExportRefused, WentByOrder, KeyRefused, DatabaseUnavailable; so does opening a file of it.
    """
    latest = require_closed(database, batch)
    chain = database.closings.links(latest.site)
    now = clock.now()
    if now < chain[-1].signed_at:
        raise ExportRefused(
            f"this host's clock says {rfc3339(now)}, before the site's last manifest was signed; set it"
        )
    publish(database.closings, signer, now)
    keys = published(database.closings)
    manifest = read(Manifest, database.closings.document(latest.manifest))
    certificates = list(_certificates(database, manifest))
    files = [
        *(
            _small(path, partial(bytes, data))
            for path, data in chained(
                [(README, _INSTRUCTIONS.encode()), (KEYS, written(keys))],
                ((link_path(link.number), link.data) for link in chain),
                _stamps(database, chain),
                certificates,
            )
        ),
        *_documents(database, [link for link in chain if link.batch == batch]),
        *_footage(database, archive, manifest),
    ]
    contents = Contents(
        form=CONTENTS_FORM_WITH_CERTIFICATES if certificates else CONTENTS_FORM,
        site=latest.site,
        batch=batch,
        number=chain[-1].number,
        head=chain[-1].digest,
        made=max(chain[-1].signed_at, keys.keys[-1].valid_from),
        key=signer.public,
        files=tuple(sorted((ListedFile(each.path, each.sha256, each.size_bytes) for each in files), key=_by_path)),
    )
    listed = _small(CONTENTS, partial(bytes, signed(signer, contents)))
    return Plan(contents, (*files, listed), listed.sha256)


def _by_path(file: ListedFile) -> str:
    return file.path


def _small(path: str, data: Callable[[], bytes]) -> Member:
    """A file whose bytes can be had at once."""
    document = document_of(data())
    return Member(path, document.sha256, document.size_bytes, lambda: BytesIO(data()))


def require_closed(database: Database, batch: str) -> KeptLink:
    """The last link of a batch. Raises NotClosed, DatabaseUnavailable."""
    latest = database.closings.latest(batch)
    if latest is None:
        raise NotClosed(f"batch {batch} was never closed, so nothing of it is signed: `kaojian batch close {batch}`")
    return latest


def _stamps(database: Database, chain: list[KeptLink]) -> Iterator[tuple[str, bytes]]:
    """Of the links that go with it: one may have been added, and stamped, since they were read."""
    for stamp in database.closings.stamps(chain[0].site):
        if stamp.number <= chain[-1].number:
            yield stamp_path(stamp.number, stamp.sha256), stamp.data


def _documents(database: Database, links: list[KeptLink]) -> Iterator[Member]:
    """Manifests and reports, which may be large: read again when they are written."""
    reports: set[str] = set()
    for link in links:
        document = partial(database.closings.document, link.manifest)
        yield _small(manifest_path(link.number), document)
        reports.update(sitting.report.sha256 for sitting in read(Manifest, document()).sittings)
    for digest in sorted(reports):
        yield _small(report_path(digest), partial(database.closings.document, digest))


def _certificates(database: Database, manifest: Manifest) -> Iterator[tuple[str, bytes]]:
    """All of each withholding by which a file went that the manifest states as missing."""
    missing = {each.key: each.camera for each in manifest.segments if each.state is SegmentState.MISSING}
    for camera in sorted(set(missing.values())):
        for found in reversed(database.withholdings.all(camera)):
            papers = database.withholdings.papers(found.number)
            if any(withheld.names_one_of(paper, missing) for paper in papers):
                yield from ((f"withheld/{withheld.certificate_name(paper)}", paper.data) for paper in papers)


def _footage(database: Database, archive: Archive, manifest: Manifest) -> Iterator[Member]:
    known = {segment.key: segment for segment, _ in database.evidence.segments_of(manifest.batch)}
    keys = [each.key for each in manifest.segments]
    for key, by in database.evidence.disposed(keys).items():
        raise WentByOrder(key, by)
    withheld_by = database.evidence.withheld(keys)
    for stated in manifest.segments:
        segment = known.get(stated.key)
        if segment is None:
            raise ExportRefused(f"{stated.key} stands in the manifest and not in the database")
        if (segment.sha256, segment.size_bytes) != (stated.sha256, stated.size_bytes):
            raise ExportRefused(f"{stated.key} has other bytes than its manifest states")
        if stated.state is SegmentState.OK and stated.key in withheld_by:
            raise ExportRefused(f"{stated.key} is withheld 误摄扣留 since; amend the batch first: {_AMEND}")
        if stated.state is SegmentState.OK or _is_there(archive, segment, stated):
            path, opened = footage_path(stated.key), partial(_original, archive, segment)
            yield Member(path, stated.sha256, stated.size_bytes, opened)


def _is_there(archive: Archive, segment: Segment, stated: SegmentStatement) -> bool:
    """Whether one that the manifest states as damaged or missing can be had. Raises ExportRefused."""
    try:
        with archive.opened(segment):
            return True
    except Withheld:
        return False
    except NoCopyAnswers as error:
        if stated.objects and error.unreachable:
            raise ExportRefused(f"the export would lack footage: {error}") from error
        return False  # lost before the closing, as the manifest states


@contextmanager
def _original(archive: Archive, segment: Segment) -> Iterator[BinaryIO]:
    """Raises ExportRefused."""
    try:
        with archive.opened(segment) as file:
            yield file
    except Withheld as error:
        raise ExportRefused(f"{error}; amend the batch first: {_AMEND}") from error
    except NoCopyAnswers as error:
        raise ExportRefused(f"the export would lack footage: {error}") from error


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(_BLOCK_BYTES):
        yield block
