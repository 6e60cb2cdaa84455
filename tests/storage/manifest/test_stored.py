"""Checking a batch where it lies under lock, in a real store and, where things are destroyed, in one in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from minio import Minio

from domain.chain import Seal, canonical
from domain.evidence import SegmentState
from domain.timeline import Interval
from storage.archive import Archive
from storage.database import connect
from storage.manifest.authority import HttpAuthority
from storage.manifest.keeping import PREFIX, keys_key, link_key, stamp_key
from storage.manifest.keys import rotate
from storage.manifest.stamps import Roots
from storage.manifest.stored import StoreAddress, verify_stored
from storage.manifest.trees import NotVerified
from storage.manifest.verifying import Trust
from storage.objects import NoSuchObject, Objects, ObjectStat, ObjectsUnavailable, S3Objects
from storage.seaweed import SeaweedServer
from storage.signing import Signer
from tests.closed_batches import DAY, EXAM, FIRST, LEAD, LOCKED_UNTIL, SECOND, START, ClosedBatches, InRealStore
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.stamp_authority import StampAuthority

IN_STORE = "manifest-in-store"
SITE = "sg-001"


@dataclass
class Stored:
    """Two closed batches in a real bucket, and what may be tried there through the interface."""

    site: InRealStore
    client: Minio
    settings: SeaweedServer

    @property
    def objects(self) -> S3Objects:
        return S3Objects(self.settings.settings(IN_STORE))

    def cover(self, key: str, data: bytes) -> None:
        """Put another version on top."""
        self.client.put_object(IN_STORE, key, BytesIO(data), len(data))

    def hide(self, key: str) -> None:
        """Delete it as one does who names no version: a delete marker is put on top."""
        self.client.remove_object(IN_STORE, key)


@pytest.fixture(scope="module")
def stored(
    tmp_path_factory: pytest.TempPathFactory, object_server: SeaweedServer, stamper: StampAuthority
) -> Iterator[Stored]:
    folder = tmp_path_factory.mktemp("stored")
    object_server.make_bucket(IN_STORE)
    database = connect(f"sqlite:///{folder / 'stored.sqlite3'}", NOTARY)
    with closing(database), object_server.administrator() as client:
        site = InRealStore(database, folder / "spool", S3Objects(object_server.settings(IN_STORE)))
        site.authority = HttpAuthority(stamper.url, stamper.roots)
        for batch, start in ((FIRST, START), (SECOND, START + DAY)):
            site.hold(batch, start)
            site.close(batch)
        yield Stored(site, client, object_server)


@pytest.fixture
def trust(stored: Stored, stamper: StampAuthority) -> Trust:
    return Trust([stored.site.signer.public], stamp_roots=Roots.read([stamper.roots]))


def checked(objects: Objects, trust: Trust, batch: str = SECOND, site: str = SITE) -> list[str]:
    return [said.en for said in verify_stored(objects, site, batch, trust)]


@pytest.fixture
def memory(tmp_path: Path, stamper: StampAuthority) -> Iterator[ClosedBatches]:
    """A site whose store a test may destroy."""
    with closing(connect(f"sqlite:///{tmp_path / 'memory.sqlite3'}", NOTARY)) as database:
        made = ClosedBatches(database, tmp_path / "spool", authority=HttpAuthority(stamper.url, stamper.roots))
        for batch, start in ((FIRST, START), (SECOND, START + DAY)):
            made.hold(batch, start)
            made.close(batch)
        yield made


def of(site: ClosedBatches, stamper: StampAuthority) -> Trust:
    return Trust([site.signer.public], stamp_roots=Roots.read([stamper.roots]))


def signed_keys(site: ClosedBatches, words: str) -> list[str]:
    return sorted(key for key in site.objects.keys(f"{PREFIX}{SITE}/") if words in key)


# What must be refused


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"{SITE}/000001-", "link 1 of the chain is missing"),
        ("/keys/", "none of the keys in the store is one that you trust"),
    ],
)
def test_what_was_signed_and_is_destroyed_is_missed(
    memory: ClosedBatches, stamper: StampAuthority, words: str, said: str
) -> None:
    for key in signed_keys(memory, words):
        memory.objects.destroy(key)
    with pytest.raises(NotVerified, match=said):
        checked(memory.objects, of(memory, stamper))


def test_each_document_of_the_batch_is_missed_and_those_of_others_are_not(
    memory: ClosedBatches, stamper: StampAuthority
) -> None:
    missed = 0
    for key in signed_keys(memory, "/documents/"):
        whole = memory.objects._versions[key]
        memory.objects.destroy(key)
        try:
            checked(memory.objects, of(memory, stamper))
        except NotVerified as error:
            assert key in str(error) and "is missing" in str(error)
            missed += 1
        memory.objects._versions[key] = whole
    assert missed == 2  # its manifest and its report, of four


def test_a_changed_byte_of_anything_that_was_signed_is_found(memory: ClosedBatches, stamper: StampAuthority) -> None:
    """A name whose version has not the hash in the name is one whose bytes are gone."""
    for key in signed_keys(memory, ""):
        if "/documents/" in key and key.rpartition("/")[2][:64] not in of_second(memory):
            continue
        whole = memory.objects._versions[key][:]
        memory.objects.flip_a_byte(key)
        with pytest.raises(NotVerified, match="is missing"):
            checked(memory.objects, of(memory, stamper))
        memory.objects._versions[key] = whole
    assert len(checked(memory.objects, of(memory, stamper))) == 12


def of_second(site: ClosedBatches) -> set[str]:
    link = site.database.closings.links(SITE)[1]
    manifest = json.loads(site.database.closings.document(link.manifest))
    return {link.manifest, manifest["sittings"][0]["report"]["sha256"]}


def test_a_segment_that_is_destroyed_or_changed_is_found(memory: ClosedBatches, stamper: StampAuthority) -> None:
    key = memory.database.evidence.segments_of(SECOND)[3][0].key
    whole = memory.objects._versions[key][:]
    memory.objects.flip_a_byte(key)
    with pytest.raises(NotVerified, match=f"segment {key} has other bytes"):
        checked(memory.objects, of(memory, stamper))
    memory.objects._versions[key] = [replace(whole[0], data=whole[0].data[:-1])]
    with pytest.raises(NotVerified, match="another size"):
        checked(memory.objects, of(memory, stamper))
    memory.objects.destroy(key)
    with pytest.raises(NotVerified, match=f"{key} is missing in version"):
        checked(memory.objects, of(memory, stamper))
    assert len(checked(memory.objects, of(memory, stamper), FIRST)) == 12


@pytest.mark.parametrize("short", [None, LOCKED_UNTIL - timedelta(seconds=1)])
def test_a_lock_that_is_gone_or_too_short_is_found(
    memory: ClosedBatches, stamper: StampAuthority, short: datetime | None
) -> None:
    """Of a segment, and of each thing that was signed of the batch."""
    link = memory.database.closings.links(SITE)[1]
    keys = [memory.database.evidence.segments_of(SECOND)[0][0].key, link_key(SITE, 2, link.digest)]
    keys += [key for key in signed_keys(memory, "/documents/") if key.rpartition("/")[2][:64] in of_second(memory)]
    keys += [key for key in signed_keys(memory, "/stamps/") if "/000002-" in key]
    assert len(keys) == 5
    for key in keys:
        whole = memory.objects._versions[key][:]
        memory.objects._versions[key] = [replace(whole[0], locked_until=short)]
        with pytest.raises(NotVerified, match=f"{key} is (not locked|locked until)"):
            checked(memory.objects, of(memory, stamper))
        memory.objects._versions[key] = whole


def test_published_keys_that_no_lock_holds_are_found_and_one_list_that_is_held_is_enough(
    memory: ClosedBatches, stamper: StampAuthority
) -> None:
    lists = signed_keys(memory, "/keys/")
    for key in lists:
        memory.objects._versions[key] = [replace(each, locked_until=None) for each in memory.objects._versions[key]]
        if key == lists[-1]:
            with pytest.raises(NotVerified, match=r"/keys/.* is not locked"):
                checked(memory.objects, of(memory, stamper))
        else:
            assert len(checked(memory.objects, of(memory, stamper))) == 12


def test_a_longer_lock_is_none_the_worse(memory: ClosedBatches, stamper: StampAuthority) -> None:
    key = memory.database.evidence.segments_of(SECOND)[0][0].key
    memory.objects.lengthen(key, memory.objects.stat(key).version_id, LOCKED_UNTIL + 300 * DAY)
    assert len(checked(memory.objects, of(memory, stamper))) == 12


def added(site: ClosedBatches, key: str, data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "added"
    file.write_bytes(data)
    site.objects.put(key, file, sha256(data).hexdigest(), LOCKED_UNTIL)


def test_a_second_link_of_a_number_is_a_second_chain(
    memory: ClosedBatches, stamper: StampAuthority, tmp_path: Path
) -> None:
    forged = b"{}"
    added(memory, link_key(SITE, 2, sha256(forged).hexdigest()), forged, tmp_path)
    with pytest.raises(NotVerified, match="there are two links 2"):
        checked(memory.objects, of(memory, stamper))


def test_a_link_that_nobody_signed_is_refused(memory: ClosedBatches, stamper: StampAuthority, tmp_path: Path) -> None:
    """Passing over it could pass over a genuine one whose key is hidden: so it is told."""
    thief = Signer.new()
    last = json.loads(memory.database.closings.links(SITE)[1].data)
    body = {name: value for name, value in last.items() if name != "signature"} | {"number": 3, "key": thief.public}
    data = canonical(body | {"signature": thief.sign(b"x")})
    added(memory, link_key(SITE, 3, sha256(data).hexdigest()), data, tmp_path)
    with pytest.raises(NotVerified, match="link 3 of the chain"):
        checked(memory.objects, of(memory, stamper))


def test_a_stamp_of_no_link_and_one_of_another_are_refused(
    memory: ClosedBatches, stamper: StampAuthority, tmp_path: Path
) -> None:
    first, second = memory.database.closings.stamps(SITE)
    added(memory, stamp_key(SITE, 3, second.sha256), second.data, tmp_path)
    with pytest.raises(NotVerified, match="a stamp of a link that there is not"):
        checked(memory.objects, of(memory, stamper))
    memory.objects.destroy(stamp_key(SITE, 3, second.sha256))
    added(memory, stamp_key(SITE, 2, first.sha256), first.data, tmp_path)
    with pytest.raises(NotVerified, match="a stamp of something else"):
        checked(memory.objects, of(memory, stamper))


def test_keys_of_a_stranger_are_not_believed(memory: ClosedBatches, stamper: StampAuthority, tmp_path: Path) -> None:
    """Nor do they harm: whoever may write there could put some."""
    with pytest.raises(NotVerified, match="none of the keys in the store"):
        checked(memory.objects, Trust([Signer.new().public]))
    with closing(connect(f"sqlite:///{tmp_path / 'other'}.sqlite3", NOTARY)) as database:
        other = ClosedBatches(database, tmp_path / "other")
        other.hold(FIRST)
        other.close(FIRST)
        (key,) = signed_keys(other, "/keys/")
        added(memory, key.replace("000001", "000009"), other.objects.read(key), tmp_path)
    assert len(checked(memory.objects, of(memory, stamper))) == 12


def test_lists_of_keys_that_contradict_each_other_are_refused(
    memory: ClosedBatches, stamper: StampAuthority, tmp_path: Path
) -> None:
    """Somebody with a copy of the key dates it back."""
    told = json.loads(memory.objects.read(signed_keys(memory, "/keys/")[0]))
    (mine,) = told["keys"]
    mine["valid_from"] = "2026-04-20T01:00:00.000000Z"
    stated = {"form": "kaojian-key-1", "key": mine["key"], "previous": None, "valid_from": mine["valid_from"]}
    mine["signature"] = memory.signer.sign(canonical(stated))
    data = canonical(told)
    added(memory, keys_key(SITE, 2, sha256(data).hexdigest()), data, tmp_path)
    with pytest.raises(NotVerified, match="contradict"):
        checked(memory.objects, of(memory, stamper))


def test_keys_that_are_no_list_of_keys_are_refused(
    memory: ClosedBatches, stamper: StampAuthority, tmp_path: Path
) -> None:
    added(memory, keys_key(SITE, 2, sha256(b"{}").hexdigest()), b"{}", tmp_path)
    with pytest.raises(NotVerified, match="is not in the form that it should have"):
        checked(memory.objects, of(memory, stamper))


def test_a_chain_that_was_cut_off_is_shorter_than_the_one_that_is_known(
    memory: ClosedBatches, stamper: StampAuthority
) -> None:
    last = memory.database.closings.links(SITE)[1]
    trust = of(memory, stamper)
    for key in [*signed_keys(memory, f"{SITE}/000002-"), *signed_keys(memory, "/stamps/000002-")]:
        memory.objects.destroy(key)
    assert "the chain ends at 1:" in checked(memory.objects, trust, FIRST)[3]
    with pytest.raises(NotVerified, match="fewer than you know of"):
        checked(memory.objects, replace(trust, head=Seal(2, last.digest)), FIRST)
    with pytest.raises(NotVerified, match="the chain has no link of this batch"):
        checked(memory.objects, trust)


def test_a_batch_a_site_and_a_bucket_that_are_not_there_are_named(stored: Stored, trust: Trust) -> None:
    with pytest.raises(NotVerified, match="the chain has no link of this batch"):
        checked(stored.objects, trust, "2026-0999")
    with pytest.raises(NotVerified, match=r"no link of a site sg-00$"):
        checked(stored.objects, trust, site="sg-00")
    with pytest.raises(ObjectsUnavailable, match="NoSuchBucket"):
        checked(S3Objects(stored.settings.settings("never-made")), trust)
    assert not stored.client.bucket_exists("never-made")


class Damaging(S3Objects):
    """A real store whose disk changes one byte of what it gives back of footage."""

    def read(self, key: str, offset: int = 0, length: int | None = None, version_id: str | None = None) -> bytes:
        data = super().read(key, offset, length, version_id)
        return data if key.startswith(".") else bytes([data[0] ^ 1]) + data[1:]


class Losing(S3Objects):
    """A real store that has lost one file of footage."""

    def stat(self, key: str, version_id: str | None = None) -> ObjectStat:
        if "/c2/" in key and key.endswith("0004.000000Z.mp4"):
            raise NoSuchObject(key)
        return super().stat(key, version_id)


class Tearing(S3Objects):
    """A real store that gives footage back to the middle."""

    def read(self, key: str, offset: int = 0, length: int | None = None, version_id: str | None = None) -> bytes:
        data = super().read(key, offset, length, version_id)
        return data if key.startswith(".") else data[: len(data) // 2]


@pytest.mark.parametrize(
    ("kind", "said"),
    [(Damaging, "has other bytes than stated"), (Losing, "is missing in version"), (Tearing, "ends too early|other")],
)
def test_a_real_store_that_damages_or_loses_footage_is_found_out(
    stored: Stored, trust: Trust, kind: type[S3Objects], said: str
) -> None:
    with closing(kind(stored.settings.settings(IN_STORE))) as objects, pytest.raises(NotVerified, match=said):
        checked(objects, trust)


# What hides nothing, and what holds


def test_a_batch_in_a_real_store_is_told_in_twelve_steps(stored: Stored, trust: Trust) -> None:
    first, last = stored.site.database.closings.links(SITE)
    known = replace(trust, head=Seal(2, last.digest), at_least=2)
    said = checked(stored.objects, known)
    assert len(said) == 12
    assert said[2] == "links 1 to 2 of site sg-001 are complete and signed"
    assert said[3] == f"the chain has what you know of it, and ends at 2:{last.digest}"
    assert said[7].startswith("9 objects lie there as stated, in version, size and lock; 0 more")
    assert said[8].endswith(f"bytes read, all as stated; root {last.segments_root}")
    assert said[10].startswith("2 time stamps hold (CN=test authority): ")
    assert first.segments_root in checked(stored.objects, trust, FIRST)[8]


@pytest.mark.parametrize("act", ["hide", "cover", "repeat"])
def test_delete_markers_and_versions_on_top_hide_nothing(stored: Stored, trust: Trust, act: str) -> None:
    """Of a link, of every document, of stamps and keys, and of footage."""
    keys: list[str] = sorted(stored.objects.keys(f"{PREFIX}{SITE}/"))
    keys += [segment.key for segment, _ in stored.site.database.evidence.segments_of(SECOND)]
    for key in keys:
        if act == "repeat":  # the same bytes, without a lock
            (data,) = {stored.objects.read(key, version_id=each) for each in genuine(stored, key)}
            stored.cover(key, data)
        elif act == "hide":
            stored.hide(key)
            with pytest.raises(NoSuchObject):
                stored.objects.read(key)
        else:
            stored.cover(key, b"{}")
            assert stored.objects.read(key) == b"{}"
    said = checked(stored.objects, trust)
    assert len(said) == 12
    assert "10 signed objects of site sg-001; 10 of them have other versions or delete markers" in said[0]


def genuine(stored: Stored, key: str) -> list[str]:
    """The version that was put there first, which is the locked one."""
    listed = [each.version_id for each in stored.objects.versions(key) if not each.marker]
    return [each for each in listed if stored.objects.stat(key, each).locked_until is not None]


def test_what_the_store_holds_beyond_the_manifest_is_told(stored: Stored, trust: Trust) -> None:
    stored.cover(f"{SITE}/{SECOND}/c1/later.mp4", b"late")
    assert checked(stored.objects, trust)[7].endswith("1 objects of the batch are in no manifest")


def test_footage_that_was_lost_before_the_closing_is_told(memory: ClosedBatches, stamper: StampAuthority) -> None:
    third, start = "2026-0503", START + 2 * DAY
    memory.hold(third, start)
    end = start + EXAM + LEAD
    run = memory.database.evidence.segments_of(third)[-1][0].run
    lost = memory.add(third, "c2", run, Interval(end, end + LEAD), keeps=False, opens=False)
    memory.observe(lost, SegmentState.MISSING)
    memory.close(third)
    said = checked(memory.objects, of(memory, stamper), third)
    assert "1 segments were stated as lost before the closing" in said[7]


def test_keys_later_what_the_old_one_signed_still_holds(tmp_path: Path) -> None:
    """Who kept the first key or the last can check both batches; the newest list is the longest."""
    file = tmp_path / "signing.key"
    with closing(connect(f"sqlite:///{tmp_path / 'years.sqlite3'}", NOTARY)) as database:
        years = ClosedBatches(database, tmp_path / "years", signer=Signer.kept(file))
        years.hold(FIRST)
        years.close(FIRST)
        old = years.signer.public
        years.to(START + 700 * DAY)
        rotate(database.closings, file, years.clock.now())
        years.clock.step(1)
        years.signer = Signer.read(file)
        years.hold(SECOND, START + 701 * DAY)
        years.archive = Archive(
            database.evidence, years.objects, years.spool, lambda _: LOCKED_UNTIL + 701 * DAY, years.clock
        )
        years.close(SECOND)
        assert len(signed_keys(years, "/keys/")) == 2
        for trusted in (old, years.signer.public):
            for batch in (FIRST, SECOND):
                assert len(checked(years.objects, Trust([trusted]), batch)) == 12


def test_the_whole_of_it_is_read_once_and_nothing_is_written(memory: ClosedBatches, stamper: StampAuthority) -> None:
    reads: list[str] = []

    class Counting(MemoryObjects):
        def read(self, key: str, offset: int = 0, length: int | None = None, version_id: str | None = None) -> bytes:
            reads.append(key)
            return memory.objects.read(key, offset, length, version_id)

    counting = Counting(clock=memory.clock)
    counting._versions = memory.objects._versions
    before = list(memory.objects.stored_keys)
    checked(counting, of(memory, stamper))
    footage = [key for key in reads if not key.startswith(".")]
    assert sorted(footage) == sorted(segment.key for segment, _ in memory.database.evidence.segments_of(SECOND))
    assert memory.objects.stored_keys == before


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("s3://kaojian/sg-001/2026-0501", StoreAddress("kaojian", "sg-001", "2026-0501")),
        ("s3://kaojian/sg-001/2026-0501/", StoreAddress("kaojian", "sg-001", "2026-0501")),
        ("s3://kaojian/sg-001", None),
        ("s3://kaojian/sg-001/2026-0501/c1", None),
        ("s3://K/sg-001/2026-0501", None),
        ("s3:///sg-001/2026-0501", None),
        ("http://kaojian/sg-001/2026-0501", None),
    ],
)
def test_an_address_names_bucket_site_and_batch(text: str, address: StoreAddress | None) -> None:
    assert StoreAddress.parse(text) == address
