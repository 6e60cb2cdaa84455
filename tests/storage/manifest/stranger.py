"""A verifier by a stranger, from docs/evidence-format.md alone: openssl, sha256sum and the standard library.

Run as a program of its own: ``python -I stranger.py FOLDER KEY [NUMBER:DIGEST] [ROOT.pem]``; 0, or 1 with what does
not hold.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

STAMP = re.compile(r"stamps/(\d{6,18})-([0-9a-f]{64})\.tsr")
CERTIFICATE = re.compile(r"withheld/(\d{6,18})-(\d{3,18})-([0-9a-f]{64})\.json")
STAMPED = re.compile(r"^Time stamp: (\w{3}) +(\d+) (\d\d:\d\d:\d\d)(?:\.\d+)? (\d{4}) GMT$", re.MULTILINE)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
FIELDS = {
    "published": "endorsement key previous signature valid_from valid_until",
    "contents": "batch files form head key made number site",
    "file": "path sha256 size_bytes",
    "link": "amends batch form key manifest number previous segments segments_root signed_at site",
    "manifest": "batch form retained_until rule_pack segments segments_root site sittings software",
    "sitting": "batch_revision cameras closed number opened report site_revision stations window",
    "segment": "camera codec frames interval key objects recorder run sha256 size_bytes state",
    "document": "sha256 size_bytes",
    "amends": "digest number reason",
    "certificate": "camera confirmed files form key number ordered previous signed_at start until withholding",
    "destroyed": "end folders key removed sha256 size_bytes start",
}


class Refused(Exception):
    """Something does not hold."""


def require(holds: bool, what: str) -> None:
    if not holds:
        raise Refused(what)


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def read(path: Path) -> Any:
    try:
        data = path.read_bytes()
        value = json.loads(data)
    except (OSError, ValueError) as error:
        raise Refused(f"{path.name}: {error}") from None
    require(canonical(value) == data, f"{path.name} is not canonical")
    return value


def shaped(value: Any, kind: str) -> Any:
    require(isinstance(value, dict) and sorted(value) == FIELDS[kind].split(), f"not a {kind}")
    return value


def instant(text: Any) -> str:
    """Of one width, so that they compare as text."""
    require(isinstance(text, str) and INSTANT.fullmatch(text) is not None, f"{text!r} is no instant")
    return str(text)


def microseconds(text: str) -> int:
    since = datetime.fromisoformat(instant(text)) - datetime(1900, 1, 1, tzinfo=UTC)
    return (since.days * 86400 + since.seconds) * 10**6 + since.microseconds


def is_signed(message: bytes, signature: Any, key: str) -> bool:
    if not isinstance(signature, str) or not re.fullmatch(r"[0-9a-f]{128}", signature):
        return False
    try:
        der, raw = bytes.fromhex("302a300506032b6570032100" + key), bytes.fromhex(signature)
    except (TypeError, ValueError):
        return False
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("key", "message", "signature")]
        for path, data in zip(paths, (der, message, raw), strict=True):
            path.write_bytes(data)
        names = [str(path) for path in paths]
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", names[0], "-rawin"]
        done = subprocess.run([*command, "-in", names[1], "-sigfile", names[2]], capture_output=True, check=False)
    return done.returncode == 0


class Keys:
    def __init__(self, told: Any, trusted: str) -> None:
        require(isinstance(told, dict) and sorted(told) == ["form", "keys"], "keys.json")
        require(told["form"] == "kaojian-keys-1", "form of keys.json")
        self.all = [shaped(each, "published") for each in told["keys"]]
        before = None
        for number, each in enumerate(self.all):
            stated = {"form": "kaojian-key-1", "key": each["key"], "previous": each["previous"]}
            said = canonical({**stated, "valid_from": instant(each["valid_from"])})
            require(is_signed(said, each["signature"], each["key"]), "a key is not signed by itself")
            last = number + 1 == len(self.all)
            until = None if last else self.all[number + 1]["valid_from"]
            require(each["valid_until"] == until, "valid_until")
            if before is None:
                require(each["previous"] is None and each["endorsement"] is None, "the first key is missing")
            else:
                require(each["previous"] == before["key"], "previous key")
                require(each["valid_from"] > before["valid_from"], "keys out of order")
                require(is_signed(said, each["endorsement"], before["key"]), "a key was not handed over to")
            before = each
        names = [each["key"] for each in self.all]
        require(len(set(names)) == len(names), "a key twice")
        require(trusted in names, "no key is the trusted one")

    def opened(self, path: Path, kind: str, at: str) -> Any:
        told = read(path)
        require(isinstance(told, dict) and "signature" in told, f"{path.name} is not signed")
        signature = told.pop("signature")
        shaped(told, kind)
        when = instant(told[at])
        mine = [each for each in self.all if each["key"] == told["key"]]
        require(len(mine) == 1, f"{path.name} is signed by no published key")
        in_time = mine[0]["valid_from"] <= when and (mine[0]["valid_until"] is None or when < mine[0]["valid_until"])
        require(in_time, f"{path.name} was signed out of the time of its key")
        require(is_signed(canonical(told), signature, told["key"]), f"{path.name}: signature")
        return told


def compare_files(root: Path, contents: Any) -> dict[str, Any]:
    listed = {shaped(each, "file")["path"]: each for each in contents["files"]}
    require(len(listed) == len(contents["files"]), "a path twice")
    for path in listed:
        require(not {"", ".", ".."} & set(path.split("/")), f"{path} leads outside")
    there = set()
    for folder, below, names in os.walk(root):
        for name in [*below, *names]:
            path = Path(folder) / name
            require(not path.is_symlink(), f"{path} is a link")
            if not path.is_dir():
                there.add(path.relative_to(root).as_posix())
    there.discard("contents.json")
    require(there == set(listed), f"files: {sorted(there ^ set(listed))[:1]}")
    sums = subprocess.run(["sha256sum", "--", *sorted(there)], cwd=root, capture_output=True, check=True, text=True)
    for line in sums.stdout.splitlines():
        digest, _, path = line.partition("  ")
        require(listed[path]["sha256"] == digest, f"{path} was changed")
        require(listed[path]["size_bytes"] == (root / path).stat().st_size, f"size of {path}")
    return listed


def follow_chain(root: Path, keys: Keys, contents: Any) -> tuple[list[Any], list[str]]:
    links, digests = [], []
    previous, newest = "0" * 64, ""
    latest: dict[str, tuple[int, str]] = {}
    for number in range(1, contents["number"] + 1):
        path = root / "chain" / f"{number:06d}.json"
        link = keys.opened(path, "link", "signed_at")
        head = (link["form"], link["site"], link["number"], link["previous"])
        require(head == ("kaojian-link-1", contents["site"], number, previous), f"link {number} does not follow")
        require(link["signed_at"] >= newest, f"link {number} is signed before the one before it")
        amends = link["amends"] and shaped(link["amends"], "amends")
        before = latest.get(link["batch"])
        require((amends and (amends["number"], amends["digest"])) == before, f"link {number} amends something else")
        previous, newest = hashlib.sha256(path.read_bytes()).hexdigest(), link["signed_at"]
        latest[link["batch"]] = (number, previous)
        links.append(link)
        digests.append(previous)
    require(previous == contents["head"] and contents["made"] >= newest, "the chain does not end with the head")
    return links, digests


def merkle(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + merkle(leaves[:k]) + merkle(leaves[k:])).digest()


def read_manifest(root: Path, number: int, link: Any) -> Any:
    path = root / "manifests" / f"{number:06d}.json"
    told, data = shaped(read(path), "manifest"), path.read_bytes()
    found = {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}
    require(found == link["manifest"], f"{path.name} is not what link {number} names")
    for name in ("site", "batch", "segments_root"):
        require(told[name] == link[name], f"{name} of {path.name}")
    require(told["form"] == "kaojian-manifest-1", f"form of {path.name}")
    segments = [shaped(each, "segment") for each in told["segments"]]
    names = [each["key"] for each in segments]
    require(names == sorted(set(names)) and len(names) == link["segments"], f"segments of {path.name}")
    require(merkle([canonical(each) for each in segments]).hex() == told["segments_root"], f"root of {path.name}")
    for sitting in told["sittings"]:
        window = shaped(sitting, "sitting")["window"]
        for of in [*sitting["cameras"], *sitting["stations"]]:
            at = instant(window["start"])
            for gap in of["gaps"]:
                require(at <= instant(gap["interval"]["start"]) < instant(gap["interval"]["end"]), "order of gaps")
                at = gap["interval"]["end"]
            require(at <= instant(window["end"]), "a gap outside its window")
    return told


def captures(path: Path) -> list[int]:
    """Microseconds since 1900 of every ``prft`` box of a file."""
    data, at, found = path.read_bytes(), 0, []
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
        require(size >= 8, f"{path.name} is no MP4")
        if kind == b"prft":
            head, track, seconds, fraction, _ = struct.unpack_from(">IIIIQ", data, at + 8)
            require((head, track) == (0x01000018, 1), f"{path.name}: another prft")
            seconds += 2**32 if seconds < 2**31 else 0
            found.append(seconds * 10**6 + ((fraction * 10**6 + 2**31) >> 32))
        at += size
    return found


def check_segments(root: Path, manifest: Any, listed: Any) -> None:
    for each in manifest["segments"]:
        path = f"footage/{each['key']}"
        require(path in listed or each["state"] != "ok", f"{path} is missing")
        if path in listed:
            same = all(listed[path][name] == each[name] for name in ("sha256", "size_bytes"))
            require(same, f"{path} is not the one stated")
        if each["state"] == "ok":
            times = captures(root / path)
            start, end = (microseconds(each["interval"][name]) for name in ("start", "end"))
            require(bool(times) and abs(times[0] - start) <= 1000, f"{path} carries another date")
            inside = all(start - 10**6 <= time <= end + 10**6 for time in times)
            require(inside and end - times[-1] <= 120 * 10**6, f"{path} carries another date")


def check_stamp(stamp: Path, link: Path, signed_at: str, roots: Path) -> None:
    """By the certificates as they were at the time that the stamp tells."""
    words = ["openssl", "ts", "-reply", "-in", str(stamp), "-text"]
    told = subprocess.run(words, capture_output=True, check=False).stdout.decode("utf-8", "replace")
    found = STAMPED.findall(told)
    require(len(found) == 1 and "Hash Algorithm: sha256\n" in told, f"{stamp.name} is no time stamp")
    month, day, time, year = found[0]
    at = datetime.strptime(f"{year} {month} {day} {time} +0000", "%Y %b %d %H:%M:%S %z")
    words = ["openssl", "ts", "-verify", "-data", str(link), "-in", str(stamp), "-CAfile", str(roots)]
    done = subprocess.run([*words, "-attime", str(int(at.timestamp()))], capture_output=True, check=False)
    require(done.returncode == 0, f"{stamp.name} does not hold")
    early = microseconds(signed_at) - microseconds(at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    require(early <= 60 * 10**6, f"{stamp.name} is older than the link")


def find_stamps(root: Path, contents: Any, listed: dict[str, Any], links: list[Any], roots: Path | None) -> set[str]:
    if contents["form"] == "kaojian-export-1":
        return set()
    stamps = set()
    for path, file in listed.items():
        match = STAMP.fullmatch(path)
        if match and 1 <= int(match[1]) <= len(links) and match[2] == file["sha256"]:
            require(path == f"stamps/{int(match[1]):06d}-{match[2]}.tsr", f"name of {path}")
            stamps.add(path)
            if roots is not None:
                link = root / "chain" / f"{int(match[1]):06d}.json"
                check_stamp(root / path, link, links[int(match[1]) - 1]["signed_at"], roots)
    return stamps


def check_certificate(told: Any, before: Any, digest: str) -> None:
    """``before`` is that of the same withholding before it, by its digest; None for the first one."""
    named = f"certificate {told['number']} of withholding {told['withholding']}"
    require(told["form"] == "kaojian-withheld-destruction-1", f"form of {named}")
    number, previous = (1, "") if before is None else (before["number"] + 1, digest)
    require((told["number"], told["previous"]) == (number, previous), f"{named} does not follow")
    if before is not None:
        require(told["signed_at"] >= before["signed_at"], f"{named} is signed before the one before it")
        same = all(told[name] == before[name] for name in ("camera", "start", "until", "ordered", "confirmed"))
        require(same, f"{named} is of another withholding")
    people, roles = ([each[name] for each in told["confirmed"]] for name in ("who", "role"))
    require(len(set(people)) == 2 and told["ordered"]["who"] not in people, f"{named} was confirmed by too few")
    require(sorted(roles) == ["city_officer", "city_supervisor"], f"{named} was confirmed by one side")
    for each in told["files"]:
        start, end = instant(shaped(each, "destroyed")["start"]), instant(each["end"])
        inside = start < end and start < instant(told["until"]) and instant(told["start"]) < end
        require(inside and each["key"].split("/")[2] == told["camera"], f"{named}: {each['key']} is not of it")
        require(instant(each["removed"]) <= told["signed_at"], f"{named}: {each['key']} was removed later")


def find_certificates(root: Path, keys: Keys, contents: Any, listed: dict[str, Any], manifest: Any) -> set[str]:
    if contents["form"] != "kaojian-export-3":
        return set()
    found = {path: CERTIFICATE.fullmatch(path) for path in sorted(listed)}
    stated = {each["key"]: each for each in manifest["segments"]}
    last: dict[int, tuple[Any, str]] = {}
    gone = []
    for path, match in found.items():
        if match and match[3] == listed[path]["sha256"]:
            told = keys.opened(root / path, "certificate", "signed_at")
            name = f"withheld/{told['withholding']:06d}-{told['number']:03d}-{match[3]}.json"
            require(path == name, f"name of {path}")
            check_certificate(told, *last.get(told["withholding"], (None, "")))
            last[told["withholding"]] = told, match[3]
            gone += [(each, stated[each["key"]]) for each in told["files"] if each["key"] in stated]
    for each, of in gone:
        same = of["interval"] == {"start": each["start"], "end": each["end"]} and of["state"] == "missing"
        require(same and all(of[name] == each[name] for name in ("sha256", "size_bytes")), f"{each['key']} is not so")
    keys_gone = [each["key"] for each, _ in gone]
    require(len(keys_gone) == len(set(keys_gone)), "a file was destroyed twice")
    return {path for path, match in found.items() if match}


def verify(root: Path, trusted: str, head: str | None, roots: Path | None) -> None:
    keys = Keys(read(root / "keys.json"), trusted)
    contents = keys.opened(root / "contents.json", "contents", "made")
    require(contents["form"] in {f"kaojian-export-{number}" for number in (1, 2, 3)}, "form of contents.json")
    listed = compare_files(root, contents)
    links, digests = follow_chain(root, keys, contents)
    if head is not None:
        at, _, digest = head.partition(":")
        require(int(at) <= len(links), "the chain is shorter than the head that is known")
        require(digests[int(at) - 1] == digest, "the chain is not the one that is known")
    known = {"README.txt", "keys.json", *(f"chain/{number:06d}.json" for number in range(1, len(links) + 1))}
    manifests = []
    for number, link in enumerate(links, 1):
        if link["batch"] == contents["batch"]:
            manifests.append(read_manifest(root, number, link))
            known.add(f"manifests/{number:06d}.json")
    require(bool(manifests), "the batch is not in the chain")
    fixed = ("key", "camera", "recorder", "run", "interval", "size_bytes", "sha256")
    for earlier, later in pairwise(manifests):
        stated = [[canonical([each[name] for name in fixed]) for each in of["segments"]] for of in (earlier, later)]
        require(set(stated[0]) <= set(stated[1]), "an amendment takes something back")
    for manifest in manifests:
        for sitting in manifest["sittings"]:
            document = shaped(sitting["report"], "document")
            path = f"reports/{document['sha256']}.json"
            require(path in listed and listed[path] == {"path": path, **document}, f"{path} is not the report named")
            known.add(path)
    known |= {f"footage/{each['key']}" for each in manifests[-1]["segments"]}
    known |= find_stamps(root, contents, listed, links, roots)
    known |= find_certificates(root, keys, contents, listed, manifests[-1])
    require(set(listed) <= known, "a file that belongs to nothing")
    check_segments(root, manifests[-1], listed)


if __name__ == "__main__":
    try:
        more = sys.argv[3:]
        known_head = next((each for each in more if ":" in each), None)
        authorities = next((Path(each) for each in more if ":" not in each), None)
        verify(Path(sys.argv[1]), sys.argv[2], known_head, authorities)
    except (Refused, OSError, KeyError, TypeError, ValueError, struct.error) as error:
        sys.exit(f"refused: {type(error).__name__} {error}")
    sys.stdout.write("holds\n")
