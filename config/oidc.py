"""Which identity provider vouches for people here, and under what address it sends them back.

Not here: how it is asked (``dashboard.access.provider``), and who is linked to it (``storage.database.identities``).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_PROOF = re.compile(r"(acr|amr)=([^\s,=]{1,200})")


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """One issuer. ``secret`` names the secret that holds client id and client secret; ``name`` is for the button.

    ``factor_proofs``: claims of an ID token and a value of each, by which the provider vouches for a second factor.
    ``address``: of our pages, as browsers reach them.
    """

    issuer: str
    secret: str
    name: str
    factor_proofs: frozenset[tuple[str, str]]
    address: str


def refuse_address(url: str, *, path: bool) -> None:
    """Raises ValueError for what is no https address without query; http counts on loopback only, for trying out."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise ValueError(f"{url} is no https address, and in the clear only loopback is taken")
    if not parts.hostname or "@" in parts.netloc or "?" in url or "#" in url or re.search(r"[\s\\]", url):
        raise ValueError(f"{url} is no address: write https://host, without a user, ? and #")
    if parts.path and not path:
        raise ValueError(f"{url} has a path, and pages have none: write {parts.scheme}://{parts.netloc}")


def proofs(text: str) -> frozenset[tuple[str, str]]:
    """Claims and values in words like ``amr=mfa,acr=urn:example:two``. Raises ValueError."""
    found = [_PROOF.fullmatch(word.strip()) for word in text.split(",") if word.strip()]
    if None in found:
        raise ValueError(f"{text} is no list of claims: write acr=VALUE or amr=VALUE, with commas")
    return frozenset((match[1], match[2]) for match in found if match)


def is_address(host: str) -> bool:
    """Whether a host is told by its IP address, not by a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and no other."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
