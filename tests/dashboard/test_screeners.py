"""Copies with a watermark: what is in their pictures and when, what is written down of them, and what is refused."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from hashlib import sha256
from urllib.parse import unquote

import av
import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from analysis import films, screeners
from analysis.films import Asked, Reel
from analysis.people.detector import Picture
from analysis.screeners import Screener, ScreenersBusy, Wanted
from config.rule_pack import load as load_rule_pack
from dashboard.api import sending
from dashboard.api.screeners import record_end
from dashboard.app import create_app
from dashboard.papers.printing import lettering
from domain.people import Actor, Door, Role
from domain.presence import Box
from domain.timeline import Interval, rfc3339
from domain.viewings import Deed
from storage.database import connect
from tests.dashboard.exam import BATCH, FPS, UNPLUGGED, WINDOW, Exam, hold_exam
from tests.dashboard.serving import client, coming
from tests.fakes.notary import NOTARY

ADDRESS = f"/api/v1/batches/{BATCH}/cameras/A-cam-1/screener.mp4"
SECOND = timedelta(seconds=1)
ROUND = Interval(WINDOW.start, WINDOW.start + SECOND)  # the disc moves
AROUND_THE_GAP = Interval(UNPLUGGED.start - SECOND, UNPLUGGED.end + SECOND)
Shown = list[tuple[float, NDArray[np.uint8]]]


class DiscFinder:
    """Finds the light disc that moves through the exam's pictures, as a person; or fails."""

    name, side = "disc finder", 1280

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails

    def detect(self, pictures: Sequence[Picture]) -> list[tuple[Box, ...]]:
        if self.fails:
            raise RuntimeError("the device is gone")
        return [self._discs(picture) for picture in pictures]

    def _discs(self, picture: Picture) -> tuple[Box, ...]:
        like = (np.abs(picture.astype(int) - (190, 220, 230)).max(axis=2) < 25).astype(np.uint8)
        _, _, found, _ = cv2.connectedComponentsWithStats(like)
        return tuple(
            Box(float(x), float(y), float(x + width), float(y + height), 0.9)
            for x, y, width, height, area in found[1:].tolist()
            if area > 4000
        )


@pytest.fixture(scope="module")
def blurring(exam: Exam) -> Iterator[httpx.Client]:
    """A service in which a model is installed."""
    with client(
        create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None, detector=DiscFinder)
    ) as api:
        yield api


@pytest.fixture(autouse=True)
def rested() -> Iterator[None]:
    """One that was broken off ends with the picture in hand."""
    yield
    assert screeners._at_work.acquire(timeout=30)
    screeners._at_work.release()


def span(of: Interval) -> dict[str, str]:
    return {"start": rfc3339(of.start), "end": rfc3339(of.end)}


def reel_of(exam: Exam, of: Interval) -> Reel:
    asked = Asked(BATCH, "A-cam-1", of)
    return films.plan(exam.database.evidence, exam.archive, asked, exam.clock.now(), lambda _: True)


def shown(data: bytes) -> Shown:
    with av.open(io.BytesIO(data), "r") as container:
        frames = container.decode(container.streams.video[0])
        return [(each.time or 0.0, np.asarray(each.to_ndarray(format="bgr24"), np.uint8)) for each in frames]


def film_of(exam: Exam, of: Interval) -> Shown:
    return shown(b"".join(reel_of(exam, of).blocks(exam.archive)))


def unlike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.int_]:
    return np.asarray(np.abs(one.astype(int) - other).max(axis=2), int)


def wanted(exam: Exam, *, detector: DiscFinder | None = None, who: str = "chen 市级督导员") -> Wanted:
    return Wanted("20260501-00000000", BATCH, "A-cam-1", who, exam.clock.now(), detector=detector)


def acts(exam: Exam, count: int) -> list[tuple[str, str]]:
    return [(each.act, each.detail) for each in reversed(exam.database.journal.entries(count))]


def test_every_picture_bears_the_mark_in_all_its_parts_and_shows_what_was_filmed(
    api: httpx.Client, exam: Exam
) -> None:
    answer = api.get(ADDRESS, params=span(ROUND))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    before, after = film_of(exam, ROUND), shown(answer.content)
    assert [at for at, _ in after] == pytest.approx([at for at, _ in before], abs=0.0001)
    for (_, one), (_, other) in zip(before, after, strict=True):
        changed = unlike(one, other) > 20
        quarters = [half for rows in np.array_split(changed, 2) for half in np.array_split(rows, 2, axis=1)]
        assert all(part.mean() > 0.01 for part in quarters), "a cut of it is marked, too"
        assert 0.02 < changed.mean() < 0.35, "and the scene is to be seen under it"


