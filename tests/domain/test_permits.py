"""Who may watch what when under a permit: a table of what ends it, and that nothing outside of it is ever let out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evidence import Segment
from domain.people import Account, Reach, Role, Scope
from domain.permits import Decided, Decision, Permit, PermitState, state_of, watchable
from domain.timeline import Interval

NOON = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


ASKER = Account("li", Role.COUNTY_SUPERVISOR, Scope(Reach.COUNTY, frozenset({"浈江区"})), at(-999), False)
APPROVER = Account("he", Role.CITY_SUPERVISOR, Scope(Reach.CITY), at(-999), False)
PERMIT = Permit("p", "li", ASKER.role, "b", "c", Interval(at(-90), at(-60)), "核实投诉", at(0), at(600))
APPROVED = replace(PERMIT, decisions=(Decision(Decided.APPROVED, at(10), "he", APPROVER.role, "", until=at(100)),))
SEGMENT = Segment(
    key="k",
    camera="c",
    batch="b",
    run="r",
    interval=Interval(at(-70), at(-69)),
    frames=1,
    size_bytes=1,
    sha256="00",
    init_size_bytes=1,
    codec="avc1",
    width=1,
    height=1,
    lost_packets=0,
    delayed_s=0.0,
    clock_offset_s=None,
)


def ended(what: Decided) -> Permit:
    by = ASKER if what is Decided.WITHDRAWN else APPROVER
    last = Decision(what, at(40), by.name, by.role, "不再需要")
    return replace(APPROVED, decisions=(*APPROVED.decisions, last))


@pytest.mark.parametrize(
    ("permit", "asker", "approver", "now", "state"),
    [
        (PERMIT, ASKER, None, at(1), PermitState.WAITING),
        (PERMIT, ASKER, None, at(600), PermitState.LAPSED),
        (APPROVED, ASKER, APPROVER, at(50), PermitState.APPROVED),
        (APPROVED, ASKER, APPROVER, at(99.99), PermitState.APPROVED),
        (APPROVED, ASKER, APPROVER, at(100), PermitState.EXPIRED),
        (ended(Decided.ENDED), ASKER, APPROVER, at(50), PermitState.ENDED),
        (ended(Decided.WITHDRAWN), ASKER, APPROVER, at(50), PermitState.WITHDRAWN),
        (replace(ended(Decided.DECLINED), decisions=ended(Decided.DECLINED).decisions[1:]), ASKER, None, at(50),
         PermitState.DECLINED),
        (APPROVED, replace(ASKER, disabled=at(20)), APPROVER, at(50), PermitState.VOID),
        (APPROVED, replace(ASKER, expires=at(50)), APPROVER, at(50), PermitState.VOID),
        (APPROVED, replace(ASKER, recused=frozenset({"b"})), APPROVER, at(50), PermitState.VOID),
        (APPROVED, replace(ASKER, recused=frozenset({"x"})), APPROVER, at(50), PermitState.APPROVED),
        (APPROVED, replace(ASKER, role=Role.SITE_OPERATOR), APPROVER, at(50), PermitState.VOID),
        (APPROVED, replace(ASKER, name="wu"), APPROVER, at(50), PermitState.VOID),
        (APPROVED, ASKER, replace(APPROVER, disabled=at(20)), at(50), PermitState.VOID),
        (APPROVED, ASKER, replace(APPROVER, recused=frozenset({"b"})), at(50), PermitState.VOID),
        (APPROVED, ASKER, replace(APPROVER, role=Role.CITY_OFFICER), at(50), PermitState.VOID),
        (APPROVED, ASKER, replace(APPROVER, name="wu"), at(50), PermitState.VOID),
        (APPROVED, ASKER, None, at(50), PermitState.VOID),
        (replace(APPROVED, account="he", role=APPROVER.role), APPROVER, APPROVER, at(50), PermitState.VOID),
        (replace(APPROVED, decisions=(replace(APPROVED.decisions[0], until=None),)), ASKER, APPROVER, at(50),
         PermitState.EXPIRED),
    ],
)  # fmt: skip
def test_a_permit_stands_as_its_decisions_its_time_and_its_two_people_say(
    permit: Permit, asker: Account, approver: Account | None, now: datetime, state: PermitState
) -> None:
    assert state_of(permit, asker, approver, now) is state
    lets = watchable(permit, asker, approver, SEGMENT, now)
    assert lets == (SEGMENT.interval if state is PermitState.APPROVED else None)


minutes = st.integers(-200, 200)


@given(
    camera=st.sampled_from(["", "c", "d"]),
    batch=st.sampled_from(["b", "x"]),
    of=st.sampled_from(["c", "d"]),
    begins=minutes,
    lasts=st.integers(1, 60),
    now=minutes,
)
def test_what_is_let_out_lies_in_the_batch_the_camera_the_span_and_the_time_of_the_approval(
    *, camera: str, batch: str, of: str, begins: int, lasts: int, now: int
) -> None:
    permit = replace(APPROVED, camera=camera)
    segment = replace(SEGMENT, batch=batch, camera=of, interval=Interval(at(begins), at(begins + lasts)))
    part = watchable(permit, ASKER, APPROVER, segment, at(now))
    is_for = batch == "b" and camera in {"", of} and now < 100 and segment.interval.overlaps(permit.span)
    assert (part is not None) == is_for
    if part is not None:
        assert max(segment.interval.start, permit.span.start) == part.start
        assert min(segment.interval.end, permit.span.end) == part.end


@given(st.lists(st.sampled_from(Decided), max_size=5))
def test_whatever_is_tried_a_permit_is_approved_at_most_once_and_never_after_a_no(tried: list[Decided]) -> None:
    permit = PERMIT
    for number, what in enumerate(tried):
        if permit.takes(what):
            taken = Decision(what, at(number), "he", APPROVER.role, "", at(100))
            permit = replace(permit, decisions=(*permit.decisions, taken))
    kinds = [each.what for each in permit.decisions]
    assert kinds.count(Decided.APPROVED) <= 1
    assert len(kinds) <= 2
    assert Decided.APPROVED not in kinds[1:]
