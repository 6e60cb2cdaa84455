"""Checks a closed batch where it lies under lock: by the object store alone, without our server and its database.

There is no list of contents here. That nothing is missing follows from the chain and from what manifests state: each
object with its version, size, hash and lock. What was signed goes by its hash, so that a version on top of it, or a
delete marker, hides nothing: what lies below is read. Footage is read once, file by file, and none of it is kept. Not
here: the steps that exports have in common with this (``verifying``), and bringing it all there (``keeping``).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from typing import BinaryIO, cast

from domain.disposal import Certificate
from domain.evidence import SegmentState
from domain.manifest import Link, SegmentStatement, StoredObject
from domain.timeline import rfc3339
from storage.errors import KeyRefused
from storage.manifest.destruction import PREFIX as DESTRUCTIONS
from storage.manifest.destruction import PaperChain, PaperRefused, papers_in
from storage.manifest.keeping import PREFIX, document_key, keys_key, link_key, stamp_key
from storage.manifest.keys import PublishedKeys
from storage.manifest.trees import NotVerified, Said
from storage.manifest.verifying import Check, Trust, broken
from storage.manifest.withheld import PREFIX as WITHHELD
from storage.manifest.withheld import certificates_in
from storage.objects import BLOCK_BYTES, Listed, NoSuchObject, Objects
from storage.scans import PREFIX as SCANS

_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/([^/\s]+)/([^/\s]+)/?")
_NUMBERED = re.compile(r"(|keys/|stamps/)([0-9]{6,18})-([0-9a-f]{64})\.(json|tsr)")
_DOCUMENT = re.compile(r"documents/([0-9a-f]{64})\.json")
_IN_MEMORY_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where a batch lies: ``s3://BUCKET/SITE/BATCH``. Which server it is, and how to log in, is not in it."""

    bucket: str
    site: str
    batch: str

    @classmethod
    def parse(cls, text: str) -> StoreAddress | None:
        """None for what is no such address."""
        match = _ADDRESS.fullmatch(text)
        return None if match is None else cls(match[1], match[2], match[3])


def verify_stored(objects: Objects, site: str, batch: str, trust: Trust) -> Iterator[Said]:
    """Check a batch in an object store step by step; tells each step once it is done.

    1. What was signed of the site lies there, one link of each number, whatever lies on top of it.
    2. The published keys that lie there follow each other, and one of them is trusted.
    3. The links of the site's chain are complete, in order and signed, each by the key of its time.
    4. The chain has what the checker knows of it.
    5. Every manifest of the batch is the one that its link names, and an amendment takes nothing back.
    6. The reports are those that the manifests name.
    7. The papers of the site's disposals hold, and say whether this batch's footage was destroyed in its time.
    8. What was signed of the batch, and each object stated that was not, lies there in that version and size, locked
       so long.
    9. The bytes of each object are those stated.
    10. The times in the files themselves are those that the manifest states.
    11. The time stamps are of these links, by authorities that are trusted: what existed by when.
    12. The certificates of withheld footage that was destroyed hold, and the last manifest states it as missing.

    Raises NotVerified, and every error of ``storage.objects`` but NoSuchObject, where the store does not answer.
    """
    check = _StoreCheck(_StoreTree(objects, site), trust, objects, site, batch)
    yield check.there()
    yield check.keys()
    yield check.chain()
    yield check.head()
    yield check.manifests()
    yield check.reports()
    yield check.disposals()
    yield check.locks()
    yield check.footage()
    yield check.times()
    yield check.stamps()
    yield check.withheld()


