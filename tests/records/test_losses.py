"""Lost once, back once: what is told of things that go dark, flap, and go together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.alarms import Step
from records.losses import PATIENCE, Losses, News, Signal

T0 = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
SETTLE = timedelta(seconds=10)
NVR = "nvr/sg-001/nvr-1"


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def play(states: Mapping[str, str], group: str = "", losses: Losses | None = None) -> list[News]:
    """One letter a second for each subject: ``#`` dark, ``.`` lit, ``?`` nobody can tell, blank not looked at."""
    rule = losses or Losses(SETTLE)
    meant = {"#": True, ".": False, "?": None}
    told = []
    for second in range(max(map(len, states.values()))):
        signals = {
            subject: Signal(meant[letters[second]], at(second), group)
            for subject, letters in states.items()
            if letters[second : second + 1].strip()
        }
        told += rule.look(at(second), signals)
    return told


def test_what_is_dark_for_less_than_settle_is_told_to_nobody() -> None:
    assert play({"a": "." + "#" * 9 + "." * 30}) == []


def test_a_loss_is_told_once_and_its_end_once() -> None:
    began, ended = play({"a": "." * 5 + "#" * 60 + "." * 60})
    assert began == News("a", Step.BEGAN, at(5), at(15))
    assert ended == News("a", Step.ENDED, at(5), at(65))


def test_what_comes_and_goes_is_lost_once_with_a_count() -> None:
    began, ended = play({"a": ("#" * 5 + "." * 5) * 30 + "." * 20})
    assert began.step is Step.BEGAN and began.since == at(0)
    assert ended == News("a", Step.ENDED, at(0), at(295), 30)


def test_all_cameras_of_a_group_at_once_are_one_loss() -> None:
    dark = "." + "#" * 30 + "." * 30
    began, ended = play({"a": dark, "b": dark, "c": dark}, NVR)
    assert (began.subject, began.members) == (NVR, ("a", "b", "c"))
    assert (ended.subject, ended.step, ended.still_dark) == (NVR, Step.ENDED, ())


def test_a_group_is_waited_for_when_its_cameras_are_not_noticed_together() -> None:
    late = int(PATIENCE.total_seconds()) - 1
    told = play({"a": "#" * 60, "b": ".#" + "#" * 58, "c": "." * late + "#" * (60 - late)}, NVR)
    assert [(each.subject, each.since) for each in told] == [(NVR, at(0))]


def test_one_camera_of_a_group_is_lost_as_itself_and_at_once() -> None:
    (began,) = play({"a": "#" * 60, "b": "." * 60}, NVR)
    assert (began.subject, began.at, began.members) == ("a", at(10), ())


def test_who_stays_dark_when_its_group_is_back_becomes_a_loss_of_its_own() -> None:
    told = play({"a": "#" * 20 + "." * 60, "b": "#" * 80}, NVR)
    assert [(each.subject, each.step) for each in told] == [
        (NVR, Step.BEGAN),
        (NVR, Step.ENDED),
        ("b", Step.BEGAN),
    ]
    assert told[1].still_dark == ("b",)
    assert told[2].since == at(0)


def test_a_loss_of_what_nobody_looks_at_any_more_is_withdrawn() -> None:
    began, gone = play({"a": "#" * 20, "z": "." * 30})
    assert (began.step, gone.step, gone.at) == (Step.BEGAN, Step.WITHDRAWN, at(20))


def test_while_nobody_can_tell_a_loss_stays_and_nothing_new_is_told() -> None:
    told = play({"a": "#" * 20 + "?" * 30 + "#" * 30, "b": "." * 5 + "#" * 5 + "?" * 40 + "." * 30})
    assert [(each.subject, each.step) for each in told] == [("a", Step.BEGAN)]


LETTERS = st.lists(st.tuples(st.sampled_from("#.?"), st.integers(1, 25)), max_size=8).map(
    lambda spans: "".join(letter * length for letter, length in spans)
)


@given(st.tuples(LETTERS, LETTERS, LETTERS), st.sampled_from(["", NVR]))
def test_losses_begin_and_end_in_turn_and_all_end_in_light(letters: tuple[str, str, str], group: str) -> None:
    length = max(map(len, letters)) + 40
    told = play({name: text.ljust(length, ".") for name, text in zip("abc", letters, strict=True)}, group)
    for subject in {each.subject for each in told}:
        steps = [each.step for each in told if each.subject == subject]
        assert steps == [Step.BEGAN, Step.ENDED] * (len(steps) // 2)


@given(st.tuples(LETTERS, LETTERS), st.integers(0, 60))
def test_a_restart_in_between_changes_nothing(letters: tuple[str, str], cut: int) -> None:
    length = max(*map(len, letters), cut) + 1
    states = {name: text.ljust(length, ".") for name, text in zip("ab", letters, strict=True)}
    rule, meant, told = Losses(SETTLE), {"#": True, ".": False, "?": None}, []
    for second in range(length):
        if second == cut:
            rule = Losses.of(json.loads(json.dumps(rule.kept())), SETTLE)
        signals = {name: Signal(meant[text[second]], at(second), NVR) for name, text in states.items()}
        told += rule.look(at(second), signals)
    assert told == play(states, NVR)