def test_the_letters_are_those_of_who_asked_and_another_name_gives_other_pictures(exam: Exam) -> None:
    reel = reel_of(exam, ROUND)
    one, other = (
        shown(b"".join(Screener(reel, exam.archive, wanted(exam, who=who), lettering).blocks()))
        for who in ("陈 市级督导员", "林 市级督导员")
    )
    differ = unlike(one[0][1], other[0][1]) > 20
    assert 0.0003 < differ.mean() < 0.05, "the characters of the name, and nothing else"


def test_the_mark_moves_so_that_nothing_laid_over_one_place_takes_it_away(exam: Exam) -> None:
    reel = reel_of(exam, Interval(WINDOW.start, WINDOW.start + 7 * SECOND))
    after = shown(b"".join(Screener(reel, exam.archive, wanted(exam), lettering).blocks()))
    still = slice(0, 280), slice(640, 1280)  # nothing moves there but the mark
    early, late = (np.asarray(picture[still]) for at, picture in after if at in (0.0, 6.0))
    assert (unlike(early, late) > 20).mean() > 0.02


def test_a_gap_stays_as_long_as_it_was_and_a_dark_picture_says_so(api: httpx.Client, exam: Exam) -> None:
    answer = api.get(ADDRESS, params=span(AROUND_THE_GAP))
    assert answer.headers["kaojian-gaps"] == "1"
    before, after = film_of(exam, AROUND_THE_GAP), shown(answer.content)
    added = {round(at, 3) for at, _ in after} - {round(at, 3) for at, _ in before}
    assert added == {1.0}, "the gap begins after a second"
    assert [at for at, _ in after if at > 1.0] == pytest.approx([at for at, _ in before if at >= 1.0], abs=0.0001)
    assert before[FPS][0] == pytest.approx(9.0)
    slate = next(picture for at, picture in after if abs(at - 1.0) < 0.001)
    assert np.median(slate) < 8 and (slate > 200).mean() > 0.003, "light letters on black"


def test_a_blurred_head_is_gone_in_every_picture_and_the_rest_is_as_it_was(exam: Exam) -> None:
    reel = reel_of(exam, ROUND)
    finder = DiscFinder()
    plain, hidden = (
        shown(b"".join(Screener(reel, exam.archive, wanted(exam, detector=by), lettering).blocks()))
        for by in (None, finder)
    )
    filmed = film_of(exam, ROUND)
    assert len(filmed) == len(plain) == len(hidden)
    for (_, one), (_, other), (_, original) in zip(plain, hidden, filmed, strict=True):
        ((disc,),) = finder.detect([original])
        edge = slice(int(disc.top), int(disc.top) + 20), slice(int(disc.left) + 40, int(disc.right) - 40)
        assert unlike(one[edge], other[edge]).mean() > 15, "the upper edge of the disc, where its head is"
        elsewhere = unlike(one[:300], other[:300])
        assert np.median(elsewhere) <= 3 and (elsewhere > 25).mean() < 0.002


def test_a_blurred_copy_says_what_blurred_it(blurring: httpx.Client) -> None:
    answer = blurring.get(ADDRESS, params={**span(ROUND), "blur_heads": "true"})
    assert unquote(answer.headers["content-disposition"]).endswith("-带水印-遮头.mp4")
    with av.open(io.BytesIO(answer.content), "r") as container:
        about = json.loads(container.metadata["comment"])
    assert (about["number"], about["form"]) == (answer.headers["kaojian-screener"], "kaojian-screener-1")
    assert about["heads_blurred_by"] == "disc finder"


def test_without_a_model_heads_are_not_left_unblurred_but_refused(api: httpx.Client, exam: Exam) -> None:
    answer = api.get(ADDRESS, params={**span(ROUND), "blur_heads": "true"})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:kaojian:problem:screener-refused")
    assert "kaojian models add" in answer.json()["detail"]
    offer = api.get("/api/v1/screeners").json()
    assert (offer["blurs_heads"], offer["model"]) == (False, "") and "未安装检测模型" in offer["reason"]


def test_where_a_model_is_installed_the_page_is_told(blurring: httpx.Client) -> None:
    assert blurring.get("/api/v1/screeners").json() == {"blurs_heads": True, "model": "disc finder", "reason": ""}


def test_where_the_detector_fails_there_is_no_copy_and_the_next_one_can_be_made(exam: Exam) -> None:
    reel = reel_of(exam, ROUND)
    with pytest.raises(RuntimeError, match="device is gone"):
        list(screeners.aside(Screener(reel, exam.archive, wanted(exam, detector=DiscFinder(fails=True)), lettering)))
    next_one = screeners.aside(Screener(reel, exam.archive, wanted(exam), lettering))
    assert next(next_one)
    next_one.close()