class _StoreTree:
    """What was signed of a site: each name's own version, whatever lies on top."""

    def __init__(self, objects: Objects, site: str) -> None:
        self._objects = objects
        self._found: dict[str, list[Listed]] = {}
        prefix = f"{PREFIX}{site}/"
        self.look_below(prefix)
        self.names = {key: key.removeprefix(prefix) for key in self._found}

    def look_below(self, prefix: str) -> None:
        """Have what lies there in the tree too."""
        for each in self._objects.versions(prefix):
            self._found.setdefault(each.key, []).append(each)

    @property
    def covered(self) -> int:
        """How many names have a delete marker, or more than the one version that they should have."""
        return sum(len(versions) > 1 for versions in self._found.values())

    def paths(self) -> set[str]:
        return set(self._found)

    def open(self, path: str) -> BinaryIO:
        """The version whose bytes have the hash in the name. Raises FileNotFoundError, and as ``Objects.read``."""
        for _, file in self._genuine(path):
            return file
        raise FileNotFoundError(path)

    def versions(self, path: str) -> Iterator[str]:
        """All versions with the bytes of the name: somebody may have put the same ones there again."""
        for version_id, file in self._genuine(path):
            file.close()
            yield version_id

    def _genuine(self, path: str) -> Iterator[tuple[str, BinaryIO]]:
        digest = path.rpartition("/")[2].partition(".")[0].rpartition("-")[2]
        for version in self._found.get(path, []):
            file = None if version.marker else self._read(version, digest)
            if file is not None:
                yield version.version_id, file

    def _read(self, version: Listed, wanted: str) -> BinaryIO | None:
        """The bytes of a version with that hash; None where it has another. Whatever its size, memory stays small."""
        file = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 (given to the caller, who closes it)
        digest = sha256()
        for block in self._blocks(version):
            digest.update(block)
            file.write(block)
        if digest.hexdigest() != wanted:
            file.close()
            return None
        file.seek(0)
        return cast(BinaryIO, file)

    def _blocks(self, version: Listed) -> Iterator[bytes]:
        """Until its end, or to where it ends too early."""
        at = 0
        while at < version.size_bytes:
            try:
                block = self._objects.read(version.key, at, BLOCK_BYTES, version.version_id)
            except NoSuchObject:
                return
            if not block:
                return
            yield block
            at += len(block)


