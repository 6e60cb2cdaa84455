"""Checking exports: what must be refused, first of all; then what is said of an untouched one."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from domain.chain import Seal, canonical
from domain.timeline import Interval, rfc3339
from storage.database import connect
from storage.database.closings import KeptStamp
from storage.errors import KeyRefused
from storage.manifest.authority import HttpAuthority, stamp_link
from storage.manifest.keys import rotate
from storage.manifest.stamps import Roots, StampRefused, judge
from storage.manifest.trees import NotVerified, TreeRefused
from storage.manifest.verifying import Trust
from storage.signing import Signer
from tests.closed_batches import DAY, FIRST, SECOND, START, ClosedBatches, closed_twice, file_bytes
from tests.fakes.notary import NOTARY
from tests.stamp_authority import StampAuthority, certified, root_of, serving
from tests.storage.manifest.conftest import export_of
from tests.storage.manifest.reading import checked, manifest_of
from tests.storage.manifest.spoiling import files, relist, spoil

MUTATIONS = 300


@pytest.fixture
def trust(site: ClosedBatches, stamper: StampAuthority) -> Trust:
    return Trust([site.signer.public], stamp_roots=Roots.read([stamper.roots]))


@pytest.fixture
def copy(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "copy"))


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[ClosedBatches]:
    """A site that a test may change."""
    database = connect(f"sqlite:///{tmp_path / 'own.sqlite3'}", NOTARY)
    yield closed_twice(database, tmp_path / "spool")
    database.close()


# What must be refused


def test_three_hundred_ways_to_spoil_an_export_are_all_found(copy: Path, trust: Trust) -> None:
    """Files are flipped, cut, swapped, edited and signed anew, by seed."""
    missed = []
    whole = {path: path.read_bytes() for path in files(copy)}
    for seed in range(MUTATIONS):
        said = spoil(copy, seed)
        assert {path: path.read_bytes() for path in files(copy)} != whole, said
        try:
            checked(copy, trust)
            missed.append(f"{seed}: {said}")
        except NotVerified:
            pass
        restore(copy, whole)
    assert missed == []
    checked(copy, trust)


def restore(root: Path, whole: dict[Path, bytes]) -> None:
    for path in files(root):
        if path not in whole:
            path.unlink()
    for path, data in whole.items():
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)


def test_a_bit_flipped_in_any_file_is_found(exported: Path, copy: Path, trust: Trust) -> None:
    rng = random.Random(0)
    for path in files(copy):
        whole = path.read_bytes()
        data = bytearray(whole)
        data[rng.randrange(len(data))] ^= 1
        path.write_bytes(data)
        with pytest.raises(NotVerified):
            checked(copy, trust)
        path.write_bytes(whole)
    checked(copy, trust)


@pytest.mark.parametrize(
    "spelled",
    [
        str.upper,
        lambda text: text[:-1] + text[-1].swapcase() if text[-1].isalpha() else text[:-1] + " ",
        lambda text: f"{text[:64]} {text[64:]}",
        lambda text: f"{text}\n",
        lambda text: text.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
    ],
)
def test_a_signature_has_one_spelling(copy: Path, trust: Trust, spelled: Callable[[str], str]) -> None:
    """That of the contents is covered by nothing but itself."""
    path = copy / "contents.json"
    told = json.loads(path.read_bytes())
    path.write_bytes(canonical({**told, "signature": spelled(told["signature"])}))
    with pytest.raises(NotVerified, match="not signed"):
        checked(copy, trust)


def test_an_export_signed_by_somebody_else_is_refused(copy: Path, trust: Trust) -> None:
    """All of it is whole and signed, by a key that nobody trusts."""
    thief = Signer.new()
    previous = "0" * 64
    for path in sorted((copy / "chain").iterdir()):
        link = json.loads(path.read_bytes())
        link.pop("signature")
        link |= {"key": thief.public, "previous": previous}
        path.write_bytes(canonical({**link, "signature": thief.sign(canonical(link))}))
        previous = sha256(path.read_bytes()).hexdigest()
    contents = json.loads((copy / "contents.json").read_bytes())
    (copy / "contents.json").write_bytes(canonical({**contents, "head": previous}))
    relist(copy, thief)
    assert len(checked(copy, Trust([thief.public]))) == 11
    with pytest.raises(NotVerified, match="none of the keys in the export is one that you trust"):
        checked(copy, trust)


def test_a_batch_that_was_taken_out_of_the_chain_is_missed(own_site: ClosedBatches, tmp_path: Path) -> None:
    """The owner of the key exports the first batch as if the second had never been; the head kept on paper tells."""
    old = own_site.database.closings.links("sg-001")
    head = Seal(2, old[1].digest)
    own_site.database.closings.links = lambda site: old[:1]  # type: ignore[method-assign]
    path = export_of(own_site, FIRST, tmp_path / "rolled-back")
    believed = [own_site.signer.public]
    assert "without --head" in checked(path, Trust(believed))[4]
    with pytest.raises(NotVerified, match="1 links, fewer than you know of"):
        checked(path, Trust(believed, head))
    with pytest.raises(NotVerified, match="1 links, fewer than you know of"):
        checked(path, Trust(believed, at_least=2))


def test_a_chain_that_was_written_anew_by_the_holder_of_the_key_is_not_the_one_on_paper(
    site: ClosedBatches, exported: Path
) -> None:
    with pytest.raises(NotVerified, match="link 1 of the chain is not the one that you know"):
        checked(exported, Trust([site.signer.public], Seal(1, "ab" * 32)))


def test_an_older_manifest_in_the_place_of_its_amendment_is_found(own_site: ClosedBatches, tmp_path: Path) -> None:
    gone = Interval(START + DAY + timedelta(seconds=4), START + DAY + timedelta(seconds=8))
    own_site.record(SECOND, "c1", f"life-{SECOND}", gone)
    own_site.close(SECOND, "late")
    path = export_of(own_site, SECOND, tmp_path / "amended")
    trust = Trust([own_site.signer.public])
    assert "2 manifests hold" in checked(path, trust)[5]
    original = (path / "manifests/000002.json").read_bytes()
    assert (
        len(manifest_of(path / "manifests/000003.json").segments)
        == len(manifest_of(path / "manifests/000002.json").segments) + 1
    )
    (path / "manifests/000003.json").write_bytes(original)
    with pytest.raises(NotVerified, match=r"manifests/000003.json was changed"):
        checked(path, trust)
    relist(path, None)
    with pytest.raises(NotVerified, match="not signed by the key"):
        checked(path, trust)


def test_times_in_the_files_that_are_not_those_stated_are_found(own_site: ClosedBatches, tmp_path: Path) -> None:
    """Hash and signature fit: who closed the batch had stated another time than the camera's file tells."""
    span = Interval(START + 2 * DAY, START + 2 * DAY + timedelta(seconds=4))
    moved = Interval(span.start + timedelta(seconds=2), span.end + timedelta(seconds=2))
    run = next(segment.run for segment, _ in own_site.database.evidence.segments_of(SECOND))

    own_site.add(SECOND, "c2", run, span, data=file_bytes("c2", moved))
    own_site.to(START + 3 * DAY)
    own_site.close(SECOND, "late")
    path = export_of(own_site, SECOND, tmp_path / "redated")
    with pytest.raises(NotVerified, match=r"the times in .* itself are not those"):
        checked(path, Trust([own_site.signer.public]))


