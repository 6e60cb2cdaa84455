"""Where an S3-compatible object store is and how to log in. Not here: what is stored there (``storage.objects``)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class S3Settings:
    """One bucket of one server; printing it never shows the secret key."""

    endpoint: str  # host:port
    access_key: str
    secret_key: str = field(repr=False)
    bucket: str
    secure: bool  # TLS
    region: str = "us-east-1"
