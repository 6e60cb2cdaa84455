"""Checks a closed batch by what was signed of it and what the checker brings along. Here an exported one: no server,
no database, no network.

Numbered steps (``verify``), each told once it is done; the first thing that does not hold ends it. What each step
proves, and what it does not, is in docs/evidence-format.md. ``Check`` has the steps that hold wherever a batch lies.
Not here: reading folders and ZIPs (``trees``), and a batch in an object store (``stored``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import BinaryIO

from domain.chain import Seal
from domain.evidence import Gap, SegmentState
from domain.manifest import (
    BEFORE_THE_FIRST_LINK,
    CONTENTS_FORM,
    CONTENTS_FORM_WITH_CERTIFICATES,
    CONTENTS_FORM_WITHOUT_STAMPS,
    LINK_FORM,
    MANIFEST_FORM,
    Amendment,
    Document,
    Link,
    Manifest,
    SegmentStatement,
    lost_by_amending,
)
from domain.timeline import Interval, rfc3339
from domain.withholding import DestroyedFile
from storage.errors import StorageError
from storage.manifest.destruction import PaperRefused
from storage.manifest.exporting import (
    CONTENTS,
    KEYS,
    README,
    Contents,
    ListedFile,
    footage_path,
    link_path,
    manifest_path,
    named_certificate,
    report_path,
    stamp_path,
    stamped_number,
)
from storage.manifest.form import FormRefused, document_of, read, read_signed, segments_root
from storage.manifest.keys import PublishedKeys
from storage.manifest.stamps import Roots, Stamp, StampRefused, judge, refuse_before
from storage.manifest.trees import NotVerified, Reading, Said, is_plain
from storage.manifest.withheld import DestructionChain
from storage.media import MediaError, read_index

_BLOCK_BYTES = 1 << 20
_MAX_DOCUMENT_BYTES = 1 << 30
_START_TOLERANCE = timedelta(milliseconds=1)
_FRAGMENT = timedelta(seconds=1)  # pictures of one may be shown in another order than they are written in
_LONGEST_END = timedelta(seconds=120)  # no run outlasts a silence of 60 s: once in a fragment, once after it


@dataclass(frozen=True, slots=True)
class Trust:
    """What the checker brings along, none of it from the export.

    ``keys`` are public keys that are believed, at least one of them the installation's. ``head`` is a link of the
    site's chain that was written down elsewhere, ``at_least`` how many links it must have. ``stamp_roots`` vouch for
    time stamp authorities; without them no stamp is judged.
    """

    keys: Collection[str]
    head: Seal | None = None
    at_least: int | None = None
    stamp_roots: Roots | None = None


def verify(tree: Reading, trust: Trust) -> Iterator[Said]:
    """Check an export step by step; tells each step once it is done. Raises NotVerified, OSError, TreeRefused.

    1. The published keys follow each other, and one of them is trusted.
    2. The list of contents is signed by the key of its time.
    3. The files are exactly those of the list, byte by byte.
    4. The links of the site's chain are complete, in order and signed, each by the key of its time.
    5. The chain has what the checker knows of it.
    6. Every manifest of the batch is the one that its link names, and an amendment takes nothing back.
    7. The reports are those that the manifests name.
    8. The segments of the last manifest give its root, and each is there or stated as lost.
    9. The times in the files themselves are those that the manifest states.
    10. The time stamps are of these links, by authorities that are trusted: what existed by when.
    11. The certificates of withheld footage that was destroyed hold, and the last manifest states it as missing.
    """
    check = _ExportCheck(tree, trust)
    yield check.keys()
    yield check.contents()
    yield check.files()
    yield check.chain()
    yield check.head()
    yield check.manifests()
    yield check.reports()
    yield check.segments()
    yield check.times()
    yield check.stamps()
    yield check.withheld()


@dataclass
class Check(ABC):
    """The steps that hold wherever a batch lies, each resting on what those before it found.

    Who derives from it says which file is which, and sets ``published``, ``site``, ``batch`` and ``number``, how many
    links the chain has, before the chain is followed.
    """

    tree: Reading
    trust: Trust
    published: PublishedKeys = field(init=False)
    site: str = field(init=False)
    batch: str = field(init=False)
    number: int = field(init=False)
    links: list[Link] = field(default_factory=list, init=False)
    digests: list[str] = field(default_factory=list, init=False)
    states: list[Manifest] = field(default_factory=list, init=False)  # the batch's manifests, the last one in force

    @property
    def last(self) -> str:
        """The digest of the last link that was followed."""
        return self.digests[-1] if self.digests else BEFORE_THE_FIRST_LINK

    @abstractmethod
    def link_file(self, number: int) -> str:
        """Where the link of that number lies."""

    @abstractmethod
    def manifest_file(self, number: int, link: Link) -> str:
        """Where the manifest of a link lies."""

    @abstractmethod
    def report_file(self, digest: str) -> str:
        """Where a report lies."""

    @abstractmethod
    def stamp_files(self) -> list[tuple[int, str]]:
        """The stamps of links that are there: the number of the link, and where it lies."""

    @abstractmethod
    def certificate_files(self) -> list[tuple[int, int, str]]:
        """The certificates of withheld footage that are there: of which withholding which number, and where it lies.

        Those of one withholding come in their order.
        """

    def chain(self) -> Said:
        previous, newest = BEFORE_THE_FIRST_LINK, datetime.min.replace(tzinfo=UTC)
        latest: dict[str, tuple[int, str]] = {}
        for number in range(1, self.number + 1):
            data = self._data(self.link_file(number))
            try:
                link, signature = read_signed(Link, data)
            except FormRefused as error:
                raise broken(self.link_file(number), error) from None
            place = (link.form, link.site, link.number, link.previous)
            if place != (LINK_FORM, self.site, number, previous) or link.signed_at < newest:
                raise NotVerified(
                    f"签名链第 {number} 节与前一节不相接",
                    f"link {number} of the chain does not follow the one before it",
                )
            if not self.published.holds(link, signature, link.key, link.signed_at):
                raise NotVerified(
                    f"签名链第 {number} 节的签名无效，或签名时该公钥不在有效期内",
                    f"link {number} of the chain is not signed by the key that signed at that time",
                )
            self._follow(link, latest)
            previous, newest = sha256(data).hexdigest(), link.signed_at
            latest[link.batch] = (number, previous)
            self.links.append(link)
            self.digests.append(previous)
        return Said(
            f"考场 {self.site} 的签名链 1 至 {len(self.links)} 节完整，逐节签名有效",
            f"links 1 to {len(self.links)} of site {self.site} are complete and signed",
        )

    def head(self) -> Said:
        count, head, at_least = len(self.links), self.trust.head, self.trust.at_least
        if (head is not None and head.number > count) or (at_least is not None and at_least > count):
            raise NotVerified(
                f"签名链只有 {count} 节，少于您所知的节数：有批次被去掉，或这是旧的导出",
                f"the chain has {count} links, fewer than you know of: a batch was taken out, or the export is old",
            )
        if head is not None and self.digests[head.number - 1] != head.digest:
            raise NotVerified(
                f"签名链第 {head.number} 节不是您所持的那一节",
                f"link {head.number} of the chain is not the one that you know",
            )
        last = f"{count}:{self.last}"
        if head is None and at_least is None:
            return Said(
                f"末节为 {last}；未给出 --head 或 --at-least，其后是否还有批次无从判断",
                f"the chain ends at {last}; without --head or --at-least nobody can tell what came after it",
            )
        return Said(f"签名链与您所知的相符，末节为 {last}", f"the chain has what you know of it, and ends at {last}")

    def manifests(self) -> Said:
        for number, link in enumerate(self.links, 1):
            if link.batch == self.batch:
                self.states.append(self._manifest(number, link))
        if not self.states:
            raise NotVerified("签名链中没有该批次", "the chain has no link of this batch")
        for earlier, later in pairwise(self.states):
            key = lost_by_amending(earlier, later)
            if key is not None:
                raise NotVerified(f"更正清单去掉或改写了 {key}", f"an amendment leaves out or changes {key}")
        sittings = self.states[-1].sittings
        cameras = sum(len(of.gaps) for each in sittings for of in each.cameras)
        stations = sum(len(of.gaps) for each in sittings for of in each.stations)
        count = len(self.states)
        return Said(
            f"证据清单 {count} 份有效：{len(sittings)} 个场次，摄像机断档 {cameras} 段，工位断档 {stations} 段",
            f"{count} manifests hold: {len(sittings)} sittings, gaps: {cameras} of cameras, {stations} of stations",
        )

    def reports(self) -> Said:
        named = self._named_reports()
        for digest, document in named.items():
            if self._document(self.report_file(digest)) != (document.sha256, document.size_bytes):
                raise NotVerified(
                    f"报告 {digest} 不是清单所写的", f"report {digest} is not the one that the manifest names"
                )
        return Said(f"报告 {len(named)} 份与清单相符", f"{len(named)} reports are those that the manifests name")

    def _named_reports(self) -> dict[str, Document]:
        return {each.report.sha256: each.report for state in self.states for each in state.sittings}

    def times(self) -> Said:
        checked = [each for each in self._standing() if each.state is SegmentState.OK]
        for each in checked:
            captured = self._times(each)
            stated = each.interval
            inside = Interval(stated.start - _FRAGMENT, stated.end + _FRAGMENT)
            if (
                abs(captured[0] - stated.start) > _START_TOLERANCE
                or stated.end - captured[-1] > _LONGEST_END
                or any(instant not in inside for instant in captured)
            ):
                raise NotVerified(
                    f"录像文件 {each.key} 自身所记的时间与清单不符",
                    f"the times in {each.key} itself are not those that the manifest states",
                )
        return Said(
            f"{len(checked)} 个录像文件自身所记的时间与清单相符",
            f"the times in {len(checked)} files are those stated",
        )

    def stamps(self) -> Said:
        there, roots = self.stamp_files(), self.trust.stamp_roots
        if not there:
            return Said(
                "没有外部机构的时间戳；签名时间只由签名主机自己所述",
                "there is no time stamp: when was signed, only the host that signed says",
            )
        if roots is None:
            return Said(
                f"时间戳 {len(there)} 份未核验：未给出 --stamp-root",
                f"{len(there)} time stamps were not judged: without --stamp-root nobody vouches for them",
            )
        found: dict[int, Stamp] = {}
        for number, path in there:
            stamp = self._stamp(number, path, roots)
            found[number] = min(stamp, found.get(number, stamp), key=lambda each: each.existed_by)
        return _existed(found, len(self.links))

    def withheld(self) -> Said:
        """What was destroyed by the word of two sides, before its time."""
        stated = {each.key: each for each in self.states[-1].segments}
        chains: dict[int, DestructionChain] = {}
        count = unstated = gone = 0
        for withholding, number, path in self.certificate_files():
            chain = chains.setdefault(withholding, DestructionChain(withholding, self.published))
            try:
                paper = chain.follow(self._data(path)).paper
                if paper.number != number:
                    raise PaperRefused(f"it is number {paper.number}")
            except PaperRefused as error:
                raise NotVerified(f"{path} 不成立（{error}）", f"{path} does not hold: {error}") from None
            for each in paper.files:
                if each.key.startswith(f"{self.site}/{self.batch}/"):
                    gone += 1
                    unstated += not _is_stated(path, each, stated.get(each.key))
            count += 1
        if not count:
            return Said(
                "没有误摄扣留录像的销毁证明", "there is no certificate of withheld footage that was destroyed"
            )
        return Said(
            f"误摄扣留录像的销毁证明 {count} 份有效，均经两方认定；本批次录像文件 {gone} 个，"
            f"其中 {unstated} 个不在清单中，其余清单已写明缺失",
            f"{count} certificates of withheld footage hold, each by both sides; {gone} files of this batch were "
            f"destroyed, {unstated} of them in no manifest, the others stated as missing",
        )

    def _stamp(self, number: int, path: str, roots: Roots) -> Stamp:
        try:
            stamp = judge(self._data(path), self._data(self.link_file(number)), roots)
            refuse_before(stamp, self.links[number - 1].signed_at)
        except StampRefused as error:
            raise NotVerified(
                f"{path} 不能证明签名链第 {number} 节的时间（{error}）",
                f"{path} does not prove when link {number} existed: {error}",
            ) from None
        return stamp

    def _follow(self, link: Link, latest: Mapping[str, tuple[int, str]]) -> None:
        """A second link of a batch amends the one before it, and says so. Raises NotVerified."""
        before, amends = latest.get(link.batch), link.amends
        named = (amends.number, amends.digest) if isinstance(amends, Amendment) else None
        if named != before:
            raise NotVerified(
                f"签名链第 {link.number} 节没有指向批次 {link.batch} 的前一份清单",
                f"link {link.number} does not name the manifest of batch {link.batch} before it",
            )

    def _manifest(self, number: int, link: Link) -> Manifest:
        path = self.manifest_file(number, link)
        data = self._data(path)
        if document_of(data) != link.manifest:
            raise NotVerified(f"{path} 不是签名链所写的清单", f"{path} is not the manifest that its link names")
        try:
            state = read(Manifest, data)
        except FormRefused as error:
            raise broken(path, error) from None
        keys = [each.key for each in state.segments]
        head = (state.form, state.site, state.batch, state.segments_root, len(keys))
        if head != (MANIFEST_FORM, link.site, link.batch, link.segments_root, link.segments):
            raise NotVerified(f"{path} 与签名链不符", f"{path} tells otherwise than its link")
        if any(first >= second for first, second in pairwise(keys)):
            raise NotVerified(f"{path} 中录像文件的次序不对", f"the segments of {path} are not in order")
        if segments_root(state.segments) != state.segments_root:
            raise NotVerified(f"{path} 中录像文件与根值不符", f"the segments of {path} do not give its root")
        for sitting in state.sittings:
            stated = [*(of.gaps for of in sitting.cameras), *(of.gaps for of in sitting.stations)]
            if not all(_inside(gaps, sitting.window) for gaps in stated):
                raise NotVerified(f"{path} 中的断档越出应录时段", f"{path} states a gap outside its window")
        return state

    def _standing(self) -> list[SegmentStatement]:
        """The segments of the last manifest that are to be there as it states them."""
        return list(self.states[-1].segments)

    @abstractmethod
    def _times(self, segment: SegmentStatement) -> list[datetime]:
        """When the first picture of each fragment was taken, by the file itself."""

    def _captured(self, segment: SegmentStatement, file: BinaryIO) -> list[datetime]:
        try:
            index = read_index(file)
        except MediaError as error:
            raise broken(segment.key, error) from None
        if not index.fragments:
            raise NotVerified(f"录像文件 {segment.key} 中没有画面", f"{segment.key} holds no picture")
        return [fragment.captured for fragment in index.fragments]

    def _document(self, path: str) -> tuple[str, int]:
        """SHA-256 and size of a file."""
        digest, size_bytes = sha256(), 0
        with self._opened(path) as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                size_bytes += len(block)
        return digest.hexdigest(), size_bytes

    def _data(self, path: str) -> bytes:
        with self._opened(path) as file:
            data = file.read(_MAX_DOCUMENT_BYTES + 1)
        if len(data) > _MAX_DOCUMENT_BYTES:
            raise NotVerified(f"文件 {path} 过大", f"{path} is too large for what it is")
        return data

    def _opened(self, path: str) -> BinaryIO:
        try:
            return self.tree.open(path)
        except (FileNotFoundError, NotADirectoryError, KeyError):
            raise NotVerified(f"缺少文件 {path}", f"{path} is missing") from None


class _ExportCheck(Check):
    """The steps of an export, whose list of contents is signed."""

    told: Contents
    listed: Mapping[str, ListedFile]

    def link_file(self, number: int) -> str:
        return link_path(number)

    def manifest_file(self, number: int, link: Link) -> str:
        return manifest_path(number)

    def report_file(self, digest: str) -> str:
        return report_path(digest)

    def _times(self, segment: SegmentStatement) -> list[datetime]:
        with self._opened(footage_path(segment.key)) as file:
            return self._captured(segment, file)

    def stamp_files(self) -> list[tuple[int, str]]:
        if self.told.form == CONTENTS_FORM_WITHOUT_STAMPS:
            return []
        found = list[tuple[int, str]]()
        for path, file in sorted(self.listed.items()):
            number = stamped_number(path)
            if number is not None and 1 <= number <= len(self.links) and path == stamp_path(number, file.sha256):
                found.append((number, path))
        return found

    def certificate_files(self) -> list[tuple[int, int, str]]:
        if self.told.form != CONTENTS_FORM_WITH_CERTIFICATES:
            return []
        found = []
        for path, file in sorted(self.listed.items()):
            named = named_certificate(path)
            if named is not None and path == f"withheld/{named[0]:06d}-{named[1]:03d}-{file.sha256}.json":
                found.append((named[0], named[1], path))
        return found

    def keys(self) -> Said:
        try:
            self.published = PublishedKeys.read(self._data(KEYS))
        except StorageError as error:
            raise broken(KEYS, error) from None
        if not self.published.is_believed(self.trust.keys):
            raise NotVerified(
                "导出中的公钥没有一个是您信任的公钥；签名可能出自他人",
                "none of the keys in the export is one that you trust; somebody else may have signed it",
            )
        count = len(self.published.keys)
        return Said(
            f"公钥 {count} 个，前后交接有效，含您信任的公钥",
            f"{count} keys, handed over one to the next, among them one you trust",
        )

    def contents(self) -> Said:
        try:
            told, signature = read_signed(Contents, self._data(CONTENTS))
        except FormRefused as error:
            raise broken(CONTENTS, error) from None
        known = told.form in {CONTENTS_FORM, CONTENTS_FORM_WITHOUT_STAMPS, CONTENTS_FORM_WITH_CERTIFICATES}
        if not known or not self.published.holds(told, signature, told.key, told.made):
            raise NotVerified(
                "文件清单 contents.json 的签名无效，或签名时该公钥不在有效期内",
                "the list of contents is not signed by the key that signed at that time",
            )
        self.told, self.site, self.batch, self.number = told, told.site, told.batch, told.number
        self.listed = {each.path: each for each in told.files}
        if len(self.listed) != len(told.files) or not all(is_plain(path) for path in self.listed):
            raise NotVerified("文件清单中的路径重复或越界", "the list of contents names a file twice, or outside")
        return Said(
            f"文件清单由公钥 {told.key} 于 {rfc3339(told.made)} 签名：批次 {told.batch}，考场 {told.site}",
            f"contents signed by key {told.key} at {rfc3339(told.made)}: batch {told.batch} of site {told.site}",
        )

    def files(self) -> Said:
        there = self.tree.paths() - {CONTENTS}
        for path in sorted(self.listed.keys() - there):
            raise NotVerified(f"缺少文件 {path}", f"{path} is missing")
        for path in sorted(there - self.listed.keys()):
            raise NotVerified(f"多出文件 {path}", f"{path} does not belong to the export")
        for path, each in sorted(self.listed.items()):
            if self._document(path) != (each.sha256, each.size_bytes):
                raise NotVerified(f"文件 {path} 被改动", f"{path} was changed")
        size = sum(each.size_bytes for each in self.listed.values())
        return Said(
            f"{len(there)} 个文件、{size} 字节，逐字节相符", f"{len(there)} files of {size} bytes, all as signed"
        )

    def chain(self) -> Said:
        said = super().chain()
        last = self.links[-1].signed_at if self.links else self.told.made
        if self.last != self.told.head or self.told.made < last:
            raise NotVerified(
                "签名链的末节不是文件清单所写的", "the chain does not end with the link that the contents name"
            )
        return said

    def reports(self) -> Said:
        said = super().reports()
        expected = {
            README,
            KEYS,
            *(link_path(number) for number in range(1, len(self.links) + 1)),
            *(manifest_path(number) for number, link in enumerate(self.links, 1) if link.batch == self.batch),
            *(report_path(digest) for digest in self._named_reports()),
            *(footage_path(each.key) for each in self.states[-1].segments),
            *(path for _, path in self.stamp_files()),
            *(path for _, _, path in self.certificate_files()),
        }
        for path in sorted(self.listed.keys() - expected):
            raise NotVerified(f"{path} 不属于该批次", f"{path} is no part of this batch")
        return said

    def segments(self) -> Said:
        lost = 0
        for each in self.states[-1].segments:
            file = self.listed.get(footage_path(each.key))
            if file is None and each.state is SegmentState.OK:
                raise NotVerified(f"缺少录像文件 {each.key}", f"segment {each.key} is missing")
            if file is not None and (file.sha256, file.size_bytes) != (each.sha256, each.size_bytes):
                raise NotVerified(f"录像文件 {each.key} 不是清单所写的", f"segment {each.key} is not the one stated")
            lost += file is None
        root, count = self.states[-1].segments_root, len(self.states[-1].segments)
        return Said(
            f"录像文件 {count} 个与清单相符，其中 {lost} 个结束批次前已缺失并已写明；根值 {root}",
            f"{count} segments as stated, {lost} of them stated as lost before the closing; root {root}",
        )


def _is_stated(path: str, file: DestroyedFile, stated: SegmentStatement | None) -> bool:
    """Whether the manifest has a destroyed file. Raises NotVerified where it tells otherwise of it."""
    if stated is None:
        return False
    told = (stated.state, stated.sha256, stated.size_bytes, stated.interval.start, stated.interval.end)
    if told != (SegmentState.MISSING, file.sha256, file.size_bytes, file.start, file.end):
        raise NotVerified(
            f"{path} 所列录像文件 {file.key} 与清单不符", f"{path} tells otherwise of {file.key} than the manifest"
        )
    return True


def broken(what: str, error: Exception) -> NotVerified:
    """That a file is not in its form."""
    return NotVerified(
        f"{what} 的内容不合规定格式（{error}）", f"{what} is not in the form that it should have: {error}"
    )


def _existed(found: Mapping[int, Stamp], links: int) -> Said:
    """By when each link existed: by its own stamp, or by that of a later link, which names it, if that is earlier."""
    by: datetime | None = None
    spans: list[tuple[int, int, datetime | None]] = []  # from the last link to the first
    for number in range(links, 0, -1):
        mine = found.get(number)
        if mine is not None and (by is None or mine.existed_by < by):
            by = mine.existed_by
        if spans and spans[-1][2] == by:
            spans[-1] = (number, spans[-1][1], by)
        else:
            spans.append((number, number, by))
    zh, en = [], []
    for first, last, when in reversed(spans):
        one = first == last
        zh.append(
            (f"第 {first} 节" if one else f"第 {first} 至 {last} 节")
            + (f"不晚于 {rfc3339(when)} 已存在" if when else "没有时间戳")
        )
        en.append(
            (f"link {first} " if one else f"links {first} to {last} ")
            + (f"existed by {rfc3339(when)}" if when else f"{'has' if one else 'have'} no stamp")
        )
    names = sorted({stamp.authority for stamp in found.values()})
    return Said(
        f"时间戳 {len(found)} 份有效（{'；'.join(names)}）：{'，'.join(zh)}",
        f"{len(found)} time stamps hold ({'; '.join(names)}): {', '.join(en)}",
    )


def _inside(gaps: tuple[Gap, ...], window: Interval) -> bool:
    """Whether gaps lie in their window, one after the other."""
    ordered = all(before.interval.end <= after.interval.start for before, after in pairwise(gaps))
    return ordered and all(gap.interval.intersection(window) == gap.interval for gap in gaps)