class _StoreCheck(Check):
    """The steps of a batch in a store; see ``verify_stored``."""

    def __init__(self, tree: _StoreTree, trust: Trust, objects: Objects, site: str, batch: str) -> None:
        super().__init__(tree, trust)
        self.site, self.batch = site, batch
        self._stored = tree
        self._objects = objects
        self._links: dict[int, str] = {}
        self._keys: list[str] = []
        self._believed: list[str] = []  # of these, the newest first
        self._stamps: list[tuple[int, str]] = []
        self._captures: dict[str, list[datetime]] = {}
        self._gone: frozenset[str] = frozenset()  # segments that a certificate of this batch says were destroyed

    def link_file(self, number: int) -> str:
        return self._links[number]

    def manifest_file(self, number: int, link: Link) -> str:
        return document_key(self.site, link.manifest.sha256)

    def report_file(self, digest: str) -> str:
        return document_key(self.site, digest)

    def stamp_files(self) -> list[tuple[int, str]]:
        return self._stamps

    def certificate_files(self) -> list[tuple[int, int, str]]:
        cameras = {each.camera for state in self.states for each in state.segments}
        found = []
        for camera in sorted(cameras):
            self._stored.look_below(f"{WITHHELD}{camera}/")
            there = certificates_in(self._objects, camera)
            found += [(each.withholding, each.number, each.key) for each in there]
        return found

    def there(self) -> Said:
        others = 0
        for key, name in sorted(self._stored.names.items()):
            if not self._sort(key, name):
                others += _DOCUMENT.fullmatch(name) is None
        self.number = max(self._links, default=0)
        if not self.number:
            raise NotVerified(
                f"对象存储中没有考场 {self.site} 的签名链", f"the store has no link of a site {self.site}"
            )
        for number in range(1, self.number + 1):
            if number not in self._links:
                raise NotVerified(f"缺少签名链第 {number} 节", f"link {number} of the chain is missing")
        count, covered = len(self._stored.names), self._stored.covered
        return Said(
            f"考场 {self.site} 已签名的对象 {count} 个，其中 {covered} 个之上另有版本或删除标记（不影响），"
            f"{others} 个不属于证据",
            f"{count} signed objects of site {self.site}; {covered} of them have other versions or delete markers, "
            f"which hide nothing; {others} are no evidence",
        )

    def _sort(self, key: str, name: str) -> bool:
        """Whether it is a link, a stamp or published keys, by its name. Raises NotVerified for a second link."""
        match = _NUMBERED.fullmatch(name)
        if match is None:
            return False
        number, digest = int(match[2]), match[3]
        if key == link_key(self.site, number, digest):
            if self._links.setdefault(number, key) != key:
                raise NotVerified(
                    f"签名链第 {number} 节有两份：{self._links[number]} 与 {key}",
                    f"there are two links {number}: {self._links[number]} and {key}",
                )
        elif key == stamp_key(self.site, number, digest):
            self._stamps.append((number, key))
        elif key == keys_key(self.site, number, digest):
            self._keys.append(key)
        else:
            return False
        return True

    def keys(self) -> Said:
        """Each is as published at some time: they must agree, and the longest is the newest."""
        lists = sorted(((key, self._published(key)) for key in self._keys), key=lambda each: len(each[1].keys))
        self._believed = [key for key, each in reversed(lists) if each.is_believed(self.trust.keys)]
        believed = [each for _, each in lists if each.is_believed(self.trust.keys)]
        if not believed:
            raise NotVerified(
                "对象存储中的公钥没有一个是您信任的公钥；签名可能出自他人",
                "none of the keys in the store is one that you trust; somebody else may have signed it",
            )
        for earlier, later in pairwise(believed):
            if [each.statement for each in earlier.keys] != [each.statement for each in later.keys][
                : len(earlier.keys)
            ]:
                raise NotVerified("对象存储中的公钥互相矛盾", "the lists of published keys contradict each other")
        self.published = believed[-1]
        count = len(self.published.keys)
        return Said(
            f"公钥 {count} 个，前后交接有效，含您信任的公钥",
            f"{count} keys, handed over one to the next, among them one you trust",
        )

    def _published(self, key: str) -> PublishedKeys:
        try:
            return PublishedKeys.read(self._data(key))
        except KeyRefused as error:
            raise broken(key, error) from None

    def chain(self) -> Said:
        said = super().chain()
        for number, key in self._stamps:
            if not 1 <= number <= self.number:
                raise NotVerified(f"{key} 没有对应的链节", f"{key} is a stamp of a link that there is not")
        return said

    def disposals(self) -> Said:
        """What went of the site in its time, by two approvals. Raises NotVerified where one paper does not hold."""
        prefix, chain, certificate = f"{DESTRUCTIONS}{self.site}/", PaperChain(self.published), None
        self._stored.look_below(prefix)
        papers = papers_in(self._objects, prefix).get(self.site, {})
        for key in papers.values():
            try:
                paper = chain.follow(self._data(key)).paper
                if paper.site != self.site:
                    raise PaperRefused(f"it is of site {paper.site}")
            except PaperRefused as error:
                raise NotVerified(f"{key} 不成立（{error}）", f"{key} does not hold: {error}") from None
            if paper.batch == self.batch and isinstance(paper, Certificate):
                certificate = paper
        if certificate is None:
            count = len(papers)
            return Said(
                f"考场处置文书 {count} 份有效；没有本批次的销毁证明",
                f"{count} papers of disposals of the site hold; this batch has no certificate of destruction",
            )
        self._gone = self._destroyed(certificate)
        return Said(
            f"考场处置文书 {len(papers)} 份有效；本批次录像文件 {len(self._gone)} 个"
            f"已按处置清单 {certificate.disposal} 销毁，{rfc3339(certificate.signed_at)} 出具证明",
            f"{len(papers)} papers of disposals of the site hold; {len(self._gone)} segments of this batch were "
            f"destroyed by list {certificate.disposal}, certified at {rfc3339(certificate.signed_at)}",
        )

    def _destroyed(self, certificate: Certificate) -> frozenset[str]:
        """What a certificate names, which is all that the manifest states. Raises NotVerified."""
        last = max(number for number, link in enumerate(self.links, 1) if link.batch == self.batch)
        stated = {(each.key, each.size_bytes, each.sha256) for each in self.states[-1].segments}
        told = {(each.key, each.size_bytes, each.sha256) for each in certificate.segments}
        footage = {each for each in told if not each[0].startswith(SCANS)}
        named = (certificate.link_number, certificate.link_digest, certificate.segments_root)
        if named != (last, self.digests[last - 1], self.states[-1].segments_root) or footage != stated:
            raise NotVerified(
                f"销毁证明 {certificate.number} 与本批次最后一份清单不符",
                f"certificate of destruction {certificate.number} is not of the last manifest of this batch",
            )
        return frozenset(key for key, _, _ in footage)

    def locks(self) -> Said:
        self._locks_of_what_was_signed()
        elsewhere = count = lost = 0
        for segment in self._standing():
            here = [each for each in segment.objects if each.target == self._objects.target]
            elsewhere += len(segment.objects) - len(here)
            if not here and segment.state is SegmentState.OK:
                raise NotVerified(
                    f"清单未写明 {segment.key} 存放于 {self._objects.target}",
                    f"{segment.key} is not stated to lie in bucket {self._objects.target}",
                )
            lost += not segment.objects
            for each in here:
                self._lock(each.key, each.version_id, each.locked_until, each.size_bytes)
                count += 1
        stated = {each.key for each in self.states[-1].segments}
        unstated = len({each.key for each in self._objects.versions(f"{self.site}/{self.batch}/")} - stated)
        return Said(
            f"对象 {count} 个，版本、大小与锁定期均如清单所写；{elsewhere} 个写明存于别处，未核验；"
            f"{lost} 个录像文件结束批次前已缺失并已写明；另有 {unstated} 个对象不在清单中",
            f"{count} objects lie there as stated, in version, size and lock; {elsewhere} more are stated to lie "
            f"elsewhere and were not looked at; {lost} segments were stated as lost before the closing; {unstated} "
            "objects of the batch are in no manifest",
        )

    def _locks_of_what_was_signed(self) -> None:
        """Each as long as the batch is kept, as the first of its manifests says that names it."""
        until: dict[str, datetime] = {}
        of_the_batch = [(number, link) for number, link in enumerate(self.links, 1) if link.batch == self.batch]
        for (number, link), state in zip(of_the_batch, self.states, strict=True):
            keys = [self.link_file(number), self.manifest_file(number, link)]
            keys += [self.report_file(each.report.sha256) for each in state.sittings]
            for key in keys:
                until.setdefault(key, state.retained_until)
        for key, retained_until in until.items():
            self._lock_of_one(key, retained_until)
        for (number, _), state in zip(of_the_batch, self.states, strict=True):
            self._lock_of_any([key for stamped, key in self._stamps if stamped == number], state.retained_until)
            self._lock_of_any(self._believed, state.retained_until)

    def _lock_of_any(self, keys: list[str], until: datetime) -> None:
        """One stamp of a link, and one list of keys that is believed, is enough: anybody may have put others there.

        Raises NotVerified.
        """
        failed: NotVerified | None = None
        for key in keys:
            try:
                self._lock_of_one(key, until)
            except NotVerified as error:
                failed = error
            else:
                return
        if failed is not None:
            raise failed

    def _lock_of_one(self, key: str, until: datetime) -> None:
        """One version with the right bytes is enough, whatever lies on top of it. Raises NotVerified."""
        failed = NotVerified(f"缺少 {key}", f"{key} is missing")
        for version_id in self._stored.versions(key):
            try:
                self._lock(key, version_id, until, None)
            except NotVerified as error:
                failed = error
            else:
                return
        raise failed

    def _lock(self, key: str, version_id: str, until: datetime | None, size_bytes: int | None) -> None:
        """Raises NotVerified where that version is not there, has another size, or is locked for too short a time."""
        try:
            found = self._objects.stat(key, version_id)
        except NoSuchObject:
            raise NotVerified(
                f"缺少 {key} 的版本 {version_id}", f"{key} is missing in version {version_id}"
            ) from None
        if size_bytes is not None and found.size_bytes != size_bytes:
            raise NotVerified(f"{key} 的大小不符", f"{key} has another size than is stated")
        if until is not None and (found.locked_until is None or found.locked_until < until):
            locked = "未锁定" if found.locked_until is None else f"锁定至 {rfc3339(found.locked_until)}"
            told = "not locked" if found.locked_until is None else f"locked until {rfc3339(found.locked_until)}"
            raise NotVerified(
                f"{key} {locked}，应锁定至 {rfc3339(until)}", f"{key} is {told} instead of {rfc3339(until)}"
            )

    def _standing(self) -> list[SegmentStatement]:
        """The segments that were not destroyed in their time."""
        return [each for each in self.states[-1].segments if each.key not in self._gone]

    def footage(self) -> Said:
        size = 0
        for segment in self._standing():
            for each in segment.objects:
                if each.target == self._objects.target:
                    size += self._read(segment, each)
        root = self.states[-1].segments_root
        return Said(
            f"逐字节读取 {size} 字节，均如清单所写；根值 {root}", f"{size} bytes read, all as stated; root {root}"
        )

    def _read(self, segment: SegmentStatement, stated: StoredObject) -> int:
        """Read one object to its end, and what times it tells while it is there: how many bytes."""
        digest, size = sha256(), 0
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
            while size < stated.size_bytes:
                block = self._block(stated, size)
                digest.update(block)
                file.write(block)
                size += len(block)
            if digest.hexdigest() != stated.sha256 or stated.sha256 != segment.sha256:
                raise NotVerified(
                    f"录像文件 {segment.key} 被改动", f"segment {segment.key} has other bytes than stated"
                )
            if segment.state is SegmentState.OK:
                file.seek(0)
                self._captures[segment.key] = self._captured(segment, cast(BinaryIO, file))
        return size

    def _block(self, stated: StoredObject, offset: int) -> bytes:
        try:
            block = self._objects.read(stated.key, offset, BLOCK_BYTES, stated.version_id)
        except NoSuchObject:
            block = b""
        if not block:
            raise NotVerified(f"录像文件 {stated.key} 不完整", f"segment {stated.key} ends too early")
        return block

    def _times(self, segment: SegmentStatement) -> list[datetime]:
        return self._captures[segment.key]