def test_links_and_strange_files_in_a_folder_are_refused(copy: Path, trust: Trust) -> None:
    readme = copy / "README.txt"
    readme.rename(copy.parent / "elsewhere.txt")
    readme.symlink_to(copy.parent / "elsewhere.txt")
    with pytest.raises(TreeRefused, match=r"README.txt is no plain file"):
        checked(copy, trust)


def test_a_zip_with_a_file_twice_or_packed_is_refused(exported: Path, tmp_path: Path, trust: Trust) -> None:
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files(exported):
            archive.write(path, path.relative_to(exported).as_posix())
    with pytest.raises(TreeRefused, match="compressed"):
        checked(packed, trust)
    twice = tmp_path / "twice.zip"
    with zipfile.ZipFile(twice, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for path in [*files(exported), exported / "README.txt"]:
            archive.write(path, path.relative_to(exported).as_posix())
    with pytest.raises(TreeRefused, match="twice"):
        checked(twice, trust)
    with pytest.raises(TreeRefused, match="no whole ZIP"):
        checked(exported / "README.txt", trust)


def test_a_zip_that_was_damaged_fails_or_still_gives_the_very_files(
    site: ClosedBatches, tmp_path: Path, trust: Trust
) -> None:
    """The bytes of a ZIP between its files are no evidence; those of its files are."""
    whole = export_of(site, SECOND, tmp_path / "batch.zip")
    data, rng = whole.read_bytes(), random.Random(7)
    with zipfile.ZipFile(whole) as archive:
        expected = {name: archive.read(name) for name in archive.namelist()}
    caught = 0
    for number in range(60):
        spoilt = bytearray(data)
        spoilt[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path = tmp_path / f"{number}.zip"
        path.write_bytes(spoilt)
        try:
            checked(path, trust)
        except NotVerified:
            caught += 1
        else:
            with zipfile.ZipFile(path) as archive:
                assert {name: archive.read(name) for name in archive.namelist()} == expected
        path.unlink()
    assert caught > 40


# What holds


def test_an_untouched_export_is_told_in_ten_steps(site: ClosedBatches, exported: Path) -> None:
    head = site.database.closings.links("sg-001")[1]
    said = checked(exported, Trust([site.signer.public], Seal(2, head.digest), at_least=2))
    assert len(said) == 11
    assert said[3] == "links 1 to 2 of site sg-001 are complete and signed"
    assert said[4] == f"the chain has what you know of it, and ends at 2:{head.digest}"
    assert said[5] == "1 manifests hold: 1 sittings, gaps: 1 of cameras, 1 of stations"
    assert said[7] == f"9 segments as stated, 0 of them stated as lost before the closing; root {head.segments_root}"


def test_a_zip_holds_what_a_folder_holds(site: ClosedBatches, exported: Path, tmp_path: Path, trust: Trust) -> None:
    path = export_of(site, SECOND, tmp_path / "batch.zip")
    assert checked(path, trust) == checked(exported, trust)


def test_years_later_and_keys_later_every_export_still_holds(tmp_path: Path) -> None:
    """Whoever kept any of the keys, the first or the last, can check everything; nothing was signed anew."""
    file = tmp_path / "signing.key"
    first = Signer.kept(file)
    database = connect(f"sqlite:///{tmp_path / 'years.sqlite3'}", NOTARY)
    years = ClosedBatches(database, tmp_path / "years", signer=first)
    years.hold(FIRST)
    years.close(FIRST)
    before = export_of(years, FIRST, tmp_path / "before")
    years.to(START + 700 * DAY)
    assert rotate(database.closings, file, years.clock.now())[0] == first.public
    years.clock.step(1)
    years.signer = Signer.read(file)
    years.hold(SECOND, START + 701 * DAY)
    years.close(SECOND)
    after = [export_of(years, batch, tmp_path / batch) for batch in (FIRST, SECOND)]
    for trusted in (first.public, years.signer.public):
        for path in after:
            assert len(checked(path, Trust([trusted]))) == 11
    assert len(checked(before, Trust([first.public]))) == 11
    with pytest.raises(NotVerified):
        checked(before, Trust([years.signer.public]))
    database.close()


def test_what_an_old_key_signs_after_its_time_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "signing.key"
    database = connect(f"sqlite:///{tmp_path / 'stolen.sqlite3'}", NOTARY)
    years = ClosedBatches(database, tmp_path / "stolen", signer=Signer.kept(file))
    years.hold(FIRST)
    years.close(FIRST)
    old = Signer.read(file)
    with pytest.raises(KeyRefused, match="when the old key signed"):
        rotate(database.closings, file, years.clock.now())
    years.clock.step(1)
    rotate(database.closings, file, years.clock.now())
    years.clock.step(1)
    years.signer = Signer.read(file)
    path = export_of(years, FIRST, tmp_path / "export")
    contents = json.loads((path / "contents.json").read_bytes())
    contents.pop("signature")
    contents["key"] = old.public
    (path / "contents.json").write_bytes(canonical({**contents, "signature": old.sign(canonical(contents))}))
    with pytest.raises(NotVerified, match="not signed by the key that signed at that time"):
        checked(path, Trust([old.public]))
    database.close()


# What the holder of the key cannot do either


def reseal(root: Path, signer: Signer, change: Callable[[list[dict[str, Any]], dict[str, Any]], object]) -> None:
    """Change the links of the chain and the last manifest, and sign everything again with the genuine key."""
    links = [json.loads(path.read_bytes()) for path in sorted((root / "chain").iterdir())]
    path = max((root / "manifests").iterdir())
    manifest = json.loads(path.read_bytes())
    change(links, manifest)
    path.write_bytes(canonical(manifest))
    links[-1]["manifest"] = {"sha256": sha256(path.read_bytes()).hexdigest(), "size_bytes": path.stat().st_size}
    for old in (root / "chain").iterdir():
        old.unlink()
    previous = "0" * 64
    for place, link in enumerate(links, 1):
        body = {name: value for name, value in link.items() if name != "signature"} | {"previous": previous}
        data = canonical({**body, "signature": signer.sign(canonical(body))})
        (root / "chain" / f"{place:06d}.json").write_bytes(data)
        previous = sha256(data).hexdigest()
    contents = json.loads((root / "contents.json").read_bytes()) | {"head": previous, "number": len(links)}
    (root / "contents.json").write_bytes(canonical(contents))
    relist(root, None)
    contents = json.loads((root / "contents.json").read_bytes())
    contents.pop("signature")
    (root / "contents.json").write_bytes(canonical({**contents, "signature": signer.sign(canonical(contents))}))


def test_what_is_sealed_again_unchanged_holds(site: ClosedBatches, copy: Path, trust: Trust) -> None:
    reseal(copy, site.signer, lambda links, manifest: None)
    assert len(checked(copy, trust)) == 11


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda links, manifest: links[1].update(signed_at="2026-05-01T00:00:00.000000Z"), "follow"),
        (lambda links, manifest: links[1].update(number=3), "follow"),
        (lambda links, manifest: links[1].update(site="another"), "follow"),
        (lambda links, manifest: links[1].update(form="kaojian-link-2"), "follow"),
        (lambda links, manifest: links[0].update(batch=SECOND), "does not name the manifest"),
        (lambda links, manifest: links[1].update(batch=FIRST), "does not name the manifest"),
        (
            lambda links, manifest: links[1].update(amends={"number": 1, "digest": "ab" * 32, "reason": ""}),
            "does not name the manifest",
        ),
        (lambda links, manifest: links[1].update(segments=8), "otherwise than its link"),
        (lambda links, manifest: links[1].update(segments_root="ab" * 32), "otherwise than its link"),
        (lambda links, manifest: manifest.update(batch=FIRST), "otherwise than its link"),
        (lambda links, manifest: manifest["segments"].reverse(), "not in order"),
        (lambda links, manifest: manifest["segments"][0].update(run="another"), "do not give its root"),
        (
            lambda links, manifest: manifest["sittings"][0]["window"].update(end="2026-05-02T01:00:05.000000Z"),
            "a gap outside its window",
        ),
        (lambda links, manifest: manifest["sittings"][0]["report"].update(size_bytes=1), "report .* is not the one"),
        (lambda links, manifest: manifest.update(sittings=[]), "is no part of this batch"),
    ],
)
def test_what_contradicts_itself_is_refused_though_it_is_signed(
    site: ClosedBatches,
    copy: Path,
    trust: Trust,
    change: Callable[[list[dict[str, Any]], dict[str, Any]], object],
    said: str,
) -> None:
    reseal(copy, site.signer, change)
    with pytest.raises(NotVerified, match=said):
        checked(copy, trust)


