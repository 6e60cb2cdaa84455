"""The webhooks, put together from the settings: served beside the pages, tried by hand, and shown.

Not here: what is told (``records.lookout``) and how it is sent (``records.webhooks``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from analysis.eye import EYE
from config.errors import DocumentRefused, SecretError
from config.settings import Settings
from domain.alarms import RECORDS, Receiver
from domain.calendar import SHANGHAI
from domain.timeline import Clock, rfc3339
from kaojian.disks import recorder_name, spools_of
from records.following import Follower
from records.lookout import Lookout, senses
from records.picture_sense import PictureSense
from records.receivers import Target, Webhooks, load
from records.webhooks import Courier, NotTaken, message, send, served, trial
from storage.database import Database

_log = structlog.get_logger()


def telling(settings: Settings, database: Database, clock: Clock) -> AbstractContextManager[None]:
    """Look for alarms, and tell those that want to hear of them, until the block ends, each in a thread of its own.

    A file that is refused stops nobody from looking; `kaojian doctor` says what is wrong with it.
    """
    try:
        webhooks = load(settings.webhooks_file)
    except DocumentRefused as refused:
        for problem in refused.problems:
            _log.error("webhooks_refused", reason=str(problem))
        webhooks = Webhooks()
    looks = senses(database, spools_of(settings), evicts=settings.s3 is not None)
    pictures = PictureSense(database, EYE) if EYE is not None else None
    holder = recorder_name(settings)
    follower = Follower(database, clock, holder, tells=any(each.events & RECORDS for each in webhooks.targets))
    lookout = Lookout(database, clock, holder, webhooks.settle, looks, pictures=pictures, follower=follower)
    secrets = settings.secrets
    names = [each.name for each in webhooks.targets]
    couriers = [Courier(database.alarms, each, secrets, clock) for each in webhooks.targets]
    tasks = [partial(_deliver, courier, lookout.duty) for courier in couriers]
    return served([lambda stop: lookout.run(stop, names), *tasks])


def _deliver(courier: Courier, duty: threading.Event, stop: threading.Event) -> None:
    courier.run(stop, duty)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a test message; ``reason`` is empty where it was taken."""

    target: Target
    reason: str


def tried(settings: Settings, clock: Clock) -> Iterator[Tried]:
    """Send a test message to each receiver, one after the other. Raises DocumentRefused."""
    secrets = settings.secrets
    for target in load(settings.webhooks_file).targets:
        now = clock.now()
        try:
            send(target, message(target, secrets.credentials(target.secret), *trial(now), now))
        except (NotTaken, SecretError) as error:
            yield Tried(target, str(error))
        else:
            yield Tried(target, "")


def receivers(settings: Settings, database: Database) -> list[Receiver]:
    """How far each receiver of the file is served; none where the file is refused."""
    return database.alarms.receivers(names_of(settings))


def names_of(settings: Settings) -> list[str]:
    """The names of all receivers; none where the file is refused."""
    try:
        return [each.name for each in load(settings.webhooks_file).targets]
    except DocumentRefused:
        return []


def told(found: Receiver) -> str:
    """How a receiver is served, in a line for people."""
    said = f"Webhook 告警推送 {found.name}: {found.waiting} waiting, {found.parked} parked 已放弃"
    if found.parked:
        said += f" (the last one {found.parked_last})"
    if found.failing_since is not None:
        said += f"; FAILING 推送失败 since {found.failing_since.astimezone(SHANGHAI):%m-%d %H:%M:%S}: {found.reason}"
    return said


def to_json(found: Receiver) -> dict[str, Any]:
    """The same for programs."""
    return {
        "name": found.name,
        "waiting": found.waiting,
        "parked": found.parked,
        "parked_last": found.parked_last or None,
        "failing_since": rfc3339(found.failing_since) if found.failing_since is not None else None,
        "reason": found.reason or None,
    }
