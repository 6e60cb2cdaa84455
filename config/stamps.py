"""Which outside authority stamps what is signed here, and by which certificates it is believed.

Not here: how it is asked and what is believed of it (``storage.manifest.authority``, ``storage.manifest.stamps``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class StampSettings:
    """One time stamp authority. ``roots``: a PEM file with the certificates that vouch for it."""

    url: str
    roots: Path


def refuse_stamp_address(url: str) -> None:
    """Raises ValueError for what is no address of an authority.

    Plain http is taken from anywhere: all that travels is a hash, and the answer is signed and holds our nonce. Many
    authorities offer nothing else.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(
            f"{url} is no address of a time stamp authority: write https://host/path or http://host/path"
        )
    if "@" in parts.netloc or "#" in url or re.search(r"[\s\\]", url):
        raise ValueError("write the address of the time stamp authority without a user, # and white space")
