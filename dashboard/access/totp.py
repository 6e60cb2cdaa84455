"""Codes that change with time (TOTP, RFC 6238), and the picture that hands their secret to a telephone. The one door
to pyotp and segno.

SHA-1, six digits, steps of 30 s: what every authenticator takes. Not here: whose secret it is, and which codes were
used (``dashboard.access.factors``).
"""

from __future__ import annotations

from datetime import datetime

import pyotp
import segno
from pyotp.utils import strings_equal

ISSUER = "Kaojian"
STEP_S = 30
_EARLY_AND_LATE = 1
"""Steps that the clock of a telephone may be off, and that a code may take to be typed (RFC 6238 5.2)."""


def invented() -> str:
    """A new secret: 160 bits, in base 32."""
    return pyotp.random_base32()


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step whose code this is, counted from 1970; None where it is of none that is near enough."""
    made = pyotp.HOTP(secret)
    current = int(now.timestamp()) // STEP_S
    near = range(current - _EARLY_AND_LATE, current + _EARLY_AND_LATE + 1)
    found = [step for step in near if strings_equal(made.at(step), code)]  # all are compared, whichever is right
    return found[-1] if found else None


def address(secret: str, name: str) -> str:
    """The otpauth: address by which an authenticator takes the secret on."""
    return pyotp.TOTP(secret, name=name, issuer=ISSUER, interval=STEP_S).provisioning_uri()


def picture(text: str) -> str:
    """A QR code of a text, drawn here and nowhere else: SVG as a data: address."""
    return segno.make(text, error="m", micro=False).svg_data_uri(scale=5, border=4, dark="#000", light="#fff")
