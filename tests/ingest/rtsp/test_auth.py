"""Answers to challenges, against the examples of the RFCs."""

from __future__ import annotations

import pytest

from ingest.rtsp.auth import authorization, strongest_challenge
from ingest.rtsp.wire import MalformedChallenge
from tests.ingest.rtsp.watching import TestLogin

RFC_2617 = (
    'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
    'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RFC_7616_CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def answered(header: str, password: str, cnonce: str) -> str:
    login = TestLogin("Mufasa", password)
    return authorization(strongest_challenge([header]), login, "GET", "/dir/index.html", count=1, cnonce=cnonce)


def test_digest_with_qop_answers_the_example_of_rfc_2617() -> None:
    answer = answered(RFC_2617, "Circle Of Life", "0a4f113b")
    assert 'response="6629fae49393a05397450978507c4ef1"' in answer
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in answer
    assert "qop=auth, nc=00000001" in answer
    assert "algorithm" not in answer


def test_digest_without_qop_answers_as_rfc_2069_did() -> None:
    answer = answered(RFC_2617.replace('qop="auth,auth-int", ', ""), "Circle Of Life", "unused")
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in answer
    assert "cnonce" not in answer


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_answers_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    answer = answered(RFC_7616.format(algorithm), "Circle of Life", RFC_7616_CNONCE)
    assert f'response="{response}"' in answer
    assert f"algorithm={algorithm}" in answer


def test_the_strongest_of_several_challenges_is_answered() -> None:
    md5, sha, basic = RFC_7616.format("MD5"), RFC_7616.format("SHA-256"), 'Basic realm="x"'
    assert strongest_challenge([basic, md5, sha]).algorithm == "sha-256"
    assert strongest_challenge([f"{basic}, {md5}"]).scheme == "digest"
    assert strongest_challenge([basic]).scheme == "basic"


@pytest.mark.parametrize(
    "header", ["Negotiate", "Digest realm=x", 'Digest nonce="n", algorithm=SHA3', "", "Bearer a"]
)
def test_a_challenge_nobody_can_answer_says_so(header: str) -> None:
    with pytest.raises(MalformedChallenge):
        strongest_challenge([header])


def test_basic_can_be_forbidden() -> None:
    with pytest.raises(MalformedChallenge):
        strongest_challenge(['Basic realm="x"'], basic_allowed=False)


def test_quotes_in_realm_and_name_are_kept() -> None:
    challenge = strongest_challenge([r'Digest realm="the \"hall\"", nonce="n", stale=TRUE'])
    assert challenge.realm == 'the "hall"'
    assert challenge.stale
    answer = authorization(challenge, TestLogin('a"b', "c"), "PLAY", "rtsp://x/", count=2, cnonce="")
    assert r'username="a\"b"' in answer
    assert r'realm="the \"hall\""' in answer
