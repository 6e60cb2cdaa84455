"""Witnesses of the host's clock that say what they are told to, or fail."""

from __future__ import annotations

from dataclasses import dataclass

from domain.host_clock import NtpState, ServerDate

KEPT = NtpState(0.0, 0.02, 0.001, unsynchronised_flag=False)
"""What a kernel says that a daemon keeps in step."""

FREE = NtpState(0.0, 16.0, 16.0, unsynchronised_flag=True)
"""... and one that nothing does."""


@dataclass
class FakeWitnesses:
    """What is said can be changed at any time; ``fails`` raises, as a bug would."""

    said_ntp: NtpState | None = None
    said_server: ServerDate | None = None
    fails: bool = False

    def ntp(self) -> NtpState | None:
        if self.fails:
            raise RuntimeError("a bug")
        return self.said_ntp

    def server(self) -> ServerDate | None:
        return self.said_server
