"""Opens a backup into a folder, and believes nothing of it before all of it was checked.

1. The envelope opens with the recovery key, to its end.
2. Each file of the archive is a plain one, with a path of those that backups have, and comes once.
3. The list of contents is signed by a key that the caller named, or by one that such a key vouches for by takeovers,
   and that signed at that time.
4. The files are exactly those of the list, byte by byte.

Not here: where they go (``storage.backup.restoring``).
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from typing import IO, BinaryIO

from config.private_files import PRIVATE
from storage.backup.contents import (
    BESIDE_DATABASE,
    CONTENTS,
    CONTENTS_FORM,
    DATABASES,
    KEYS,
    SECRETS,
    SECRETS_KEY,
    BackupContents,
    BackupRefused,
    Part,
)
from storage.backup.envelope import RecoveryKey, opened
from storage.errors import KeyRefused
from storage.manifest.form import FormRefused, read_signed, signature_holds
from storage.manifest.keys import PublishedKeys
from storage.manifest.trees import is_plain

_BLOCK_BYTES = 1 << 20
_SPOILT = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError)


def open_backup(source: Path, into: Path, *, recovery: RecoveryKey, keys: Collection[str]) -> BackupContents:
    """All parts of a backup as files of a new folder ``into``, which nobody else may read; the list of them.

    ``keys`` are public signing keys that are believed. Raises EnvelopeRefused, BackupRefused, OSError; then nothing
    in ``into`` is to be used.
    """
    into.mkdir(mode=0o700)
    with source.open("rb") as file, opened(file, recovery) as inside:
        found = _unpacked(inside, into)
        while inside.read(_BLOCK_BYTES):  # nothing is believed of a file that was not opened to its end
            pass
    contents = _signed_contents(into, found, keys)
    listed = {part.path: part for part in contents.parts}
    told = found.keys() - {CONTENTS}
    if len(listed) != len(contents.parts) or listed.keys() != told:
        wrong = sorted(listed.keys() ^ told)
        raise BackupRefused(f"the backup has files that its list does not name, or lacks some: {', '.join(wrong)}")
    for path, part in listed.items():
        if found[path] != part:
            raise BackupRefused(f"{path} in the backup is not what its list says")
    if DATABASES.get(contents.database) not in listed:
        raise BackupRefused(f"the backup holds no database of the kind {contents.database!r}")
    return contents


def _unpacked(inside: BinaryIO, into: Path) -> dict[str, Part]:
    found: dict[str, Part] = {}
    try:
        with gzip.GzipFile(fileobj=inside, mode="rb") as unzipped, tarfile.open(fileobj=unzipped, mode="r|") as tar:
            for info in tar:
                content = tar.extractfile(info) if info.isreg() else None
                if content is None or not _is_known(info.name) or info.name in found:
                    raise BackupRefused(f"the backup holds {info.name!r}, which no backup of ours has, or has twice")
                found[info.name] = _copied(info.name, content, into / info.name)
            while unzipped.read(_BLOCK_BYTES):
                pass
    except _SPOILT as error:
        raise BackupRefused(f"the backup opens, but is no archive ({error})") from error
    return found


def _is_known(path: str) -> bool:
    folders = (SECRETS, *BESIDE_DATABASE)
    return path in {CONTENTS, KEYS, SECRETS_KEY, *DATABASES.values()} or (is_plain(path) and path.startswith(folders))


def _copied(name: str, content: IO[bytes], target: Path) -> Part:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size_bytes = sha256(), 0
    target.touch(PRIVATE, exist_ok=False)
    with target.open("wb") as out:
        while block := content.read(_BLOCK_BYTES):
            out.write(block)
            digest.update(block)
            size_bytes += len(block)
    return Part(name, digest.hexdigest(), size_bytes)


def _signed_contents(folder: Path, found: Collection[str], keys: Collection[str]) -> BackupContents:
    """Raises BackupRefused."""
    if CONTENTS not in found:
        raise BackupRefused("the backup has no list of contents; it was not made by `kaojian backup`")
    try:
        contents, signature = read_signed(BackupContents, (folder / CONTENTS).read_bytes())
    except FormRefused as error:
        raise BackupRefused(f"the list of contents is not in the form that it should have: {error}") from (error)
    if contents.form != CONTENTS_FORM:
        raise BackupRefused(f"the backup is of the form {contents.form!r}, which this version does not know")
    if not _is_believed(contents, signature, folder / KEYS if KEYS in found else None, keys):
        raise BackupRefused(
            f"the backup is signed by the key {contents.key}, and none of the keys that you named vouches for it; "
            "name the key that you published (`kaojian key show`), or the one that `kaojian backup` printed"
        )
    return contents


def _is_believed(contents: BackupContents, signature: str, published: Path | None, keys: Collection[str]) -> bool:
    if contents.key in keys:
        return signature_holds(contents, signature, contents.key)
    if published is None:
        return False
    try:
        told = PublishedKeys.read(published.read_bytes())
    except KeyRefused:
        return False
    return told.is_believed(keys) and told.holds(contents, signature, contents.key, contents.made)
