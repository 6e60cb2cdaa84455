"""Rule packs: every number has an origin, and a pack that breaks its schema is refused in plain words."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from config.errors import RulePackRefused
from config.number_pattern import read
from config.rule_pack import FOLDER, OriginKind, PassShares, RulePack, available, fingerprint, load
from domain.plan import Target

PACK = "SG-2022-08-10"
SOURCE = (FOLDER / f"{PACK}.yaml").read_text(encoding="utf-8")


def refusal(folder: Path, text: str) -> str:
    (folder / f"{PACK}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RulePackRefused) as refused:
        load(PACK, folder)
    return str(refused.value)


def test_the_pack_of_the_notice_has_the_agreed_numbers() -> None:
    pack = load(PACK)
    assert (pack.retention_years, pack.copies) == (3, 2)
    assert (pack.longest_gap_s, pack.total_gap_share, pack.total_gap_s) == (10, 0.005, 60)
    assert (pack.min_width, pack.min_height, pack.min_fps) == (1280, 720, 15)
    assert (pack.clock_warn_s, pack.clock_fail_s, pack.lead_s, pack.tail_s) == (2, 30, 1800, 900)
    assert pack.clock_drift_warn_ppm == 100
    assert (pack.working_age, pack.review_working_days, pack.min_examiners) == (16, 10, 3)
    assert pack.duration_off_min == 5
    assert (pack.candidates_per_examiner, pack.grant_months, pack.full_mark, pack.pass_mark) == (10, 6, 100, 60)
    assert (pack.plate_width_cm, pack.plate_height_cm, pack.plate_thickness_mm, pack.plate_fold_cm) == (
        40,
        60,
        0.7,
        2,
    )
    assert (pack.plate_off_share, pack.feedback_hours, pack.filing_days, pack.query_days) == (0.05, 72, 30, 30)


@pytest.mark.parametrize("pack_id", available())
def test_no_number_lacks_an_origin(pack_id: str) -> None:
    pack = load(pack_id)
    numbers = {item.name for item in dataclasses.fields(RulePack)} - {
        "id",
        "title_zh",
        "title_en",
        "density",
        "phases",
        "origins",
        "pass_shares",
    }
    shares = {f"pass_shares_{each.name}" for each in dataclasses.fields(PassShares)}
    assert set(pack.origins) == numbers | shares
    assert set(pack.density.origins) == {"scale", *pack.density.needs, "seen_share", "floor_share"}
    assert set(pack.phases.origins) == set(pack.phases.places) == set(Target)
    origins = [*pack.origins.values(), *pack.density.origins.values(), *pack.phases.origins.values()]
    assert all(re.search(r"[\u4e00-\u9fff]", origin.zh) for origin in origins)
    assert all(origin.en.isascii() for origin in origins)


def test_certificates_are_numbered_by_a_pattern_of_the_pack_that_can_be_replaced(tmp_path: Path) -> None:
    pattern, origin = load(PACK).certificate_number, load(PACK).origins["certificate_number"]
    assert pattern.number(date(2026, 5, 1), "中式面点制作", 7) == "44022026000007"
    assert origin.kind is OriginKind.PROJECT_DEFAULT
    told = refusal(tmp_path, SOURCE.replace("{sequence:06d}", "{sequence}"))
    assert "certificate_number.pattern: needs a fixed number of places" in told
    assert fingerprint(replace(load(PACK), certificate_number=read("{sequence:06d}"))) == fingerprint(load(PACK))


def test_what_is_worth_a_look_is_a_default_of_ours_and_no_verdict_rests_on_it(tmp_path: Path) -> None:
    pack = load(PACK)
    assert pack.same_panel_batches == 3
    assert pack.origins["same_panel_batches"].kind is OriginKind.PROJECT_DEFAULT
    assert fingerprint(replace(pack, same_panel_batches=9)) == fingerprint(pack)
    told = refusal(tmp_path, SOURCE.replace("same_panel_batches:\n    value: 3", "same_panel_batches:\n    value: 0"))
    assert "suspicions.same_panel_batches.value" in told


def test_a_pack_that_says_nothing_of_shares_of_passes_has_none_compared_and_stays_good(tmp_path: Path) -> None:
    pack = load(PACK)
    assert pack.pass_shares == PassShares(10, 5, 0.001)
    assert {pack.origins[f"pass_shares_{name}"].kind for name in ("candidates", "batches", "chance")} == {
        OriginKind.PROJECT_DEFAULT
    }
    begins, ends = SOURCE.index("pass_shares:"), SOURCE.index("# In which phases each kind")
    (tmp_path / f"{PACK}.yaml").write_text(SOURCE[:begins] + SOURCE[ends:], encoding="utf-8")
    before = load(PACK, tmp_path)
    assert before.pass_shares is None
    assert fingerprint(before) == fingerprint(pack)
    (tmp_path / "other").mkdir()
    told = refusal(tmp_path / "other", SOURCE.replace("    value: 0.001\n", "    value: 2\n"))
    assert "pass_shares.chance.value" in told


@pytest.mark.parametrize("pack_id", available())
def test_no_number_claims_a_document_that_nobody_here_has_read(pack_id: str) -> None:
    pack = load(pack_id)
    origins = [*pack.origins.values(), *pack.density.origins.values()]
    texts = [text for origin in origins for text in (origin.zh, origin.en)]
    assert not [text for text in texts if "34" in text or "9 号" in text or "9号" in text]


def test_what_the_notice_says_is_marked_so_and_nothing_else_is() -> None:
    binding = {name for name, origin in load(PACK).origins.items() if origin.kind is OriginKind.NOTICE}
    footage = {"retention_years", "copies"}
    people = {"review_working_days", "min_examiners", "candidates_per_examiner", "grant_months"}
    marks = {"full_mark", "pass_mark"}
    plate = {"plate_width_cm", "plate_height_cm", "plate_thickness_mm", "plate_fold_cm"}
    assert binding == footage | people | marks | plate


def test_the_levels_are_those_of_both_editions_and_every_target_needs_one() -> None:
    density = load(PACK).density
    assert density.scale == "EN 62676-4:2014"
    assert [level.px_per_m for level in density.levels] == [12.5, 25, 62.5, 125, 250, 1000]
    needs = {target: level.px_per_m for target, level in density.needs.items()}
    assert needs == {"station": 125, "door": 250, "paper_desk": 125, "room": 25}
    assert set(needs) == {target.value for target in Target}
    assert (density.seen_share, density.floor_share) == (0.9, 0.95)


def test_another_edition_counts_when_the_pack_names_it(tmp_path: Path) -> None:
    (tmp_path / "SG-2.yaml").write_text(
        SOURCE.replace(f"id: {PACK}", "id: SG-2").replace("  scale: EN 62676-4:2014", "  scale: IEC 62676-4:2025")
    )
    density = load("SG-2", tmp_path).density
    assert [level.px_per_m for level in density.levels] == [20, 40, 80, 125, 250, 500, 1500]
    assert (density.needs["room"].id, density.needs["room"].px_per_m) == ("outline", 40)


def test_a_density_reaches_the_highest_level_that_is_not_above_it() -> None:
    density = load(PACK).density
    reached = [density.level(px_per_m) for px_per_m in (12.4, 12.5, 124.9, 125, 5000)]
    assert [level and level.id for level in reached] == [None, "monitor", "observe", "recognise", "inspect"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  scale: EN 62676-4:2014", "  scale: EN 1", "density.scale: there is no scale EN 1"),
        ("px_per_m: 62.5", "px_per_m: 25", "density.scales[0].levels[2].px_per_m: must be more than that of detect"),
        ("px_per_m: 62.5", "px_per_m: 0", "density.scales[0].levels[2].px_per_m: input should be greater than 0"),
        ("level: identify", "level: stare", "needs.door.level: EN 62676-4:2014 has no level stare"),
        ("        paper_desk:\n", "        desk:\n", "density.scales[0].needs.paper_desk: is required and missing"),
        ("value: 0.9\n", "value: 1.1\n", "density.seen_share.value: input should be less than or equal to 1"),
        ("phases:\n", "phase:\n", "phases: is required and missing"),
        ("seen_in: [W1, W3]", "seen_in: [W1, W4]", "phases.paper_desk.must_be_seen_in[1]: "),
        ("seen_in: [W1, W3]", "seen_in: [W1, W1]", "phases.paper_desk.must_be_seen_in: names a phase twice"),
        ("seen_in: [W1, W2, W3]", "seen_in: [W1, W3]", "phases.station.must_be_seen_in: must name W2"),
    ],
)
def test_a_table_of_levels_that_contradicts_itself_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SOURCE
    assert said in refusal(tmp_path, SOURCE.replace(old, new, 1))


def test_an_unknown_field_is_refused_by_name_and_line(tmp_path: Path) -> None:
    said = refusal(tmp_path, SOURCE + "longest_gapp_s: 3\n")
    assert f"{PACK}.yaml:{SOURCE.count(chr(10)) + 1}: longest_gapp_s: is not a known field" in said


def test_an_unknown_number_is_refused_by_name(tmp_path: Path) -> None:
    said = refusal(tmp_path, SOURCE + "  min_colour: {value: 1, origin: {kind: sample, zh: x, en: x}}\n")
    assert "numbers.min_colour: is not a known field" in said


def test_a_number_without_origin_is_refused(tmp_path: Path) -> None:
    head, _, tail = SOURCE.partition("    origin:\n      kind: notice\n")
    without = head + tail[tail.index("  copies:") :]
    assert "numbers.retention_years.origin: is required" in refusal(tmp_path, without)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_origin_that_one_language_lacks_is_refused(tmp_path: Path, language: str) -> None:
    head, _, numbers = SOURCE.partition("\nnumbers:\n")
    lines = numbers.splitlines(keepends=True)
    lines.remove(next(line for line in lines if line.startswith(f"      {language}: ")))
    said = refusal(tmp_path, f"{head}\nnumbers:\n{''.join(lines)}")
    assert f"numbers.retention_years.origin.{language}: is required" in said


def test_an_origin_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    assert "origin.kind" in refusal(tmp_path, SOURCE.replace("kind: sample", "kind: hearsay", 1))


@pytest.mark.parametrize("value", ["three", "-1", "0", "2.5", ".nan", ""])
def test_a_number_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    assert "numbers.retention_years.value" in refusal(tmp_path, SOURCE.replace("value: 3\n", f"value: {value}\n"))


def test_an_infinite_tolerance_is_refused(tmp_path: Path) -> None:
    assert "total_gap_s.value" in refusal(tmp_path, SOURCE.replace("value: 60\n", "value: inf\n"))


def test_a_pack_under_another_name_is_refused(tmp_path: Path) -> None:
    assert "must be SG-2022-08-10" in refusal(tmp_path, SOURCE.replace("id: SG-2022-08-10", "id: SG-2023"))


def test_a_clock_that_fails_before_it_warns_is_refused(tmp_path: Path) -> None:
    assert "clock_warn_s" in refusal(tmp_path, SOURCE.replace("value: 30\n", "value: 1\n"))


def test_an_unknown_pack_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(RulePackRefused, match=r"no rule pack 'GZ-1'; there is SG-2022-08-10"):
        load("GZ-1")


def test_a_pack_id_cannot_walk_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "packs").mkdir()
    with pytest.raises(RulePackRefused):
        load("../secret", tmp_path / "packs")
