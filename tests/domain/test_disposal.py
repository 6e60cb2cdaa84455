"""The gate before anything is deleted, and who may open it: tried with whatever a batch and a list may come to be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calendar import SHANGHAI, retained_until
from domain.disposal import (
    LASTS,
    SIDES,
    BatchToGo,
    CopyToGo,
    Decision,
    DisposalList,
    DisposalState,
    Obstacle,
    Person,
    SegmentToGo,
    Settled,
    Standing,
    difference,
    objections,
    refusal,
)
from domain.evidence import Place
from domain.holds import Order
from domain.host_clock import ClockJudgement, ClockState, Witness
from domain.people import Actor, Door, Role

NOW = datetime(2029, 6, 1, 4, tzinfo=UTC)
PROVEN = ClockJudgement(ClockState.SYNCHRONISED, Witness.NTP, 0.0, 0.02)
FREE = Standing(
    "b1",
    signed=NOW - timedelta(days=1000),
    retained_until=NOW - timedelta(days=1),
    locked_until=NOW - timedelta(days=1),
    held=False,
    last_act=NOW - timedelta(days=1),
)
INSTANTS = st.integers(-1300, 1300).map(lambda days: NOW + timedelta(days=days))
PROPOSED = Order(NOW, Actor("local:ding", Door.COMMAND_LINE), "保管期已满")
LISTED = DisposalList(7, PROPOSED, "d" * 64, ("b1", "b2"))


def whats(standing: Standing, clock: ClockJudgement = PROVEN, now: datetime = NOW) -> set[Obstacle]:
    return {each.what for each in objections(standing, clock, now)}


def approval(name: str, role: Role, at: datetime = NOW) -> Decision:
    return Decision(Settled.APPROVED, at, Actor(f"account:{name}", Door.API), role, "")


BY_TWO = replace(LISTED, decisions=(approval("chen", Role.CITY_OFFICER), approval("wu", Role.CITY_SUPERVISOR)))


def test_nothing_stands_against_a_batch_that_is_closed_expired_and_wanted_by_nobody() -> None:
    assert whats(FREE) == set()


@given(st.dates(date(2022, 8, 10), date(2040, 12, 31)), st.timedeltas(timedelta(-3), timedelta(3)))
def test_nothing_goes_before_the_third_anniversary_day_has_ended_in_shanghai(day: date, apart: timedelta) -> None:
    until = retained_until(day)
    local = (until + apart).astimezone(SHANGHAI)
    found = whats(replace(FREE, retained_until=until, signed=None, last_act=None), now=until + apart)
    third = date(day.year + 3, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)
    assert (Obstacle.RETAINED in found) == (local.date() <= third)


@pytest.mark.parametrize("day", [date(2024, 2, 29), date(2024, 2, 28)])
def test_what_was_held_at_the_end_of_february_goes_on_the_first_of_march(day: date) -> None:
    free = datetime(2027, 3, 1, tzinfo=SHANGHAI)
    standing = replace(FREE, retained_until=retained_until(day), locked_until=None, signed=None, last_act=None)
    assert Obstacle.RETAINED in whats(standing, now=free - timedelta(microseconds=1))
    assert Obstacle.RETAINED not in whats(standing, now=free)


@given(
    st.builds(
        Standing,
        batch=st.just("b1"),
        known=st.booleans(),
        open_sittings=st.sampled_from([(), (1,)]),
        signed=st.none() | INSTANTS,
        difference=st.sampled_from(["", "one is missing"]),
        retained_until=st.none() | INSTANTS,
        locked_until=st.none() | INSTANTS,
        held=st.sampled_from([None, True, False]),
        open_permits=st.sampled_from([(), ("20290601-00000001",)]),
        listed=st.none() | st.integers(1, 9),
        disposed=st.none() | st.integers(1, 9),
        last_act=st.none() | INSTANTS,
    ),
    st.sampled_from(ClockState),
    st.none() | st.sampled_from(Witness),
    INSTANTS,
)
def test_the_gate_opens_only_where_everything_is_known_and_nothing_is_wanted(
    standing: Standing, state: ClockState, by: Witness | None, now: datetime
) -> None:
    if objections(standing, ClockJudgement(state, by), now):
        return
    assert standing.known
    assert standing.held is False
    assert (state, by in {Witness.NTP, Witness.SERVER}) == (ClockState.SYNCHRONISED, True)
    assert standing.retained_until is not None
    assert standing.retained_until <= now
    assert standing.locked_until is None or standing.locked_until <= now
    assert standing.signed is not None
    assert not (standing.open_sittings or standing.open_permits or standing.difference)
    assert (standing.listed, standing.disposed) == (None, None)
    assert standing.last_act is None or standing.last_act <= now


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"known": False}, Obstacle.UNKNOWN_BATCH),
        ({"open_sittings": (2,)}, Obstacle.SITTING_OPEN),
        ({"signed": None}, Obstacle.NOT_CLOSED),
        ({"difference": "one more"}, Obstacle.NOT_STATED),
        ({"retained_until": None}, Obstacle.RETENTION_UNKNOWN),
        ({"retained_until": NOW + timedelta(microseconds=1)}, Obstacle.RETAINED),
        ({"locked_until": NOW + timedelta(microseconds=1)}, Obstacle.LOCKED),
        ({"held": True}, Obstacle.HELD),
        ({"held": None}, Obstacle.HOLD_UNKNOWN),
        ({"open_permits": ("p",)}, Obstacle.PERMIT_OPEN),
        ({"listed": 3}, Obstacle.LISTED),
        ({"disposed": 3}, Obstacle.DISPOSED),
        ({"last_act": NOW + timedelta(microseconds=1)}, Obstacle.CLOCK_BEHIND),
    ],
)
def test_each_thing_that_stands_in_the_way_is_named(changed: dict[str, object], what: Obstacle) -> None:
    assert whats(replace(FREE, **changed)) == {what}  # type: ignore[arg-type]


@pytest.mark.parametrize("by", [None, Witness.CAMERAS])
@pytest.mark.parametrize("state", ClockState)
def test_by_a_clock_that_nobody_else_vouches_for_nothing_goes(by: Witness | None, state: ClockState) -> None:
    assert whats(FREE, ClockJudgement(state, by)) == {Obstacle.CLOCK_UNPROVEN}


def test_every_reason_is_said_at_once() -> None:
    everything = Standing("b1", open_sittings=(1,), open_permits=("p",), listed=1, disposed=2)
    found = whats(everything, ClockJudgement(ClockState.OFF, Witness.SERVER))
    assert found == {
        Obstacle.CLOCK_UNPROVEN,
        Obstacle.DISPOSED,
        Obstacle.LISTED,
        Obstacle.SITTING_OPEN,
        Obstacle.NOT_CLOSED,
        Obstacle.RETENTION_UNKNOWN,
        Obstacle.HOLD_UNKNOWN,
        Obstacle.PERMIT_OPEN,
    }


@given(
    st.lists(
        st.tuples(st.sampled_from(["ding", "chen", "wu", "li"]), st.sampled_from(Role), st.sampled_from(Settled)),
        max_size=5,
    ),
    st.sampled_from(["local:ding", "account:chen", "account:wu"]),
)
def test_a_list_is_approved_by_two_people_of_two_sides_or_not_at_all(
    decided: list[tuple[str, Role, Settled]], proposer: str
) -> None:
    decisions = tuple(
        Decision(what, NOW, Actor(f"account:{name}", Door.API), role, "") for name, role, what in decided
    )
    order = replace(PROPOSED, actor=Actor(proposer, Door.API))
    listed = replace(LISTED, proposed=order, decisions=decisions)
    if listed.may_go(NOW):
        approvers = {(each.actor.name, each.role) for each in listed.approvals if each.actor.name != proposer}
        assert {role for _, role in approvers} >= set(SIDES)
        assert len({name for name, _ in approvers}) >= 2
        assert all(each.what is Settled.APPROVED for each in decisions)


@pytest.mark.parametrize("role", [role for role in Role if role not in SIDES])
def test_other_roles_approve_nothing(role: Role) -> None:
    said = refusal(LISTED, Person("account:li", role), Settled.APPROVED, LISTED.digest, NOW)
    assert said == f"a {role} decides on no disposal"


def test_nobody_approves_twice_their_own_or_in_the_place_of_the_other_side() -> None:
    officer, supervisor = Person("account:chen", Role.CITY_OFFICER), Person("account:wu", Role.CITY_SUPERVISOR)
    once = replace(LISTED, decisions=(approval("chen", Role.CITY_OFFICER),))
    own = replace(LISTED, proposed=replace(PROPOSED, actor=Actor("account:chen", Door.API)))
    digest = LISTED.digest
    assert refusal(LISTED, officer, Settled.APPROVED, digest, NOW) is None
    assert refusal(once, supervisor, Settled.APPROVED, digest, NOW) is None
    for listed, person, words in (
        (own, officer, "somebody else approves"),
        (once, officer, "you approved it already"),
        (once, replace(supervisor, name="account:chen"), "you approved it already"),
        (once, replace(officer, name="account:li"), "from the other side"),
        (LISTED, replace(officer, emergency=True), "emergency account"),
        (LISTED, replace(officer, recused=frozenset({"b2"})), "recused"),
        (BY_TWO, replace(officer, name="account:li"), "waits for no decision"),
    ):
        said = refusal(listed, person, Settled.APPROVED, digest, NOW)
        assert said is not None
        assert words in said
    said = refusal(LISTED, officer, Settled.APPROVED, "e" * 64, NOW)
    assert said is not None
    assert "look at it again" in said
    assert refusal(own, officer, Settled.DECLINED, "", NOW) is None  # whoever proposed it may take it back


def test_a_list_goes_through_its_states_and_lapses_where_nobody_goes_on_with_it() -> None:
    once = replace(LISTED, decisions=BY_TWO.decisions[:1])
    over = Decision(Settled.VOIDED, NOW, Actor("local:ding", Door.COMMAND_LINE), None, "held")
    for listed, at, state in (
        (LISTED, NOW, DisposalState.PROPOSED),
        (once, NOW + LASTS - timedelta(1), DisposalState.APPROVED_ONCE),
        (once, NOW + LASTS, DisposalState.RUN_OUT),
        (BY_TWO, NOW + LASTS - timedelta(microseconds=1), DisposalState.APPROVED_TWICE),
        (BY_TWO, NOW + LASTS, DisposalState.RUN_OUT),
        (replace(BY_TWO, ordered=frozenset({"b1"})), NOW + LASTS, DisposalState.PARTLY),
        (replace(BY_TWO, ordered=frozenset({"b1"}), decisions=(*BY_TWO.decisions, over)), NOW, DisposalState.PARTLY),
        (replace(BY_TWO, destroyed=frozenset({"b1", "b2"})), NOW + LASTS, DisposalState.CARRIED_OUT),
        (
            replace(once, decisions=(*once.decisions, replace(over, what=Settled.DECLINED))),
            NOW,
            DisposalState.TURNED_DOWN,
        ),
        (replace(BY_TWO, decisions=(*BY_TWO.decisions, over)), NOW, DisposalState.VOIDED),
    ):
        assert listed.state(at) is state
        begun = state is DisposalState.PARTLY and over not in listed.decisions
        assert listed.may_go(at) == (state is DisposalState.APPROVED_TWICE or begun)
        assert listed.is_open(at) == (
            listed.may_go(at) or state in {DisposalState.PROPOSED, DisposalState.APPROVED_ONCE}
        )


COPIES = st.builds(
    CopyToGo,
    place=st.sampled_from(Place),
    target=st.sampled_from(["bucket", "/spool"]),
    version_id=st.sampled_from(["", "1", "2"]),
    spool=st.just(""),
    locked_until=st.none() | st.just(NOW) | st.just(NOW + timedelta(1)),
)
SEGMENTS = st.builds(
    SegmentToGo,
    key=st.sampled_from(["a", "b", "c"]),
    size_bytes=st.integers(1, 3),
    sha256=st.sampled_from(["aa", "bb"]),
    copies=st.lists(COPIES, max_size=3).map(tuple),
)
BATCHES = st.builds(
    BatchToGo,
    site=st.just("sg-001"),
    batch=st.just("b1"),
    link_number=st.integers(1, 2),
    link_digest=st.sampled_from(["aa", "bb"]),
    segments_root=st.sampled_from(["aa", "bb"]),
    retained_until=st.sampled_from([NOW, NOW + timedelta(1)]),
    segments=st.lists(SEGMENTS, max_size=3, unique_by=lambda each: each.key).map(tuple),
)


@given(BATCHES, BATCHES)
def test_whatever_differs_from_what_was_listed_is_told(before: BatchToGo, after: BatchToGo) -> None:
    assert bool(difference([before], [after])) == (before != after)


def test_every_obstacle_and_every_state_has_its_words() -> None:
    assert all(each.zh for each in Obstacle)
    assert all(each.zh for each in DisposalState)
