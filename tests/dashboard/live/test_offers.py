"""Offers of browsers are answered honestly, and whatever else is sent as one is refused in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.live import offers
from dashboard.live.offers import Local, MalformedOffer
from tests.dashboard.live.offered import AUDIO, OFFER, SESSION, VIDEO

LOCAL = Local("abcd", "p" * 22, "AA:BB", (("127.0.0.1", 21000), ("192.0.2.7", 21000)))


def answered(codec: str, offer: str = OFFER) -> list[str]:
    read = offers.read(offer)
    coding = offers.chosen(read, codec)
    assert coding is not None
    return offers.answer(read, coding, codec, LOCAL, 77).split("\r\n")


def test_the_video_is_answered_and_sound_declined_in_the_order_of_the_offer() -> None:
    lines = answered("avc1.42c01e")
    assert [each for each in lines if each.startswith("m=")] == [
        "m=audio 0 UDP/TLS/RTP/SAVPF 111",
        "m=video 21000 UDP/TLS/RTP/SAVPF 108",
    ]
    assert lines.count("a=inactive") == lines.count("a=sendonly") == lines.count("a=rtcp-mux") == 1
    assert "a=group:BUNDLE 1" in lines
    assert "a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay" in lines
    assert [each.split()[4:6] for each in lines if each.startswith("a=candidate")] == [
        ["127.0.0.1", "21000"],
        ["192.0.2.7", "21000"],
    ]
    assert [each for each in lines if "rtcp-fb" in each] == [
        "a=rtcp-fb:108 nack",
        "a=rtcp-fb:108 nack pli",
        "a=rtcp-fb:108 ccm fir",
    ]


@pytest.mark.parametrize(
    ("codec", "number", "told"),
    [
        ("avc1.42c01e", 108, "42e01e"),  # constrained baseline: the least that takes it, at the camera's own level
        ("avc1.42001f", 102, "42001f"),
        ("avc1.4d0028", 116, "4d0028"),
        ("avc1.640028", 41, "f40028"),
        ("avc1.640c33", 41, "f40033"),
    ],
)
def test_the_answer_tells_a_profile_that_was_offered_and_takes_the_camera_s_and_the_camera_s_level(
    codec: str, number: int, told: str
) -> None:
    (fmtp,) = [each for each in answered(codec) if each.startswith("a=fmtp")]
    assert fmtp.startswith(f"a=fmtp:{number} ")
    assert fmtp.endswith(f"profile-level-id={told}")


def test_who_offers_nothing_that_takes_the_camera_s_profile_gets_no_answer() -> None:
    modest = OFFER.replace("4d001f", "42e01f").replace("f4001f", "42e01f")
    assert offers.chosen(offers.read(modest), "avc1.640028") is None
    assert offers.chosen(offers.read(OFFER), "hvc1.1.6.L93.B0") is None
    unfit = OFFER.replace("packetization-mode=1", "packetization-mode=0")
    assert offers.chosen(offers.read(unfit), "avc1.42c01e") is None


def test_what_a_part_does_not_say_the_session_says_for_all() -> None:
    lines = VIDEO.splitlines(keepends=True)
    moved = [each for each in lines if each.startswith(("a=ice-", "a=fingerprint", "a=setup"))]
    sdp = SESSION + "".join(moved) + "".join(each for each in lines if each not in moved)
    assert offers.read(sdp).ufrag == offers.read(OFFER).ufrag
    assert offers.read(sdp).fingerprints == offers.read(OFFER).fingerprints


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        ("", "between one and 32"),
        (SESSION + AUDIO, "wants no video"),
        (OFFER.replace("a=recvonly", "a=sendonly"), "wants no video"),
        (SESSION + "m=video 9 RTP/AVP 96\n" * 33, "between one and 32"),
        (OFFER.replace("m=video", "m=\x00video"), "media description"),
        (OFFER.replace("a=mid:1", "a=mid:1 2"), "media description"),
        (OFFER.replace("a=rtcp-mux", ""), "rtcp-mux"),
        (OFFER.replace("a=ice-ufrag", "a=x"), "ice-ufrag"),
        (OFFER.replace("a=ice-pwd:aQWZ", "a=ice-pwd: "), "ice-pwd"),
        (OFFER.replace("sha-256", "md5"), "fingerprint"),
        (OFFER.replace("actpass", "active"), "actpass"),
    ],
)
def test_an_offer_that_lacks_what_is_needed_is_refused_and_says_what(spoilt: str, told: str) -> None:
    with pytest.raises(MalformedOffer, match=told):
        offers.read(spoilt)


LINES = OFFER.splitlines()


@given(st.lists(st.tuples(st.integers(0, len(LINES) - 1), st.text(max_size=40)), max_size=6), st.binary(max_size=30))
def test_whatever_is_offered_is_read_or_refused_and_never_breaks_the_answer(
    changes: list[tuple[int, str]], tail: bytes
) -> None:
    lines = list(LINES)
    for at, text in changes:
        lines[at] = lines[at][: len(text) % 9] + text
    try:
        read = offers.read("\r\n".join(lines) + tail.decode("latin-1"))
    except MalformedOffer:
        return
    coding = offers.chosen(read, "avc1.42c01e")
    if coding is not None:
        shown = offers.answer(read, coding, "avc1.42c01e", LOCAL, 1)
        assert all(each == "" or (each[1] == "=" and each.isprintable()) for each in shown.split("\r\n"))
        assert shown.count("m=video") >= 1
