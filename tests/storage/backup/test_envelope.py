"""The sealed file: whatever is done to it, it does not open, and says so; untouched it gives back every byte."""

from __future__ import annotations

import random
from io import BytesIO

import pytest

from storage.backup.envelope import (
    LINE,
    PIECE_BYTES,
    EnvelopeRefused,
    RecoveryKey,
    RecoveryKeyRefused,
    is_public,
    opened,
    sealing,
)

PIECE = PIECE_BYTES + 16
HEAD = len(LINE) + 32 + 80


@pytest.fixture(scope="module")
def key() -> RecoveryKey:
    return RecoveryKey.new()


def sealed(content: bytes, key: RecoveryKey) -> bytes:
    out = BytesIO()
    with sealing(out, key.public) as writing:
        for at in range(0, len(content), 300_001):
            writing.write(content[at : at + 300_001])
    return out.getvalue()


def content_of(data: bytes, key: RecoveryKey) -> bytes:
    with opened(BytesIO(data), key) as reading:
        return reading.read()


def refused(data: bytes, key: RecoveryKey) -> bool:
    try:
        content_of(data, key)
    except EnvelopeRefused:
        return True
    return False


def test_a_flipped_bit_anywhere_does_not_open(key: RecoveryKey) -> None:
    data = sealed(random.Random(1).randbytes(PIECE_BYTES + 1000), key)
    places = {*range(HEAD), *range(HEAD, HEAD + 20), HEAD + PIECE - 1, HEAD + PIECE, len(data) - 1}
    places |= {random.Random(2).randrange(len(data)) for _ in range(20)}
    for place in places:
        spoilt = bytearray(data)
        spoilt[place] ^= 1 << place % 8
        assert refused(bytes(spoilt), key), place


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, 2 * PIECE_BYTES, 2 * PIECE_BYTES + 5])
def test_a_file_that_is_cut_short_or_longer_does_not_open(key: RecoveryKey, size: int) -> None:
    data = sealed(bytes(size), key)
    assert content_of(data, key) == bytes(size)
    lengths = {0, 1, HEAD - 1, HEAD, HEAD + 15, HEAD + PIECE, len(data) - PIECE, len(data) - 1}
    for length in (each for each in lengths if 0 <= each < len(data)):
        assert refused(data[:length], key), length
    assert refused(data + b"\0", key)
    assert refused(data + data[HEAD:], key)


def test_pieces_that_changed_places_or_files_do_not_open(key: RecoveryKey) -> None:
    data, other = (sealed(bytes([n]) * (3 * PIECE_BYTES), key) for n in (1, 2))
    head, pieces = data[:HEAD], [data[at : at + PIECE] for at in range(HEAD, len(data), PIECE)]
    assert refused(head + pieces[1] + pieces[0] + pieces[2], key)
    assert refused(head + pieces[0] + pieces[2], key)
    assert refused(head + pieces[0] + other[HEAD + PIECE : HEAD + 2 * PIECE] + pieces[2], key)
    assert refused(other[:HEAD] + data[HEAD:], key)
    assert content_of(head + b"".join(pieces), key) == bytes([1]) * (3 * PIECE_BYTES)


def test_another_recovery_key_is_told_for_which_one_it_was_sealed(key: RecoveryKey) -> None:
    with pytest.raises(EnvelopeRefused, match=key.public):
        content_of(sealed(b"rows", key), RecoveryKey.new())


def test_a_block_that_fails_leaves_nothing_that_opens(key: RecoveryKey) -> None:
    out = BytesIO()
    with pytest.raises(RuntimeError), sealing(out, key.public) as writing:
        writing.write(bytes(PIECE_BYTES * 2))
        raise RuntimeError("the disk is gone")
    assert refused(out.getvalue(), key)


def test_a_recovery_key_copied_with_a_mistake_is_refused_and_one_copied_well_opens(key: RecoveryKey) -> None:
    text = key.text()
    letters = [at for at, letter in enumerate(text) if letter != "-" and at > len("KAOJIAN-")]
    for at in letters:
        wrong = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        with pytest.raises(RecoveryKeyRefused):
            RecoveryKey.parse(wrong)
    for wrong in ("", text[:-1], text + "A", text.replace("KAOJIAN", "KAOJIEN"), "0" * 60, key.public):
        with pytest.raises(RecoveryKeyRefused):
            RecoveryKey.parse(wrong)
    data = sealed(b"rows", key)
    for well in (text, text.lower(), text.replace("-", " "), f" {text}\n"):
        assert content_of(data, RecoveryKey.parse(well)) == b"rows"
    assert is_public(key.public)
    assert not is_public(key.public.upper())
    assert key.text() not in repr(key)