def test_a_batch_taken_out_of_the_middle_gives_another_chain_than_the_one_on_paper(
    site: ClosedBatches, copy: Path, trust: Trust
) -> None:
    """The holder of the key drops the first link, and signs the second one as number 1: the head tells, and no stamp
    can be had of what was signed then.
    """

    def without_the_first(links: list[dict[str, Any]], _: dict[str, Any]) -> None:
        del links[0]
        links[0]["number"] = 1

    (copy / "manifests/000002.json").rename(copy / "manifests/000001.json")
    first_stamp, second_stamp = sorted((copy / "stamps").iterdir())
    first_stamp.unlink()
    second_stamp.rename(copy / "stamps" / second_stamp.name.replace("000002", "000001"))
    reseal(copy, site.signer, without_the_first)
    with pytest.raises(NotVerified, match="a stamp of something else"):
        checked(copy, trust)
    shutil.rmtree(copy / "stamps")
    reseal(copy, site.signer, lambda links, manifest: None)
    assert checked(copy, trust)[9].startswith("there is no time stamp")
    first, second = site.database.closings.links("sg-001")
    for head in (Seal(1, first.digest), Seal(2, second.digest)):
        with pytest.raises(NotVerified, match=r"not the one that you know|fewer than you know of"):
            checked(copy, Trust(trust.keys, head))


