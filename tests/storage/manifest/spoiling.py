"""Spoils a copy of an export in every way that leaves files behind, by a seed: the same seed spoils the same.

Each way tells in one line what it did. Some of them need no key, some sign with one of the attacker's own.
"""

from __future__ import annotations

import hashlib
import json
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.chain import canonical
from storage.manifest.form import plain, segments_root
from storage.signing import Signer
from tests.storage.manifest.reading import manifest_of

Way = Callable[[Path, random.Random], str]


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def _file(root: Path, rng: random.Random, below: str = "") -> Path:
    return rng.choice([path for path in files(root) if path.relative_to(root).as_posix().startswith(below)])


def flip(root: Path, rng: random.Random) -> str:
    path = _file(root, rng)
    data = bytearray(path.read_bytes())
    at = rng.randrange(len(data))
    data[at] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    return f"flipped a bit of byte {at} of {path.relative_to(root)}"


def cut(root: Path, rng: random.Random) -> str:
    path = _file(root, rng)
    size = rng.randrange(path.stat().st_size)
    path.write_bytes(path.read_bytes()[:size])
    return f"cut {path.relative_to(root)} to {size} bytes"


def lengthen(root: Path, rng: random.Random) -> str:
    path = _file(root, rng)
    path.write_bytes(path.read_bytes() + rng.choice([b"\n", b" ", b"\0" * 8, b"{}"]))
    return f"lengthened {path.relative_to(root)}"


def remove(root: Path, rng: random.Random) -> str:
    path = _file(root, rng)
    path.unlink()
    return f"removed {path.relative_to(root)}"


def add(root: Path, rng: random.Random) -> str:
    beside = _file(root, rng)
    path = beside.with_name(f"{rng.randrange(1000)}-{beside.name}")
    path.write_bytes(beside.read_bytes())
    return f"added {path.relative_to(root)}"


def rename(root: Path, rng: random.Random) -> str:
    path = _file(root, rng)
    other = path.with_name(path.name.translate(str.maketrans("0123456789", "1234567890")) + rng.choice(["", ".bak"]))
    other = other if other != path else path.with_name(f"x{path.name}")
    path.rename(other)
    return f"renamed {path.relative_to(root)} to {other.name}"


def swap(root: Path, rng: random.Random) -> str:
    first, second = _pair(root, rng)
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    return f"swapped {first.relative_to(root)} and {second.relative_to(root)}"


def overwrite(root: Path, rng: random.Random) -> str:
    first, second = _pair(root, rng)
    first.write_bytes(second.read_bytes())
    return f"overwrote {first.relative_to(root)} with {second.relative_to(root)}"


def redate(root: Path, rng: random.Random) -> str:
    """Move the time that a file itself tells, in the first of its prft boxes."""
    path = _file(root, rng, "footage/")
    data = bytearray(path.read_bytes())
    at = data.index(b"prft") + 12
    (seconds,) = struct.unpack_from(">I", data, at)
    struct.pack_into(">I", data, at, seconds + rng.choice([-3600, -1, 1, 86400]))
    path.write_bytes(data)
    return f"re-dated {path.relative_to(root)}"


def edit(root: Path, rng: random.Random) -> str:
    """Change one value of a document and write it canonically again; the signature stays."""
    path = _document(root, rng)
    told = json.loads(path.read_bytes())
    said = _change(told, rng)
    path.write_bytes(canonical(told))
    return f"{said} in {path.relative_to(root)}"


def edit_and_relist(root: Path, rng: random.Random) -> str:
    """The same, and the list of contents names the new hash; it cannot be signed again."""
    path = rng.choice([each for each in files(root) if each.suffix == ".json" and each.name != "contents.json"])
    told = json.loads(path.read_bytes())
    said = _change(told, rng)
    path.write_bytes(canonical(told))
    relist(root, None)
    return f"{said} in {path.relative_to(root)}, listed again"


def edit_and_sign(root: Path, rng: random.Random) -> str:
    """Change a document, sign it and the list of contents with another key that is published in the export."""
    other = Signer.new()
    path = _document(root, rng)
    told = json.loads(path.read_bytes())
    said = _change(told, rng)
    if "signature" in told:
        told.pop("signature")
        told["key"] = other.public
        told["signature"] = other.sign(canonical(told))
    path.write_bytes(canonical(told))
    relist(root, other)
    return f"{said} in {path.relative_to(root)}, signed by another"


def resign(root: Path, rng: random.Random) -> str:
    """Another signature: of random bytes, of another document, or in capital letters."""
    path = rng.choice([each for each in files(root) if each.parent.name == "chain" or each.name == "contents.json"])
    told = json.loads(path.read_bytes())
    other = json.loads(_file(root, rng, "chain/").read_bytes())["signature"]
    wrong = [rng.randbytes(64).hex(), told["signature"].upper(), "", other]
    told["signature"] = rng.choice([each for each in wrong if each != told["signature"]])
    path.write_bytes(canonical(told))
    return f"replaced the signature of {path.relative_to(root)}"


