"""Puts the rooms together from the settings: what more than one command needs."""

from __future__ import annotations

from datetime import datetime

from config.errors import ConfigError, SettingsRefused
from config.rule_pack import load as load_rule_pack
from config.s3 import Duty
from config.settings import Settings
from dashboard.access.table import Act, may
from domain.calendar import retained_until
from domain.people import Role
from domain.places import last_exam_day
from domain.timeline import Clock, SystemClock
from storage.archive import Archive, RetentionUnknown
from storage.database import Database
from storage.objects import S3Objects


def open_archive(
    settings: Settings, database: Database, clock: Clock | None = None, duty: Duty = Duty.KEEP
) -> Archive:
    """The archive over the spool and the object stores that are configured, with the keys of a duty.

    Raises SecretError where that key is named and not there.
    """
    store, second = settings.s3_for(duty), settings.s3_second_for(duty)

    def retain_until(batch_id: str) -> datetime:
        """Clause 九: from the last exam day of the batch, by the batch's own rule pack. Raises RetentionUnknown."""
        sittings = database.setup.sittings(batch_id)
        if not sittings:
            raise RetentionUnknown(f"batch {batch_id} has no sitting: apply its plan again")
        try:
            pack = load_rule_pack(sittings[0].batch.rule_pack, folder=settings.rule_packs_dir)
        except ConfigError as error:
            raise RetentionUnknown(f"batch {batch_id}: {error}") from error
        return retained_until(last_exam_day(sittings), pack.retention_years)

    held = database.holds.standing
    return Archive(
        database.evidence,
        S3Objects(store) if store is not None else None,
        settings.spool_dir,
        retain_until,
        clock or SystemClock(),
        held=held,
        allow_unlocked=settings.s3_allow_unlocked,
        second=S3Objects(second) if second is not None else None,
    )


def roles_with_factor(settings: Settings) -> frozenset[Role]:
    """The roles that have to have a second factor, of those that log in. Raises SettingsRefused."""
    known = {role.value: role for role in Role if may(role, Act.OWN_SESSION)}
    if settings.second_factor in {"all", "none"}:
        return frozenset(known.values()) if settings.second_factor == "all" else frozenset()
    try:
        return frozenset(known[word.strip()] for word in settings.second_factor.split(","))
    except KeyError as error:
        raise SettingsRefused(
            f"KAOJIAN_SECOND_FACTOR: {error} is no role that logs in; write all, none, or of these, with commas: "
            f"{', '.join(known)}"
        ) from None