# Time stamps


def restamped(root: Path, signer: Signer, change: Callable[[list[Path]], object]) -> None:
    """Change the stamps of an export, name each as it has to be, and sign the list with the genuine key."""
    change(sorted((root / "stamps").iterdir()))
    for path in sorted((root / "stamps").iterdir()):
        path.rename(path.with_name(f"{path.name[:6]}-{sha256(path.read_bytes()).hexdigest()}.tsr"))
    reseal(root, signer, lambda links, manifest: None)


def test_each_link_is_told_by_when_it_existed(
    site: ClosedBatches, exported: Path, stamper: StampAuthority, trust: Trust
) -> None:
    """A stamp of the second link would vouch for the first as well; it is later than the first one's own."""
    roots = Roots.read([stamper.roots])
    links, stamps = site.database.closings.links("sg-001"), site.database.closings.stamps("sg-001")
    by = [judge(s.data, link.data, roots).existed_by for s, link in zip(stamps, links, strict=True)]
    spans = [f"links 1 to 2 existed by {rfc3339(by[0])}"]
    if by[0] < by[1]:
        spans = [f"link 1 existed by {rfc3339(by[0])}", f"link 2 existed by {rfc3339(by[1])}"]
    assert checked(exported, trust)[9] == f"2 time stamps hold (CN=test authority): {', '.join(spans)}"


