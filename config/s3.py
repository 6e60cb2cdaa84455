"""Where an S3-compatible object store is and how to log in. Not here: what is stored there (``storage.objects``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Duty(StrEnum):
    """What a key of the store is for; it should be able to do this and no more.

    Where one key stands for all duties, as stores without identities have it, nothing here keeps them apart.
    """

    KEEP = "keep"  # put and read, lengthen locks, set and lift holds; delete nothing, and administer nothing
    READ = "read"  # get and list, for analysis, pages and checks
    DISPOSE = "dispose"  # read, and delete versions whose lock has run out


@dataclass(frozen=True, slots=True)
class S3Settings:
    """One bucket of one server; printing it never shows the secret key."""

    endpoint: str  # host:port
    access_key: str
    secret_key: str = field(repr=False)
    bucket: str
    secure: bool  # TLS
    region: str = "us-east-1"
    ca_file: Path | None = None  # who vouches for its certificate, where that is not the system's to know
