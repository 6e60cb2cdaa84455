"""What a batch must have in its dossier: by item, subject and sitting, without what machines examine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.dossier import Item, Need, Scan, ScanType, needs
from domain.grounds import Method

WRITTEN, PRACTICAL, MACHINE = (("笔试", Method.WRITTEN), ("实操", Method.PRACTICAL), ("机考", Method.MACHINE))
METHODS = st.lists(
    st.tuples(st.sampled_from("ABCDE"), st.sampled_from(list(Method))), max_size=5, unique_by=lambda each: each[0]
)


def scan(item: Item, subject: str = "", sitting: int = 0) -> Scan:
    return Scan("b", 1, item, subject, sitting, 1, ScanType.PDF, 1, "0" * 64)


def test_a_subject_that_a_machine_examines_has_neither_papers_nor_score_sheets() -> None:
    found = list(needs([1], [MACHINE]))
    assert found == [Need(Item.ROOM_RECORD, "", 1), Need(Item.SIGN_IN_SHEET, "", 1), Need(Item.ROSTER)]


def test_a_mixed_batch_is_asked_by_subject_and_where_seats_tell_by_sitting() -> None:
    found = list(needs([1, 2], [PRACTICAL, MACHINE], [("实操", 2), ("机考", 1)]))
    assert found[:2] == [Need(Item.PAPERS, "实操", 2), Need(Item.SCORE_SHEETS, "实操", 2)]
    assert [each.zh for each in found[2:5]] == ["考场记录表（第1场）", "考场记录表（第2场）", "考生签到表（第1场）"]
    assert len(found) == 7


def test_a_scan_of_all_serves_each_and_a_scan_of_one_only_that() -> None:
    need = Need(Item.PAPERS, "实操", 2)
    for given_scan, serves in (
        (scan(Item.PAPERS), True),
        (scan(Item.PAPERS, "实操"), True),
        (scan(Item.PAPERS, "实操", 2), True),
        (scan(Item.PAPERS, "", 2), True),
        (scan(Item.PAPERS, "笔试"), False),
        (scan(Item.PAPERS, "实操", 1), False),
        (scan(Item.SCORE_SHEETS), False),
    ):
        assert given_scan.serves(need) is serves, given_scan
    assert scan(Item.PAPERS, "实操", 3).serves(Need(Item.PAPERS, "实操"))  # whose sittings nobody knows


@given(sittings=st.lists(st.integers(1, 5)), methods=METHODS)
def test_papers_are_asked_for_of_exactly_the_subjects_that_no_machine_examines(
    sittings: list[int], methods: list[tuple[str, Method]]
) -> None:
    found = list(needs(sittings, methods))
    by_hand = {subject for subject, method in methods if method is not Method.MACHINE}
    for item in (Item.PAPERS, Item.SCORE_SHEETS):
        assert {each.subject for each in found if each.item is item} == by_hand
    assert {each.sitting for each in found if each.item is Item.ROOM_RECORD} == set(sittings)
    assert sum(each.item is Item.ROSTER for each in found) == 1
    assert len(found) == len(set(found))
    assert all(each.zh and each.en and each.item is not Item.FOOTAGE for each in found)
