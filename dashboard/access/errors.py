"""Everything that can be refused on the way in, as one tree. No message carries a password.

AccessError
├── CommandRefused      a command is not for the local user
├── AccountRefused      an account cannot be as it was asked for
├── PasswordRefused     a password is not fit to be one
├── LoginRefused        name and password open no door
├── CodeRefused         a code of the second factor is wrong, or was used
├── TooManyAttempts     passwords or codes were tried too often
├── TooManyQuestions    anybody asks too often whether a receipt holds
├── TokenRefused        a token of a program cannot be as it was asked for
├── PermitRefused       a permit cannot be asked for, or decided on, in that way
├── PermitNotOpen       a permit is there and lets nothing be watched now
├── ProviderRefusal     nobody comes in by the identity provider this time
│   ├── ProviderDown    it does not answer, or not as a provider does
│   ├── ProviderDeclined  it says no, or the person did
│   ├── NotBelieved     what it says of somebody does not hold
│   ├── NotBegun        its answer belongs to no login that was begun in this browser lately
│   └── NotLinked        it vouches for somebody whom no open account is linked to
├── TicketUnknown       an address of footage is none of ours, or of another session
├── HeldBack            footage is asked for before its sitting is closed
└── TicketExpired       an address of footage was good once
"""

from __future__ import annotations

from datetime import timedelta


class AccessError(Exception):
    """Base of them all. The message is one line for people and says what to do."""


class CommandRefused(AccessError):
    """The table does not name the command, or does not let the local user give it."""


class AccountRefused(AccessError):
    """The account cannot be as it was asked for."""


class PasswordRefused(AccessError):
    """The password is not fit to be one."""


class LoginRefused(AccessError):
    """Name and password do not open a door. The message is the same whatever was wrong."""

    def __init__(self) -> None:
        super().__init__("name and password do not match, or the account is closed")


class CodeRefused(AccessError):
    """A code is not the one that is asked for now. The message is the same for wrong, old and used ones."""

    def __init__(self, message: str = "the code is wrong or was used already; wait for the next one") -> None:
        super().__init__(message)


class TokenRefused(AccessError):
    """The token cannot be as it was asked for."""


class PermitRefused(AccessError):
    """The permit cannot be asked for, or decided on, in that way, or not by that person."""


class PermitNotOpen(AccessError):
    """The permit is there and lets nothing be watched now: undecided, declined, over or void."""


class ProviderRefusal(AccessError):
    """Nobody comes in by the identity provider this time; passwords go on working."""


class ProviderDown(ProviderRefusal):
    """The provider does not answer in time, or not as a provider does."""


class ProviderDeclined(ProviderRefusal):
    """The provider says no: the person broke off, or may not use this service."""


class NotBelieved(ProviderRefusal):
    """What the provider says of somebody is not signed by it, not for us, not for this login, or too old."""


class NotBegun(ProviderRefusal):
    """The answer belongs to no login that was begun in this browser, lately, and once."""

    def __init__(self) -> None:
        super().__init__("no login by the identity provider was begun in this browser lately; begin again")


class NotLinked(ProviderRefusal):
    """No open account is linked to the person; ``subject`` is what an administrator needs to link one."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        super().__init__("no open account is linked to this person; an administrator runs: kaojian user link")


class TooManyAttempts(AccessError):
    """Too many wrong passwords or codes in a row; ``wait_s`` whole seconds must go by, with a right one too."""

    def __init__(self, wait: timedelta) -> None:
        self.wait_s = -(-wait // timedelta(seconds=1))
        super().__init__(f"too many wrong passwords or codes; try again in {self.wait_s} s")


class TooManyQuestions(AccessError):
    """What anybody may ask was asked too often; ``wait_s`` whole seconds must go by."""

    def __init__(self, wait: timedelta) -> None:
        self.wait_s = -(-wait // timedelta(seconds=1))
        super().__init__(f"asked too often; try again in {self.wait_s} s 查询过于频繁，请{self.wait_s}秒后再试")


class HeldBack(AccessError):
    """The footage may be had once the sitting is closed."""


class TicketUnknown(AccessError):
    """The ticket in an address was never issued to this session."""


class TicketExpired(AccessError):
    """The ticket in an address has run out. The playlist gives new ones."""