def test_it_is_written_down_before_with_its_number_and_afterwards_with_its_hash(
    api: httpx.Client, exam: Exam
) -> None:
    answer = api.get(ADDRESS, params={**span(ROUND), "purpose": "复核"})
    number = answer.headers["kaojian-screener"]
    kept = exam.database.viewings.latest(1)[0].viewing
    assert (kept.deed, kept.outcome, kept.camera, kept.batch) == (Deed.SAVE, "shown", "A-cam-1", BATCH)
    assert (kept.span, kept.purpose, kept.key) == (ROUND, "复核", f"screener/{number}")
    digest = sha256(answer.content).hexdigest()
    assert acts(exam, 2) == [
        ("make_screener_of_batch", f"{number} A-cam-1 watermarked"),
        ("finish_screener_of_batch", f"{number} A-cam-1 {len(answer.content)} bytes, sha256 {digest}"),
    ]


def test_who_goes_away_ends_it_and_that_is_written_down(exam: Exam) -> None:
    async def one_block_only() -> None:
        blocks = screeners.aside(Screener(reel_of(exam, WINDOW), exam.archive, wanted(exam), lettering))
        backing = create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None).state.backing
        tell = partial(record_end, backing, Actor("account:chen", Door.API), wanted(exam))
        sent = sending.sent(next(blocks), blocks, tell)
        assert await anext(sent)
        await sent.aclose()

    asyncio.run(one_block_only())
    ((act, detail),) = acts(exam, 1)
    assert act == "break_off_screener_of_batch"
    assert detail.startswith("20260501-00000000 A-cam-1 ") and detail.endswith(" bytes were sent")


def test_one_is_made_at_a_time_and_the_next_is_told_when_to_ask_again(api: httpx.Client, exam: Exam) -> None:
    reel = reel_of(exam, WINDOW)
    going = screeners.aside(Screener(reel, exam.archive, wanted(exam), lettering))
    next(going)
    with pytest.raises(ScreenersBusy):
        next(screeners.aside(Screener(reel, exam.archive, wanted(exam), lettering)))
    answer = api.get(ADDRESS, params=span(ROUND))
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:kaojian:problem:screeners-busy")
    assert answer.headers["retry-after"] == "60"
    going.close()


def test_what_nobody_fetches_any_more_is_given_up(exam: Exam, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screeners, "STALL_S", 0.5)
    monkeypatch.setattr(screeners, "_WAITING_BLOCKS", 1)
    going = screeners.aside(Screener(reel_of(exam, WINDOW), exam.archive, wanted(exam), lettering))
    next(going)
    assert screeners._at_work.acquire(timeout=60), "the next one need not wait for who does not come"
    screeners._at_work.release()
    with pytest.raises(screeners.ScreenerBrokenOff):
        list(going)


def test_the_originals_are_as_they_were(api: httpx.Client, exam: Exam) -> None:
    def kept() -> list[tuple[str, str]]:
        found = exam.segments("A-cam-1")
        return [(each.key, sha256((exam.spool / each.key).read_bytes()).hexdigest()) for each in found]

    before = kept()
    assert api.get(ADDRESS, params=span(ROUND)).status_code == 200
    assert kept() == before == [(each.key, each.sha256) for each in exam.segments("A-cam-1")]


@pytest.mark.parametrize("role", [Role.CITY_ADMINISTRATOR, Role.EXAMINER])
def test_who_may_not_save_films_may_not_save_these(api: httpx.Client, exam: Exam, role: Role) -> None:
    answer = api.get(ADDRESS, params=span(ROUND), headers=coming(exam, role, BATCH))
    assert answer.status_code == 403


def test_an_auditor_says_why(api: httpx.Client, exam: Exam) -> None:
    auditor = coming(exam, Role.AUDITOR, BATCH)
    assert (
        api.get(ADDRESS, params=span(ROUND), headers=auditor).json()["type"] == "urn:kaojian:problem:purpose-needed"
    )


def test_nobody_takes_one_of_a_sitting_that_is_not_closed(
    exam: Exam, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("open")
    database = connect(f"sqlite:///{folder / 'kaojian.db'}", NOTARY)
    unclosed = hold_exam(database, folder / "spool", closed=False)
    with client(create_app(database, unclosed.archive, load_rule_pack, unclosed.clock, None)) as talking:
        answer = talking.get(ADDRESS, params=span(ROUND))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:kaojian:problem:held-back")
    database.close()
