"""The form of what is signed: one content, one form; nothing else is read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.chain import canonical
from domain.evidence import CameraCause, Cause, Gap, RecorderCause, SegmentState
from domain.manifest import (
    BEFORE_THE_FIRST_LINK,
    LINK_FORM,
    MANIFEST_FORM,
    Amendment,
    CameraStatement,
    Document,
    Link,
    Manifest,
    RulePackStatement,
    SegmentStatement,
    SittingStatement,
    StationStatement,
    StoredObject,
    lost_by_amending,
)
from domain.timeline import Interval
from storage.manifest.form import FormRefused, read, read_signed, segments_root, signature_holds, signed, written
from storage.signing import Signer

AT = datetime(2026, 5, 1, 1, 0, 0, 123456, tzinfo=UTC)
SPAN = Interval(AT, AT + timedelta(seconds=60))
GAP = Gap(SPAN, Cause.NO_DATA, (CameraCause("c1", Cause.NO_DATA),), (RecorderCause("host", Cause.DISK_FULL),))
SEGMENT = SegmentStatement(
    key="s/b/c1/1.mp4",
    camera="c1",
    recorder="host",
    run="run-1",
    interval=SPAN,
    frames=900,
    size_bytes=12,
    sha256="ab" * 32,
    codec="avc1.42c01f",
    state=SegmentState.OK,
    objects=(StoredObject("bucket", "s/b/c1/1.mp4", "v1", 12, "ab" * 32, AT),),
)
MANIFEST = Manifest(
    form=MANIFEST_FORM,
    site="s",
    batch="批次",
    rule_pack=RulePackStatement("SG", "cd" * 32),
    retained_until=AT,
    software="kaojian",
    segments_root=segments_root([SEGMENT]),
    sittings=(
        SittingStatement(
            1,
            SPAN,
            AT,
            AT,
            "ef" * 32,
            "ef" * 32,
            (CameraStatement("c1", "r", (GAP,)),),
            (StationStatement("A", "r", ()),),
            Document("12" * 32, 7),
        ),
    ),
    segments=(SEGMENT,),
)
LINK = Link(LINK_FORM, "s", 2, BEFORE_THE_FIRST_LINK, "b", Document("12" * 32, 7), 1, "ab" * 32, AT, "cd" * 32, None)


def test_what_is_written_is_read_again() -> None:
    assert read(Manifest, written(MANIFEST)) == MANIFEST
    amending = replace(LINK, amends=Amendment(1, "ab" * 32, "补传"))
    assert read(Link, written(amending)) == amending


def test_bytes_are_ascii_with_sorted_names_and_no_white_space() -> None:
    data = written(MANIFEST)
    assert data.isascii()
    assert data == json.dumps(json.loads(data), sort_keys=True, separators=(",", ":")).encode()
    assert b'"start":"2026-05-01T01:00:00.123456Z"' in data


def bent(**fields: Any) -> bytes:
    return canonical({**json.loads(written(LINK)), **fields})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe{}",
        b"[" * 100_000,
        written(LINK) + b"\n",
        b" " + written(LINK),
        json.dumps(json.loads(written(LINK))).encode(),
        written(LINK).replace(b'"number":2', b'"number":2,"number":2'),
        written(LINK).replace(b'"number":2', b'"number":02'),
        bent(number="2"),
        bent(number=2.0),
        bent(number=True),
        bent(number=None),
        bent(extra=1),
        bent(site=None),
        bent(manifest=[]),
        bent(manifest={"sha256": "12"}),
        bent(amends={"number": 1}),
        bent(signed_at="2026-05-01T01:00:00Z"),
        bent(signed_at="2026-05-01T01:00:00.123456+00:00"),
        bent(signed_at="2026-13-01T01:00:00.123456Z"),
        bent(signed_at=1777597200),
    ],
)
def test_anything_but_the_one_form_is_refused(data: bytes) -> None:
    with pytest.raises(FormRefused):
        read(Link, data)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"state":"ok"', b'"state":"fine"'), (b'"cause":"no_data"', b'"cause":"bad_luck"')],
)
def test_words_that_are_none_of_ours_are_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(FormRefused):
        read(Manifest, written(MANIFEST).replace(old, new))


def test_an_interval_that_ends_before_it_begins_is_refused() -> None:
    told = json.loads(written(MANIFEST))
    told["segments"][0]["interval"]["end"] = told["segments"][0]["interval"]["start"]
    with pytest.raises(FormRefused, match="must end after it starts"):
        read(Manifest, canonical(told))


def test_a_signature_holds_for_its_value_and_its_key_alone() -> None:
    signer = Signer.new()
    link, signature = read_signed(Link, signed(signer, LINK))
    assert link == LINK
    assert signature_holds(link, signature, signer.public)
    assert not signature_holds(link, signature, Signer.new().public)
    assert not signature_holds(replace(link, number=3), signature, signer.public)
    assert not signature_holds(link, signature.upper()[:-2], signer.public)
    with pytest.raises(FormRefused, match="not signed"):
        read_signed(Link, written(LINK))


def test_an_amendment_takes_nothing_back() -> None:
    more = replace(SEGMENT, key="s/b/c1/2.mp4")
    amended = replace(MANIFEST, segments=(replace(SEGMENT, state=SegmentState.MISSING, objects=()), more))
    assert lost_by_amending(MANIFEST, amended) is None
    assert lost_by_amending(amended, MANIFEST) == more.key
    assert (
        lost_by_amending(MANIFEST, replace(MANIFEST, segments=(replace(SEGMENT, sha256="00" * 32),))) == SEGMENT.key
    )
