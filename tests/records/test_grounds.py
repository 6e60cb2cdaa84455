"""Putting grounds on record: whole or not at all, by the steps of the form, and nothing signed is written over."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # ships without types
import pytest
import yaml

from config.errors import DocumentRefused
from domain.grounds import (
    AGREEMENTS,
    INSTITUTIONS,
    PLATES,
    SITE_APPROVALS,
    Catalogue,
    Listed,
    Requirement,
    SiteApproval,
    Step,
    developed_again,
    flaws,
    same_name,
)
from records.errors import GroundsRefused, NoGrounds
from records.grounds import Imported, enter, form, of_site
from records.grounds_file import GroundsFile, parse, read, schema
from storage.database import Database
from storage.errors import RevisedMeanwhile
from tests.house.rules import ROOT
from tests.records.grounds import (
    ACCEPTED,
    AGREEMENT,
    APPLIED,
    CATALOGUE,
    DECIDED,
    FORM,
    GROUNDS,
    NORM,
    NOW,
    OPINION,
    PREMISES,
    PROPOSED,
    REVIEWED,
)
from tests.records.grounds import (
    INSTITUTIONS as INSTITUTION,
)
from tests.records.setups import ACTOR

SPECIAL = """\
special_sites:
  - id: special-1
    site: sg-007
    host_unit: 示范监区
    applicant: 示范监区
    applied: 2026-04-01
    area: judicial
    address: 示范监区三号楼
    reason: 所内人员结业考核
