"""Codes against the vectors of RFC 6238, and what is near enough to be taken."""

from __future__ import annotations

from base64 import b32encode
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboard.access import totp

RFC_SECRET = b32encode(b"12345678901234567890").decode()
RFC_VECTORS = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}
"""Appendix B, SHA-1: seconds since 1970, and eight digits, of which six are the last ones."""


@pytest.mark.parametrize(("seconds", "code"), RFC_VECTORS.items())
def test_codes_are_those_of_the_rfc_one_step_early_to_one_step_late(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    step = seconds // 30
    for away, found in ((-60, None), (-30, step), (0, step), (30, step), (60, None)):
        if seconds + away > 30:  # nobody's clock stands before 1970
            assert totp.step_of(RFC_SECRET, code[-6:], now + timedelta(seconds=away)) == found


@pytest.mark.parametrize("code", ["", "0", "2870820", "28708é", "abcdef", "-87082"])
def test_what_is_no_code_is_of_no_step(code: str) -> None:
    assert totp.step_of(RFC_SECRET, code, datetime.fromtimestamp(59, UTC)) is None


def test_an_authenticator_is_told_whose_secret_it_is_and_by_whom() -> None:
    secret = totp.invented()
    assert len(secret) == 32  # 160 bits, RFC 4226 4 R6
    told = urlsplit(totp.address(secret, "chen"))
    assert (told.scheme, told.netloc, told.path) == ("otpauth", "totp", "/Kaojian:chen")
    assert parse_qs(told.query) == {"secret": [secret], "issuer": ["Kaojian"]}


def test_the_picture_is_drawn_here_and_loads_nothing() -> None:
    picture = totp.picture(totp.address(totp.invented(), "chen"))
    assert picture.startswith("data:image/svg+xml")
    assert not [each for each in ("href", "script", "style", "url(") if each in picture]