def test_without_roots_no_stamp_is_judged_and_that_is_said(site: ClosedBatches, exported: Path) -> None:
    said = checked(exported, Trust([site.signer.public]))[9]
    assert said == "2 time stamps were not judged: without --stamp-root nobody vouches for them"


def test_a_later_stamp_vouches_for_links_before_it_and_none_for_those_after(
    site: ClosedBatches, copy: Path, trust: Trust
) -> None:
    restamped(copy, site.signer, lambda stamps: stamps[0].unlink())
    assert "1 time stamps hold" in checked(copy, trust)[9]
    assert "links 1 to 2 existed by" in checked(copy, trust)[9]


def test_a_link_after_the_last_stamp_is_told_to_have_none(site: ClosedBatches, copy: Path, trust: Trust) -> None:
    restamped(copy, site.signer, lambda stamps: stamps[1].unlink())
    said = checked(copy, trust)[9]
    assert "link 1 existed by" in said
    assert said.endswith(", link 2 has no stamp")


def swapped(stamps: list[Path]) -> None:
    one, other = (path.read_bytes() for path in stamps)
    stamps[0].write_bytes(other)
    stamps[1].write_bytes(one)


def flipped(stamps: list[Path]) -> None:
    data = bytearray(stamps[1].read_bytes())
    data[-1] ^= 1  # of the signature
    stamps[1].write_bytes(data)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (swapped, "does not prove when link 1 existed: it is a stamp of something else"),
        (flipped, "does not prove when link 2 existed: "),
        (lambda stamps: stamps[0].write_bytes(b""), "no time stamp that can be read"),
        (
            lambda stamps: stamps[0].rename(stamps[0].with_name(f"000003{stamps[0].name[6:]}")),
            "no part of this batch",
        ),
        (
            lambda stamps: stamps[0].rename(stamps[0].with_name(f"000000{stamps[0].name[6:]}")),
            "no part of this batch",
        ),
    ],
)
def test_the_holder_of_the_key_cannot_forge_a_stamp(
    site: ClosedBatches, copy: Path, trust: Trust, change: Callable[[list[Path]], object], said: str
) -> None:
    restamped(copy, site.signer, change)
    with pytest.raises(NotVerified, match=said):
        checked(copy, trust)


