"""The papers of disposals: every change of a byte, of their order, of who signed and of who approved is told."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.chain import canonical
from domain.disposal import Certificate, DisposalOrder
from storage.database import connect
from storage.manifest import destruction
from storage.manifest.destruction import PaperRefused
from storage.manifest.form import read_signed, signed
from storage.manifest.keys import PublishedKeys, published
from storage.signing import Signer
from tests.closed_batches import FIRST, SECOND
from tests.disposals import ExpiredBatches
from tests.fakes.notary import NOTARY, SIGNER


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[bytes], PublishedKeys]:
    """Two orders and two certificates of a site, and the keys to check them by."""
    folder = tmp_path_factory.mktemp("destruction")
    opened = connect(f"sqlite:///{folder / 'kaojian.db'}", NOTARY)
    site = ExpiredBatches(opened, folder / "spool")
    site.carry_out(site.approved(FIRST, SECOND))
    found = [each.data for each in opened.disposals.papers("sg-001")], published(opened.closings)
    opened.close()
    return found


def refused(papers: Sequence[bytes], keys: PublishedKeys) -> str:
    with pytest.raises(PaperRefused) as caught:
        list(destruction.check(papers, keys))
    return str(caught.value)


def order(data: bytes) -> DisposalOrder:
    return read_signed(DisposalOrder, data)[0]


def certificate(data: bytes) -> Certificate:
    return read_signed(Certificate, data)[0]


def test_untouched_papers_hold_and_say_what_they_are(made: tuple[list[bytes], PublishedKeys]) -> None:
    papers, keys = made
    told = [str(each) for each in destruction.check(papers, keys)]
    assert [line.split(", ")[0] for line in told] == [
        f"sg-001 1: order 处置令 of batch {FIRST}",
        f"sg-001 2: certificate of destruction 销毁证明 of batch {FIRST}",
        f"sg-001 3: order 处置令 of batch {SECOND}",
        f"sg-001 4: certificate of destruction 销毁证明 of batch {SECOND}",
    ]


def test_any_changed_byte_is_told(made: tuple[list[bytes], PublishedKeys]) -> None:
    papers, keys = made
    chosen = random.Random(22)
    for _ in range(300):
        number = chosen.randrange(len(papers))
        spoilt = bytearray(papers[number])
        spoilt[chosen.randrange(len(spoilt))] ^= 1 << chosen.randrange(8)
        refused([*papers[:number], bytes(spoilt), *papers[number + 1 :]], keys)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda papers: papers[1:], "paper 2 does not follow: paper 1 is missing"),
        (lambda papers: [papers[0], *papers[2:]], "paper 3 does not follow: paper 2 is missing"),
        (lambda papers: [papers[1], papers[0]], "paper 2 does not follow"),
        (lambda papers: [papers[0], papers[0]], "paper 1 does not follow"),
        (lambda papers: [papers[0], b"{}"], "no paper of a disposal"),
        (lambda papers: [papers[0], b""], "no paper of a disposal"),
        (lambda papers: [papers[0].replace(b"kaojian-disposal-order-1", b"kaojian-link-1")], "no paper"),
        (lambda papers: [papers[0] + b"\n"], "canonical"),
    ],
)
def test_papers_that_are_missing_moved_or_of_another_form_are_told(
    made: tuple[list[bytes], PublishedKeys], change: Callable[[list[bytes]], list[bytes]], words: str
) -> None:
    assert words in refused(change(made[0]), made[1])


def test_a_paper_that_somebody_else_signed_or_nobody_did_is_told(made: tuple[list[bytes], PublishedKeys]) -> None:
    papers, keys = made
    stranger = Signer.new()
    first = order(papers[0])
    for forged in (
        signed(stranger, first),
        signed(stranger, replace(first, key=stranger.public)),
        signed(SIGNER, replace(first, signed_at=keys.keys[0].valid_from - timedelta(seconds=1))),
        canonical({**json.loads(papers[0]), "signature": "0" * 128}),
    ):
        assert "not signed by the key of its time" in refused([forged], keys)
    body: dict[str, Any] = json.loads(papers[0])
    del body["signature"]
    assert "not signed" in refused([canonical(body)], keys)


def test_an_order_that_one_person_or_one_side_approved_is_told_though_it_is_signed(
    made: tuple[list[bytes], PublishedKeys],
) -> None:
    papers, keys = made
    first = order(papers[0])
    officer, supervisor = first.approved
    for approved, proposed in (
        ((officer,), first.proposed),
        ((officer, replace(supervisor, who=officer.who)), first.proposed),
        ((officer, replace(supervisor, role=officer.role)), first.proposed),
        ((officer, supervisor, supervisor), first.proposed),
        ((officer, supervisor), replace(first.proposed, who=officer.who)),
    ):
        forged = signed(SIGNER, replace(first, approved=approved, proposed=proposed))
        assert "not approved by two people" in refused([forged], keys)


def test_a_certificate_of_other_things_than_were_ordered_is_told_though_it_is_signed(
    made: tuple[list[bytes], PublishedKeys],
) -> None:
    papers, keys = made
    told = certificate(papers[1])
    copy = told.segments[0].copies[0]
    late = replace(copy, removed=told.signed_at + timedelta(seconds=1))
    for forged, words in (
        (replace(told, order_digest="0" * 64), "an order that is not there"),
        (replace(told, batch=SECOND), "not of what its order is of"),
        (replace(told, segments_root="0" * 64), "not of what its order is of"),
        (replace(told, segments=told.segments[1:]), "other segments than were ordered"),
        (
            replace(told, segments=(replace(told.segments[0], copies=(late,)), *told.segments[1:])),
            "removed after it was signed",
        ),
        (
            replace(told, signed_at=order(papers[0]).signed_at - timedelta(seconds=1)),
            "before the one it follows",
        ),
    ):
        assert words in refused([papers[0], signed(SIGNER, forged)], keys)