def reorder(root: Path, rng: random.Random) -> str:
    """Two entries of a manifest's segments or of the contents change places, and the hash in the list follows."""
    path = rng.choice([*sorted((root / "manifests").iterdir()), root / "contents.json"])
    told = json.loads(path.read_bytes())
    entries = told["segments" if "segments" in told else "files"]
    first, second = rng.sample(range(len(entries)), 2)
    entries[first], entries[second] = entries[second], entries[first]
    path.write_bytes(canonical(told))
    if path.name != "contents.json":
        relist(root, None)
    return f"reordered {path.relative_to(root)}"


def drop_segment(root: Path, rng: random.Random) -> str:
    """A segment is gone from folder, manifest and list, and the manifest's root is made to fit."""
    (path,) = sorted((root / "manifests").iterdir())[-1:]
    state = manifest_of(path)
    gone = rng.choice(state.segments)
    left = tuple(each for each in state.segments if each is not gone)
    told = {**plain(state), "segments": plain(left), "segments_root": segments_root(left)}
    path.write_bytes(canonical(told))
    (root / "footage" / gone.key).unlink()
    relist(root, None)
    return f"dropped {gone.key}"


def unstamp(root: Path, rng: random.Random) -> str:
    """A time stamp is gone from folder and list; the list cannot be signed again."""
    path = _file(root, rng, "stamps/")
    path.unlink()
    relist(root, None)
    return f"took {path.relative_to(root)} out"


def restamp(root: Path, rng: random.Random) -> str:
    """A time stamp becomes that of another link, or one with a byte changed, by the name that it then has to have."""
    path = _file(root, rng, "stamps/")
    number, data = int(path.name.partition("-")[0]), bytearray(path.read_bytes())
    path.unlink()
    if rng.random() < 0.5:
        number = number % len(list((root / "chain").iterdir())) + 1
    else:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.with_name(f"{number:06d}-{hashlib.sha256(data).hexdigest()}.tsr").write_bytes(data)
    relist(root, None)
    return f"made another of {path.relative_to(root)}"


def relist(root: Path, signer: Signer | None) -> None:
    """Write the list of contents for what lies there now, and, with a key, sign it and publish that key."""
    if signer is not None:
        keys = json.loads((root / "keys.json").read_bytes())
        first = keys["keys"][0]
        statement = {
            "form": "kaojian-key-1",
            "key": signer.public,
            "valid_from": first["valid_from"],
            "previous": None,
        }
        mine = {**first, "key": signer.public, "signature": signer.sign(canonical(statement))}
        (root / "keys.json").write_bytes(canonical({**keys, "keys": [mine]}))
    path = root / "contents.json"
    told = json.loads(path.read_bytes())
    told["files"] = [_listed(root, each) for each in files(root) if each != path]
    if signer is not None:
        told.pop("signature")
        told["key"] = signer.public
        told["signature"] = signer.sign(canonical(told))
    path.write_bytes(canonical(told))


def _listed(root: Path, path: Path) -> dict[str, object]:
    data = path.read_bytes()
    inside = path.relative_to(root).as_posix()
    return {"path": inside, "sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}


def _document(root: Path, rng: random.Random) -> Path:
    return rng.choice([path for path in files(root) if path.suffix == ".json"])


def _pair(root: Path, rng: random.Random) -> tuple[Path, Path]:
    while True:
        first, second = rng.sample(files(root), 2)
        if first.read_bytes() != second.read_bytes():
            return first, second


def _change(told: Any, rng: random.Random) -> str:
    """Change one value somewhere below; what was done."""
    places = list(_places(told))
    of, key = rng.choice(places)
    old = of[key]
    if isinstance(old, bool | int | float):
        of[key] = old + rng.choice([-1, 1, 1000])
    elif isinstance(old, str):
        of[key] = rng.choice([old[:-1], old + "0", "0" * len(old) if set(old) != {"0"} else "x"])
        of[key] = of[key] if of[key] != old else old + "x"
    else:
        of[key] = "1"
    return f"made {key} {of[key]!r} of {old!r}"


def _places(told: Any) -> list[tuple[Any, Any]]:
    keys = list(told) if isinstance(told, dict) else list(range(len(told))) if isinstance(told, list) else []
    found = [(told, key) for key in keys if not isinstance(told[key], dict | list)]
    for key in keys:
        found += _places(told[key])
    return found


WAYS: tuple[Way, ...] = (
    flip,
    flip,
    flip,
    cut,
    lengthen,
    remove,
    add,
    rename,
    swap,
    overwrite,
    redate,
    edit,
    edit_and_relist,
    edit_and_sign,
    resign,
    reorder,
    drop_segment,
    unstamp,
    restamp,
)


def spoil(root: Path, seed: int) -> str:
    """Spoil the export in a folder in one way; what was done."""
    rng = random.Random(seed)
    return WAYS[seed % len(WAYS)](root, rng)
