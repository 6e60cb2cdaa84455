"""The report as a paper."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from analysis.clocks import Drift, HostClockFacts
from analysis.floorplan.drawing import SHEET_PX
from analysis.report import (
    BatchReport,
    CopyReport,
    ExpectedReport,
    PlaceReport,
    SittingReport,
    Unusable,
    batch_report,
    sitting_report,
)
from dashboard.papers.printing import as_html, as_pdf
from dashboard.papers.report import compose
from dashboard.papers.sheet import Drawing, NotPrinted
from dashboard.papers.timeline import draw
from dashboard.papers.words import DOUBTFUL, UNUSABLE, VERDICTS, Language, words
from domain.evidence import Cause, Place
from domain.expected import Basis, ExpectedPlace, ExpectedRoom, ExpectedView, Lack, Phase
from domain.host_clock import ClockState, Witness
from domain.law import Verdict
from domain.plan import Target
from domain.timeline import Interval, IntervalSet
from tests.analysis.floorplan.rooms import hall
from tests.dashboard.exam import BATCH, PACK, SILENT, SITE, START, UNPLUGGED, WINDOW, Exam

ROOMS = [(room.id, room.name) for room in SITE.rooms]


@pytest.fixture
def report(exam: Exam) -> SittingReport:
    return sitting_report(exam.database, BATCH, 1, PACK, exam.clock.now())


def render(report: SittingReport | BatchReport, lang: str = "zh", **beside: Any) -> str:
    return as_html(compose(report, lang, **beside))


class _Balance(HTMLParser):
    """Notes tags that are not closed, and addresses that would be fetched."""

    VOID = frozenset({"meta", "br", "line", "rect", "link", "img", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value for name, value in attrs if name in {"src", "href", "xlink:href"} and value]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize("language", Language)
def test_the_paper_is_one_whole_file_that_fetches_nothing(report: SittingReport, language: Language) -> None:
    html = render(report, language, site=SITE, rule_pack=PACK)
    parser = _Balance()
    parser.feed(html)
    assert (parser.open, parser.fetched) == ([], [])
    assert "<script" not in html
    assert "url(" not in html


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "zh",
            [
                "摄像机断线",
                "有连接无画面",
                "不符合",
                "8.000 秒",
                "工位 A01",
                "中式面点一号考场",
                "09:00:20.000",
                "覆盖的计算方法",
            ],
        ),
        (
            "en",
            [
                "Camera disconnected",
                "Connected, no picture",
                "Fail",
                "8.000 s",
                "Station A01",
                "09:00:20.000",
                "How coverage is",
            ],
        ),
    ],
)
def test_the_paper_names_gaps_causes_and_verdicts_in_its_language(
    report: SittingReport, language: str, words: list[str]
) -> None:
    html = render(report, language, site=SITE, rule_pack=PACK)
    assert [word for word in words if word not in html] == []
    for clause in report.clauses:
        assert clause.id in html


def test_a_paper_in_english_has_no_chinese_but_names(report: SittingReport) -> None:
    html = render(replace(report, project="Pastry"), "en", rule_pack=PACK)
    body = html[html.index("<body>") :]
    assert re.findall(r"[\u4e00-\u9fff]+", body) == []


NOT_OF_FOOTAGE = {
    *("lead_s", "tail_s"),  # told by the window itself
    *("working_age", "review_working_days", "min_examiners", "candidates_per_examiner", "grant_months"),
    *("duration_off_min", "full_mark", "pass_mark", "feedback_hours", "filing_days"),
    *("query_days", "certificate_number", "same_panel_batches"),
    *("pass_shares_candidates", "pass_shares_batches", "pass_shares_chance"),
    *("plate_width_cm", "plate_height_cm", "plate_thickness_mm", "plate_fold_cm", "plate_off_share"),
}
"""Numbers of a rule pack that no verdict of this paper rests on."""


@pytest.mark.parametrize("language", Language)
def test_every_number_is_printed_with_its_reason(report: SittingReport, language: Language) -> None:
    text = unescape(render(report, language, rule_pack=PACK))
    origins = [origin for name, origin in PACK.origins.items() if name not in NOT_OF_FOOTAGE]
    origins += [origin for name, origin in PACK.density.origins.items() if name != "scale"]
    origins += PACK.phases.origins.values()
    reasons = [origin.zh if language is Language.ZH else origin.en for origin in origins]
    assert [reason for reason in reasons if reason not in text] == []


def test_names_from_outside_are_escaped(report: SittingReport) -> None:
    nasty = replace(report, project="<script>alert(1)</script>", site='"><img src=x>')
    html = render(nasty)
    assert "<script" not in html
    assert "<img" not in html


def test_a_language_there_is_none_of_is_refused(report: SittingReport) -> None:
    with pytest.raises(ValueError, match="fr"):
        render(report, "fr")


def test_a_batch_is_one_paper_with_all_its_sittings(exam: Exam) -> None:
    whole = batch_report(exam.database, BATCH, PACK, exam.clock.now())
    html = render(whole, "zh", site=SITE)
    assert html.count("<h2>") == 2
    assert "本场次尚未结束" in html


def test_the_drawing_covers_the_window_of_every_lane_with_gaps_in_their_place(report: SittingReport) -> None:
    drawing = draw(report, ROOMS, Language.ZH)
    assert drawing.causes == (Cause.CAMERA_DISCONNECTED, Cause.NO_DATA)
    lanes = {bar.y for bar in drawing.bars}
    assert len(lanes) == 12
    width = drawing.right - drawing.left
    for lane in lanes:
        assert sum(bar.width for bar in drawing.bars if bar.y == lane) == pytest.approx(width, abs=0.1)
    gap = next(bar for bar in drawing.bars if "8.000" in bar.title)
    assert gap.x == pytest.approx(drawing.left + width * 30 / 80, abs=0.1)
    assert gap.width == pytest.approx(width * 8 / 80, abs=0.1)


@pytest.mark.parametrize(
    "length", [timedelta(seconds=20), timedelta(hours=3), timedelta(hours=11), timedelta(days=2)]
)
def test_the_time_axis_has_a_few_round_ticks_inside_the_window(report: SittingReport, length: timedelta) -> None:
    window = Interval(WINDOW.start + timedelta(seconds=1.5), WINDOW.start + timedelta(seconds=1.5) + length)
    drawing = draw(replace(report, window=window, phases=(), stations=(), cameras=()), (), Language.ZH)
    assert 2 <= len(drawing.ticks) <= 9
    assert all(drawing.left <= x <= drawing.right for x in drawing.ticks)


def test_the_paper_is_served_in_both_languages_under_a_closed_policy(api: httpx.Client) -> None:
    address = f"/api/v1/batches/{BATCH}/sittings/1/report.html"
    chinese, english = api.get(address), api.get(address, params={"lang": "en"})
    assert "现场录像覆盖报告" in chinese.text
    assert "Coverage report of on-site video" in english.text
    assert chinese.headers["content-security-policy"].startswith("default-src 'none'")
    assert api.get(address, params={"lang": "fr"}).status_code == 422


NOTHING = IntervalSet()
CLOCK = HostClockFacts("exam-host", ClockState.SYNCHRONISED, Witness.NTP, 0.0205, 3, False, NOTHING, NOTHING)


@pytest.mark.parametrize(
    ("clock", "zh", "en"),
    [
        (CLOCK, "已核对，依据NTP，误差不超过 0.021 秒", "checked by NTP, at most 0.021 s off"),
        (
            replace(CLOCK, by=Witness.CAMERAS),
            "多台摄像机的时钟（证明相互一致，不证明等于标准时间）",
            "common time, not proof of the right time",
        ),
        (
            replace(CLOCK, state=ClockState.UNWITNESSED, unproven=IntervalSet([WINDOW])),
            "其中 80.000 秒 的时间无法判定，录像存在不受影响",
            "the times of 80.000 s are unproven; that the footage exists stands",
        ),
        (None, "未作核对记录", "no record of checks"),
    ],
)
def test_the_paper_says_what_the_host_s_clock_was_worth(
    report: SittingReport, clock: HostClockFacts | None, zh: str, en: str
) -> None:
    told = replace(report, host_clocks=() if clock is None else (clock,))
    assert zh in unescape(render(told, Language.ZH))
    assert en in unescape(render(told, Language.EN))


def test_the_paper_tells_a_camera_s_drift_in_seconds_a_day(report: SittingReport) -> None:
    first, *others = report.cameras
    told = replace(report, cameras=(replace(first, clock_drift=Drift(-150.0, -160.0, -140.0)), *others))
    text = unescape(render(told, Language.ZH))
    assert "-13.0 秒" in text
    assert "时钟日差" in text


@pytest.mark.parametrize("language", Language)
def test_the_file_to_keep_has_its_fonts_inside_and_is_the_same_each_time(
    report: SittingReport, language: Language
) -> None:
    paper = compose(report, language, site=SITE, rule_pack=PACK)
    printed = as_pdf(paper)
    assert printed.startswith(b"%PDF-1.7")
    assert b"pdfaid:part>2<" in printed
    assert b"NotoSansSC" in printed
    assert as_pdf(paper) == printed


def test_the_file_to_keep_takes_names_as_names(report: SittingReport) -> None:
    nasty = replace(report, project='#panic("no") $x$ *b* \\ `', batch="#include")
    assert as_pdf(compose(nasty))


def test_a_character_that_no_font_has_is_refused_rather_than_left_out(report: SittingReport) -> None:
    with pytest.raises(NotPrinted, match=f"paper {BATCH}.*could not be displayed"):
        as_pdf(compose(replace(report, project="\U0001f9ff")))


def test_the_file_is_served_with_a_name_and_as_what_it_is(api: httpx.Client) -> None:
    answer = api.get(f"/api/v1/batches/{BATCH}/sittings/1/report.pdf", params={"lang": "en"})
    assert answer.headers["content-type"] == "application/pdf"
    assert re.search(rf"filename\*=UTF-8''{BATCH}-1-\d{{14}}\.pdf", answer.headers["content-disposition"])
    assert answer.content.startswith(b"%PDF")
    assert api.get(f"/api/v1/batches/{BATCH}/sittings/9/report.pdf").status_code == 404


def test_the_paper_says_where_the_copies_lie_and_until_when_they_are_locked(report: SittingReport) -> None:
    copies = (
        CopyReport(Place.SPOOL, "/srv/spool", "host:8:1", 9, 10, 4_000_000_000, None),
        CopyReport(Place.S3, "evidence", "10.0.0.2:8333", 10, 10, 5_000_000_000, WINDOW.end),
        CopyReport(Place.S3, "other", "10.0.0.3:8333", 10, 10, 5_000_000_000, None),
    )
    text = unescape(render(replace(report, copies=copies), "en"))
    assert "/srv/spool" not in text  # a path of a host says nothing to a reader
    assert all(word in text for word in ("Object store evidence", "9 / 10", "5.000 GB", "not locked"))
    assert "2026-05-01 09:01:10" in text


@pytest.mark.parametrize("language", Language)
def test_a_room_that_was_drawn_has_its_plan_in_the_paper(report: SittingReport, language: Language) -> None:
    first, *others = SITE.rooms
    drawn = replace(SITE, rooms=(replace(first, plan=hall()), *others))
    paper = compose(report, language, site=drawn, rule_pack=PACK)
    plans = {block for block in paper.blocks if isinstance(block, Drawing) and block.width == SHEET_PX}
    assert [first.name in plan.svg for plan in plans] == [True]
    assert as_pdf(paper)
    assert not plans & set(compose(report, language, site=drawn).blocks)  # by no levels, no plan


@pytest.mark.parametrize("language", Language)
def test_places_that_must_be_seen_are_told_with_level_phases_cameras_and_whether_they_were(
    report: SittingReport, language: Language
) -> None:
    plain = ExpectedPlace(Target.STATION, "A01", "A", "recognise", "辨认", 125, tuple(Phase), Basis.PLAN)
    seen = replace(plain, views=(ExpectedView("A-cam-1", 181.5, 0.97, 1323),))
    door = replace(plain, target=Target.DOOR, id="南门", phases=(Phase.ENTRY,), lack=Lack.TOO_SMALL)
    door = replace(door, best=ExpectedView("A-cam-3", 94.5, 1.0, 3387))
    own = replace(plain, id="A02", basis=Basis.REGISTER, views=(ExpectedView("A-cam-2"),), times=(SILENT,))
    floor = ExpectedRoom("A", "detect", "探测", 25, 0.95, 0.94996, 6.5)
    places = (
        PlaceReport(seen, Verdict.FAIL, (UNPLUGGED,)),
        PlaceReport(door, Verdict.WARN),
        PlaceReport(own, Verdict.PASS),
    )
    expected = ExpectedReport("ab" * 32, START, True, (), "EN 62676-4:2014", places, (floor,))
    text = unescape(render(replace(report, expected=expected), language, site=SITE, rule_pack=PACK))
    said = words(language)
    wanted = ["A-cam-1 (181.5)", "8.000", "A-cam-3 (94.5)", "W1 W2 W3", "94.99 %", "6.50 m²", "ab" * 32, "南门"]
    wanted += [
        said.expected,
        said.no_camera_reaches,
        said.by_register,
        said.drawn,
        said.method_plan,
        "09:00:40–09:00:46",
    ]
    assert [each for each in wanted if each not in text] == []
    unopened = replace(report, expected=replace(expected, sha256=None, frozen=None))
    assert said.not_frozen in unescape(render(unopened, language))
    assert said.altered in unescape(render(replace(report, expected=replace(expected, intact=False)), language))


def test_the_drawing_marks_footage_that_shows_nothing_apart_from_gaps(report: SittingReport) -> None:
    first, *others = report.stations
    begin = WINDOW.start
    span, doubt = (Interval(begin + timedelta(seconds=at), begin + timedelta(seconds=at + 5)) for at in (5, 12))
    told = replace(first, unusable=(Unusable(span, ()),), unverified=(doubt,))
    drawing = draw(replace(report, stations=(told, *others)), ROOMS, Language.ZH)
    assert (drawing.unusable, drawing.doubtful) == (True, True)
    assert [bar.colour for bar in drawing.bars if bar.colour in {UNUSABLE, DOUBTFUL}] == [DOUBTFUL, UNUSABLE]
    legend = unescape(render(replace(report, stations=(told, *others)), "en"))
    assert "Footage, pictures unusable" in legend
    assert "Footage, nobody can tell" in legend
    assert not draw(report, ROOMS, Language.ZH).unusable


def test_every_verdict_has_its_word_and_its_look_in_both_printings(report: SittingReport) -> None:
    for verdict in Verdict:
        told = replace(report, verdict=verdict)
        assert f'class="verdict {verdict.value}"' in render(told, "en")
        assert VERDICTS[verdict] in render(told, "en")
        assert f".{verdict.value} {{ color:" in render(told, "en")
        assert as_pdf(compose(told, "en"))