"""
EARLIER = "      - {since: 2023-01-01, institution: lianxi, address: 别处}\n"
CONSENT = "    consent: {agrees: true, at: 2026-04-20T09:00:00+08:00, by: 市中心}\n"


def file(text: str) -> GroundsFile:
    return parse(text, "grounds.yaml")


def said(text: str) -> str:
    with pytest.raises(DocumentRefused) as refused:
        file(text)
    return str(refused.value)


def refused(database: Database, text: str) -> str:
    before = len(database.journal.entries())
    with pytest.raises(GroundsRefused) as refusal:
        enter(file(text), database, ACTOR, NOW)
    assert len(database.journal.entries()) == before
    return str(refusal.value)


def bent(old: str, new: str, text: str = GROUNDS) -> str:
    assert old in text
    return text.replace(old, new, 1)


def form_of(text: str) -> SiteApproval:
    (found,) = [thing.value for thing in file(text).of(SITE_APPROVALS)]
    assert isinstance(found, SiteApproval)
    return found


def test_a_whole_file_goes_on_record_as_one_act_and_again_changes_nothing(database: Database) -> None:
    done = enter(file(GROUNDS), database, ACTOR, NOW, reason="首次登记")
    assert done == Imported(
        (
            "institution lianxi",
            "premises sg-001",
            "site_approval form-1",
            "expert_opinion opinion-1",
            "agreement agreement-1",
            "plate sg-001",
            "norm norm-1",
            "catalogue 2026",
        ),
        (),
    )
    (act,) = database.journal.entries()
    assert (act.act, act.subject) == ("enter_grounds", "grounds")
    again = enter(file(GROUNDS), database, ACTOR, NOW + timedelta(days=1))
    assert (again.changed, len(again.unchanged)) == ((), 8)
    assert len(database.journal.entries()) == 1


def test_the_journal_and_the_register_keep_people_apart(database: Database) -> None:
    enter(file(GROUNDS), database, ACTOR, NOW)
    (act,) = database.journal.entries()
    told = f"{act.subject} {act.detail}"
    assert not any(name in told for name in ("钟示范", "丘经办", "温评审", "0751"))


def test_what_is_on_record_of_a_site_is_read_as_it_was_entered(database: Database) -> None:
    enter(file(GROUNDS), database, ACTOR, NOW)
    grounds = of_site(database, "sg-001")
    assert grounds.premises is not None
    assert grounds.premises.value is not None
    assert (stay := grounds.premises.value.stay_on(date(2026, 5, 1))) is not None
    assert (stay.institution, stay.address) == ("lianxi", "韶关市浈江区示范路1-2号")
    assert grounds.premises.value.stay_on(date(2023, 12, 31)) is None
    assert [each.key for each in grounds.approvals] == ["form-1"]
    assert [each.key for each in grounds.opinions] == ["opinion-1"]
    assert [each.key for each in grounds.agreements] == ["agreement-1"]
    assert (found := grounds.institution("lianxi")) is not None
    assert found.name == "韶关莲溪职业培训学校"
    assert grounds.institution("other") is None
    plate = database.register.find(PLATES, "sg-001")
    assert plate is not None
    assert plate.value is not None
    assert (plate.value.height_cm, plate.site) == (Decimal("60.5"), "sg-001")
    assert form(database, "form-1").value == form_of(GROUNDS)
    assert form_of(GROUNDS).condition(Requirement.STAFF) is True


def test_a_site_or_a_form_that_nobody_entered_is_said_so(database: Database) -> None:
    enter(file(GROUNDS), database, ACTOR, NOW)
    with pytest.raises(NoGrounds, match="nothing is on record of a site sg-002"):
        of_site(database, "sg-002")
    with pytest.raises(NoGrounds, match="no form form-2"):
        form(database, "form-2")


def test_a_form_goes_on_step_by_step_each_a_revision(database: Database) -> None:
    steps = ("", ACCEPTED, REVIEWED, PROPOSED, DECIDED)
    for count in range(1, len(steps) + 1):
        enter(file(INSTITUTION + APPLIED + "".join(steps[1:count])), database, ACTOR, NOW)
    history = database.register.history(SITE_APPROVALS, "form-1")
    assert [entry.value.step for entry in history if entry.value is not None] == list(Step)
    assert [step.zh for step in Step] == ["已申请", "已受理", "已审核", "经办部门已提出意见", "市中心已决定"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (APPLIED + REVIEWED, "approvals[0].review: stands before acceptance; the form is signed in its order"),
        (APPLIED + ACCEPTED + REVIEWED + DECIDED, "approvals[0].centre: stands before department"),
        (APPLIED + DECIDED, "approvals[0].centre: stands before acceptance"),
        (bent("2026-01-14}", "2026-01-11}", FORM), "approvals[0].department: its day 2026-01-11 lies before"),
        (bent("2026-01-05,", "2026-01-13,", FORM), "approvals[0].review: its day 2026-01-12 lies before"),
        (
            APPLIED + ACCEPTED + REVIEWED.partition("    reviewers")[0],
            "approvals[0].reviewers: an opinion of reviewers",
        ),
        (APPLIED + ACCEPTED + "    reviewers" + REVIEWED.partition("    reviewers")[2], "give review as well"),
        (APPLIED + ACCEPTED + "    revoked: 2026-03-01\n", "approvals[0].revoked: only what the centre agreed to"),
        (FORM + "    revoked: 2026-01-15\n", "approvals[0].revoked: only what the centre agreed to"),
        (
            bent("projects: [中式面点制作,", "projects: [粤菜制作,", FORM),
            "approvals[0].projects[1]: 粤菜制作 is listed twice",
        ),
        (
            bent("requirement: staff", "requirement: offices", FORM),
            "approvals[0].conditions[6]: offices is listed twice",
        ),
        (bent("requirement: staff", "requirement: canteen", FORM), "approvals[0].conditions[6].requirement"),
        (bent("day: 2026-01-16", "day: 20260116", FORM), "approvals[0].centre.day: write a day like 2026-05-01"),
        (bent('postcode: "512000"', "postcode: 5120", FORM), "approvals[0].postcode"),
        (bent("head: 钟示范", "head: ", FORM), "approvals[0].head: must not be empty"),
        (bent("    head: 钟示范\n", "", FORM), "approvals[0].head: is required and missing"),
        (bent("head: 钟示范", "boss: 钟示范", FORM), "approvals[0].boss: is not a known field"),
        (FORM + FORM.removeprefix("approvals:\n"), "approvals[1]: site_approval form-1 is listed twice"),
        (bent("stations: 20", "stations: 0", OPINION), "opinions[0].ceilings[0].stations: must be a whole number"),
        (bent("stations: 20", "stations: 1e2", OPINION), "opinions[0].ceilings[0].stations: must be a whole number"),
        (bent("signed: 2026-01-09", "signed: 2026-01-07", OPINION), "opinions[0].signed: lies before the visit"),
        (bent("ends: 2027-01-31", "ends: 2026-01-31", AGREEMENT), "agreements[0].ends: lies before the first day"),
        (AGREEMENT + "    ended: 2027-01-31\n", "agreements[0].ended: was ended before its term"),
        (bent("    liability: 见协议第七条\n", "", AGREEMENT), "agreements[0].liability: is required and missing"),
        (bent("area: judicial", "area: other", SPECIAL), "special_sites[0].area_named: is required where"),
        (bent("area: judicial", "area: school", SPECIAL), "special_sites[0].area"),
        (
            SPECIAL + bent("T09:00:00+08:00", "T09:00:00", CONSENT),
            "special_sites[0].consent.at: 2026-04-20T09:00:00 has no",
        ),
        (
            SPECIAL + bent("2026-04-20", "2026-03-31", CONSENT),
            "special_sites[0].consent.at: lies before the application",
        ),
        (bent("width_cm: 40", "width_cm: wide"), "plates[0].width_cm: must be a number like 40 or 0.7"),
        (bent("width_cm: 40", "width_cm: -40"), "plates[0].width_cm: must be a number like 40 or 0.7"),
        (bent("method: machine", "method: oral"), "norms[0].subjects[0].method"),
        (bent("name: 实操", "name: 理论"), "norms[0].subjects[1]: 理论 is listed twice"),
        (bent("duration_min: 30", "duration_min: 30, weight: 40"), "norms[0].subjects[1].weight: is missing"),
        (
            bent("duration_min: 30", "duration_min: 30, weight: 40").replace("min: 60", "min: 60, weight: 61"),
            "norms[0].subjects: weights add up to 101, not to 100",
        ),
        (bent("ends: 2026-12-31", "ends: 2025-12-31"), "catalogues[0].ends: lies before the first day"),
        (
            PREMISES + "      - {since: 2023-01-01, institution: lianxi, address: 别处}\n",
            "premises[0].stays[1].since: must be later than",
        ),
        ("institutions: []\n", "declares nothing: give one of institutions, premises, approvals"),
        ("", "grounds.yaml:1: must not be empty"),
    ],
)
def test_what_cannot_be_is_refused_by_file_line_and_field(text: str, line: str) -> None:
    found = said(text)
    assert line in found, found
    assert found.startswith("grounds.yaml:")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (FORM, "approvals[0].institution: there is no institution lianxi, neither in this file nor on record"),
        (PREMISES, "premises[0].stays[0].institution: there is no institution lianxi"),
        (OPINION, "opinions[0].approval: there is no form form-1, neither in this file nor on record"),
        (
            INSTITUTION + FORM + bent("site: sg-001", "site: sg-002", OPINION),
            "opinions[0].site: form form-1 is one of another site",
        ),
        (CATALOGUE, "catalogues[0].projects[0].norm: there is no norm norm-1, neither in this file nor on record"),
        (
            NORM + CATALOGUE + "  - {year: 2027, title: 目录, begins: 2026-12-31, ends: 2027-12-31, "
            "projects: [{project: 中式面点制作, norm: norm-1}]}\n",
            "catalogues[1].begins: overlaps the catalogue of 2026, 2026-01-01 to 2026-12-31",
        ),
        (
            INSTITUTION + bent("2026-01-16}", "2026-06-02}", FORM),
            "approvals[0].centre.day: 2026-06-02 lies in the future",
        ),
        (
            INSTITUTION + bent("signed: 2026-01-20", "signed: 2026-06-02", AGREEMENT),
            "agreements[0].signed: 2026-06-02 lies in the future",
        ),
        (
            SPECIAL + bent("2026-04-20T09:00:00", "2026-06-01T10:00:01", CONSENT),
            "special_sites[0].consent.at: lies in the future",
        ),
        (bent("measured: 2026-02-02", "measured: 2026-06-02"), "plates[0].measured: 2026-06-02 lies in the future"),
    ],
)
def test_what_is_not_there_or_has_not_happened_is_refused_before_anything_is_written(
    database: Database, text: str, line: str
) -> None:
    assert line in refused(database, text)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "address: 韶关市浈江区示范路1-2号\n",
            "address: 韶关市浈江区示范路12号\n",
            "approvals[0].address: stands signed",
        ),
        ("agrees: true, day: 2026-01-16", "agrees: false, day: 2026-01-16", "approvals[0].centre: stands signed"),
        (
            "officer: 丘经办",
            "officer: 丘某",
            "approvals[0].acceptance: stands signed on record (site_approval/form-1@1)",
        ),
        (
            "name: 罗评审, employer: 浈江示范餐饮协会, q",
            "name: 罗某, employer: 浈江示范餐饮协会, q",
            "approvals[0].reviewers:",
        ),
        ("offices, met: true", "offices, met: false", "approvals[0].conditions: stands signed"),
        ("stations: 18", "stations: 30", "agreements[0]: stands signed on record (agreement/agreement-1@1): only"),
        ("ends: 2027-01-31", "ends: 2028-01-31", "agreements[0]: stands signed on record"),
    ],
)
def test_what_was_signed_is_not_written_over(database: Database, old: str, new: str, line: str) -> None:
    enter(file(GROUNDS), database, ACTOR, NOW)
    assert line in refused(database, bent(old, new))


def test_a_signed_thing_belongs_to_its_site_for_good(database: Database) -> None:
    enter(file(GROUNDS), database, ACTOR, NOW)
    moved = INSTITUTION + bent("site: sg-001", "site: sg-002", AGREEMENT)
    assert "agreements[0].site: agreement agreement-1 belongs to site sg-001; take another id" in refused(
        database, moved
    )


def test_a_consent_stays_as_it_was_given(database: Database) -> None:
    enter(file(SPECIAL), database, ACTOR, NOW)
    enter(file(SPECIAL + CONSENT), database, ACTOR, NOW)
    earlier = SPECIAL + bent("2026-04-20", "2026-04-10", CONSENT)
    assert "special_sites[0]: the centre has decided on it (special_site/special-1@2)" in refused(database, earlier)


def test_an_approval_may_be_revoked_and_an_agreement_ended_later(database: Database) -> None:
    enter(file(GROUNDS), database, ACTOR, NOW)
    revoked = INSTITUTION + FORM + "    revoked: 2026-05-20\n" + AGREEMENT + "    ended: 2026-05-19\n"
    assert enter(file(revoked), database, ACTOR, NOW).changed == ("site_approval form-1", "agreement agreement-1")
    agreement = database.register.find(AGREEMENTS, "agreement-1")
    assert agreement is not None
    assert agreement.value is not None
    assert (agreement.revision, agreement.value.last_day) == (2, date(2026, 5, 19))
    assert "approvals[0].revoked: stands signed" in refused(database, INSTITUTION + FORM)


def test_an_application_may_be_mended_until_it_is_accepted(database: Database) -> None:
    enter(file(INSTITUTION + APPLIED), database, ACTOR, NOW)
    mended = INSTITUTION + bent("head: 钟示范", "head: 钟新任", APPLIED)
    assert enter(file(mended), database, ACTOR, NOW).changed == ("site_approval form-1",)
    assert enter(file(mended + ACCEPTED), database, ACTOR, NOW).changed == ("site_approval form-1",)
    assert "approvals[0].head: stands signed" in refused(database, INSTITUTION + APPLIED + ACCEPTED)


def test_a_project_that_was_developed_again_is_noted_and_not_refused(database: Database) -> None:
    enter(file(NORM + CATALOGUE), database, ACTOR, NOW)
    again = CATALOGUE.replace("2026", "2027").replace("GD-1", "GD-2")
    (note,) = enter(file(again), database, ACTOR, NOW).notes
    assert note.startswith("重复开发？2027年“中式面点制作”与2026年“中式面点制作”名称或能力相同，立项不同")
    assert "developed again? 中式面点制作 of 2027 is 中式面点制作 of 2026" in note


def catalogue(year: int, *projects: Listed) -> Catalogue:
    return Catalogue(year, "目录", date(year, 1, 1), date(year, 12, 31), projects)


def test_the_same_project_year_after_year_is_not_developed_again() -> None:
    one = Listed("中式面点制作", "norm-1", "GD-1", "制作面点")
    other = Listed("广式点心制作", "norm-2", "GD-2", "制作 面点")
    assert not list(developed_again([catalogue(2025, one), catalogue(2026, one)]))
    assert list(developed_again([catalogue(2026, other), catalogue(2025, one)])) == [
        (2025, "中式面点制作", 2026, "广式点心制作")
    ]
    assert list(developed_again([catalogue(2025, one, other)])) == [(2025, "中式面点制作", 2025, "广式点心制作")]
    assert not list(developed_again([catalogue(2025, Listed("甲", "n")), catalogue(2026, Listed("乙", "n"))]))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("示范路 1—2 号", "示范路1-2号", True),
        ("ＡＢ楼", "ab楼", True),
        ("示范路1-2号", "示范路12号", False),
        ("示范路1 2号", "示范路12号", False),
        ("示范路1号", "示范路2号", False),
        ("", "示范路", False),
    ],
)
def test_addresses_are_compared_as_people_write_them_and_no_looser(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same
    assert same_name(other, one) is same


def test_a_form_without_flaws_has_none() -> None:
    assert not list(flaws(form_of(GROUNDS)))
    assert not list(flaws(form_of(INSTITUTION + APPLIED)))


def test_the_schema_takes_what_the_file_takes(tmp_path: Path) -> None:
    path = tmp_path / "grounds.yaml"
    path.write_text(GROUNDS, encoding="utf-8")
    assert len(read(path).things) == 8
    written = schema()
    jsonschema.Draft202012Validator.check_schema(json.loads(json.dumps(written)))
    assert set(written["properties"]) == {
        "institutions",
        "premises",
        "approvals",
        "opinions",
        "agreements",
        "special_sites",
        "plates",
        "norms",
        "catalogues",
    }
    assert set(yaml.safe_load(GROUNDS)) < set(written["properties"])


def test_the_example_of_the_paper_on_operations_goes_on_record(database: Database) -> None:
    paper = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    example = paper.partition("```yaml\ninstitutions:")[2].partition("```")[0]
    assert len(enter(file(f"institutions:{example}"), database, ACTOR, NOW).changed) == 5


def test_a_file_of_another_import_in_between_is_not_written_over(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(file(INSTITUTION), database, ACTOR, NOW)
    standing = database.register.standing
    first = standing(INSTITUTIONS)
    enter(file(bent("韶关莲溪", "莲溪", INSTITUTION)), database, ACTOR, NOW)
    monkeypatch.setattr(database.register, "standing", lambda kind, **of: first if kind is INSTITUTIONS else [])
    with pytest.raises(RevisedMeanwhile, match="institution lianxi was changed meanwhile"):
        enter(file(INSTITUTION), database, ACTOR, NOW)