def test_a_stamp_under_another_name_than_its_hash_is_no_part_of_the_batch(
    site: ClosedBatches, copy: Path, trust: Trust
) -> None:
    for name in ("000001-" + "ab" * 32 + ".tsr", "0000001-{}.tsr", "000001-{}.tsq"):
        stamp = min((copy / "stamps").iterdir())
        whole = stamp.name
        stamp.rename(stamp.with_name(name.format(whole[7:71])))
        reseal(copy, site.signer, lambda links, manifest: None)
        with pytest.raises(NotVerified, match="is no part of this batch"):
            checked(copy, trust)
        stamp.with_name(name.format(whole[7:71])).rename(stamp)


def test_stamps_have_no_place_in_the_form_before_them(site: ClosedBatches, copy: Path, trust: Trust) -> None:
    path = copy / "contents.json"
    path.write_bytes(canonical(json.loads(path.read_bytes()) | {"form": "kaojian-export-1"}))
    reseal(copy, site.signer, lambda links, manifest: None)
    with pytest.raises(NotVerified, match=r"stamps/.* is no part of this batch"):
        checked(copy, trust)
    shutil.rmtree(copy / "stamps")
    reseal(copy, site.signer, lambda links, manifest: None)
    assert checked(copy, trust)[9].startswith("there is no time stamp")


def test_a_stamp_of_an_authority_that_the_checker_does_not_trust_is_refused(
    site: ClosedBatches, exported: Path, tmp_path: Path
) -> None:
    """Also where it goes by the same name, and where the export itself would bring its root along."""
    for name in ("another root", "test root"):
        (tmp_path / "root.pem").write_bytes(root_of(name).pem)
        trust = Trust([site.signer.public], stamp_roots=Roots.read([tmp_path / "root.pem"]))
        with pytest.raises(NotVerified, match="does not prove when link 1 existed"):
            checked(exported, trust)


def test_a_stamp_that_is_older_than_what_it_is_of_is_refused(tmp_path: Path) -> None:
    """The host's clock was twenty years ahead when it signed; at the time it took no such stamp."""
    root = root_of()
    with serving(StampAuthority(tmp_path / "authority", root, certified("test authority", root))) as authority:
        database = connect(f"sqlite:///{tmp_path / 'ahead.sqlite3'}", NOTARY)
        ahead = ClosedBatches(database, tmp_path / "ahead")
        ahead.hold(FIRST, START + 7300 * DAY)
        closed = ahead.close(FIRST)
        asked = HttpAuthority(authority.url, authority.roots)
        data, stamp = asked.stamp(closed.link.data)
        with pytest.raises(StampRefused, match="one of the two clocks was wrong"):
            stamp_link(database.closings, closed.link, asked)
        assert database.closings.stamps("sg-001") == []
        database.closings.add_stamp(KeptStamp("sg-001", 1, sha256(data).hexdigest(), stamp.time, START, data))
        path = export_of(ahead, FIRST, tmp_path / "export")
        with pytest.raises(NotVerified, match="one of the two clocks was wrong"):
            checked(path, Trust([ahead.signer.public], stamp_roots=Roots.read([authority.roots])))
        database.close()
