"""Takes a closed batch away: its originals, what was signed of it, its site's chain, and the keys to check them by.

Every segment comes through the archive, from whichever verified copy answers, and is hashed again as it is written.
The list of what the export holds is signed too, so that no file of it can be changed, taken out or added. Not here:
checking it (``verifying``).
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain as chained
from pathlib import Path
from typing import BinaryIO

from domain.evidence import SegmentState
from domain.manifest import (
    CONTENTS_FORM,
    CONTENTS_FORM_WITH_CERTIFICATES,
    Document,
    Manifest,
    SegmentStatement,
)
from domain.timeline import Clock, rfc3339
from storage.archive import Archive, NoCopyAnswers, Withheld
from storage.database import Database
from storage.database.closings import KeptLink
from storage.errors import StorageError
from storage.manifest import withheld
from storage.manifest.form import read, signed, written
from storage.manifest.keys import publish, published
from storage.manifest.trees import writing
from storage.signing import Signer

CONTENTS = "contents.json"
KEYS = "keys.json"
README = "README.txt"
_BLOCK_BYTES = 1 << 20
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
    """What an export holds beside this list. ``head`` and ``number`` are the site's last link when it was made."""

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


Making = Generator[tuple[str, Iterable[bytes]], Document, Contents]
"""The files of an export, one after the other, by path; whoever writes one sends back what it came to."""


def export(
    database: Database, archive: Archive, batch: str, target: Path, *, signer: Signer, clock: Clock
) -> Contents:
    """Write a closed batch into a new folder, or into a new ZIP where ``target`` ends so.

    Raises NotClosed, ExportRefused, TargetExists, KeyRefused, DatabaseUnavailable, OSError: then nothing is left of
    it. A segment that was lost or withheld before the closing, as the manifest states, is left out.
    """
    making = made(database, archive, batch, signer=signer, clock=clock)
    path, blocks = next(making)
    with writing(target) as tree:
        try:
            while True:
                path, blocks = making.send(tree.add(path, blocks))
        except StopIteration as done:
            contents: Contents = done.value
    return contents


def made(database: Database, archive: Archive, batch: str, *, signer: Signer, clock: Clock) -> Making:
    """The files of an export; the list of them, which is signed, comes last. Raises as ``export``."""
    latest = require_closed(database, batch)
    chain = database.closings.links(latest.site)
    now = clock.now()
    if now < chain[-1].signed_at:
        raise ExportRefused(
            f"this host's clock says {rfc3339(now)}, before the site's last manifest was signed; set it"
        )
    publish(database.closings, signer, now)
    manifest = read(Manifest, database.closings.document(latest.manifest))
    certificates = list(_certificates(database, manifest))
    files = []
    for path, data in chained(
        [(README, _INSTRUCTIONS.encode()), (KEYS, written(published(database.closings)))],
        ((link_path(link.number), link.data) for link in chain),
        _stamps(database, chain),
        _documents(database, [link for link in chain if link.batch == batch]),
        certificates,
    ):
        document = yield path, [data]
        files.append(ListedFile(path, document.sha256, document.size_bytes))
    for stated in manifest.segments:
        found = yield from _segment(database, archive, stated)
        if found is not None:
            files.append(found)
    contents = Contents(
        form=CONTENTS_FORM_WITH_CERTIFICATES if certificates else CONTENTS_FORM,
        site=latest.site,
        batch=batch,
        number=chain[-1].number,
        head=chain[-1].digest,
        made=now,
        key=signer.public,
        files=tuple(sorted(files, key=lambda file: file.path)),
    )
    yield CONTENTS, [signed(signer, contents)]
    return contents


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


def _documents(database: Database, links: list[KeptLink]) -> Iterator[tuple[str, bytes]]:
    reports: dict[str, bytes] = {}
    for link in links:
        data = database.closings.document(link.manifest)
        yield manifest_path(link.number), data
        for sitting in read(Manifest, data).sittings:
            reports[sitting.report.sha256] = database.closings.document(sitting.report.sha256)
    for digest, data in reports.items():
        yield report_path(digest), data


def _certificates(database: Database, manifest: Manifest) -> Iterator[tuple[str, bytes]]:
    """All of each withholding by which a file went that the manifest states as missing."""
    missing = {each.key: each.camera for each in manifest.segments if each.state is SegmentState.MISSING}
    for camera in sorted(set(missing.values())):
        for found in reversed(database.withholdings.all(camera)):
            papers = database.withholdings.papers(found.number)
            if any(withheld.names_one_of(paper, missing) for paper in papers):
                yield from ((f"withheld/{withheld.certificate_name(paper)}", paper.data) for paper in papers)


def _segment(
    database: Database, archive: Archive, stated: SegmentStatement
) -> Generator[tuple[str, Iterable[bytes]], Document, ListedFile | None]:
    segment = database.evidence.segment(stated.key)
    if segment is None:
        raise ExportRefused(f"{stated.key} stands in the manifest and not in the database")
    path = footage_path(stated.key)
    try:
        with archive.opened(segment) as file:
            document = yield path, _blocks(file)
    except Withheld as error:
        if stated.state is SegmentState.OK:
            raise ExportRefused(f"{error}; amend the batch first: `kaojian batch close --reason`") from error
        return None
    except NoCopyAnswers as error:
        if stated.state is not SegmentState.OK and not (stated.objects and error.unreachable):
            return None  # lost before the closing, as the manifest states
        raise ExportRefused(f"the export would lack footage: {error}") from error
    if document != Document(stated.sha256, stated.size_bytes):
        raise ExportRefused(f"{stated.key} has other bytes than its manifest states")
    return ListedFile(path, document.sha256, document.size_bytes)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(_BLOCK_BYTES):
        yield block
