"""What the declared exams need, put together from the settings and shown: `kaojian plan`.

Not here: how it is reckoned (``records.capacity``).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from config import rule_pack
from config.settings import Settings
from records.capacity import OUTAGE_DAYS, Declared, Forecast, Planned, by_numbers, by_sittings, forecast
from records.errors import NotReady
from records.headroom import measure
from records.surveying import DEFAULT_PACK
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Numbers:
    """Exams as numbers; ``bit_rate`` None is what the settings expect."""

    cameras: int
    bit_rate: int | None
    hours: float
    days: int


def planned(settings: Settings, database: Database, numbers: Numbers | None, years: int) -> Planned:
    """Forecast by numbers, or by what was set up. Raises NotReady where there is neither, ConfigError."""
    declared = _declared(settings, database, numbers)
    packs = {batch.rule_pack for batch in database.setup.batches()} or {DEFAULT_PACK}
    retention = max(rule_pack.load(each, settings.rule_packs_dir).retention_years for each in packs)
    found = forecast(
        declared,
        years=years,
        retention_years=retention,
        segment_s=settings.segment_seconds,
        reread_days=settings.reread_days,
        reserve_bytes=settings.min_free_bytes,
        stores=2 if settings.s3_second_endpoint else 1,
    )
    disks = tuple((folder, _size_of(folder)) for folder in settings.spool_dirs)
    return Planned(found, retention, disks, settings.reread_bytes_per_second)


def _declared(settings: Settings, database: Database, numbers: Numbers | None) -> Declared:
    if numbers is not None:
        bit_rate = numbers.bit_rate or settings.expected_bit_rate
        return by_numbers(numbers.cameras, bit_rate, numbers.hours, numbers.days)
    sittings = database.setup.sittings()
    if not sittings:
        raise NotReady("no sitting is set up; apply a plan, or name numbers: kaojian plan --cameras 32")
    cameras = {camera.id for sitting in sittings for camera in sitting.cameras()}
    return by_sittings(sittings, measure(database.evidence, cameras, settings.expected_bit_rate))


def _size_of(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(next(each for each in (folder, *folder.parents) if each.exists())).total
    except OSError:
        return None


def to_json(plan: Planned) -> dict[str, Any]:
    """For programs; all sizes in bytes, all rates in bytes a second."""
    return {
        **asdict(plan.forecast),
        "peak_bytes_per_s": plan.forecast.peak_bytes_per_s,
        "upload_bytes_per_s": plan.forecast.upload_bytes_per_s,
        "retention_years": plan.retention_years,
        "disks": [{"folder": str(folder), "size_bytes": size} for folder, size in plan.disks],
    }


def tables(plan: Planned) -> Iterator[Table | Text]:
    """For people: what is needed, and what is there where that can be seen from here."""
    declared, found = plan.forecast.declared, plan.forecast
    said = (
        f"{declared.cameras} cameras at once 同时录像, {declared.year_camera_s / 3600:,.0f} camera-hours a year, "
        f"kept {plan.retention_years} years 保存年限"
    )
    if declared.unmeasured:
        said += f"; {declared.unmeasured} cameras were never recorded and are counted as the settings expect"
    yield Text(said)
    table = Table(show_edge=False)
    for heading in ("What 项目", "Needed 需要", "Because 依据", "Here 现有"):
        table.add_column(heading, overflow="fold")
    for row in _rows(plan, declared, found):
        table.add_row(*(Text(cell) for cell in row))
    yield table


def _rows(plan: Planned, declared: Declared, found: Forecast) -> Iterator[tuple[str, str, str, str]]:
    outage = f"{OUTAGE_DAYS} exam days of {_size(declared.day_bytes)}, were an object store away, and the reserve"
    stores = found.stores
    each, all_ = ("", "") if stores == 1 else (f"in each of {stores} 每个 ", f", to {stores} stores")
    for folder, size in plan.disks:
        here = "does not answer" if size is None else f"{_size(size)}{_short(size < found.spool_bytes)}"
        yield f"spool 暂存盘 {folder}", _size(found.spool_bytes), outage, here
    for year, size in enumerate(found.kept_bytes, 1):
        because = f"{_size(declared.year_bytes)} a year" + (
            ", what is older disposed of" if year > plan.retention_years else ""
        )
        yield f"object store 对象存储, year {year}", f"{each}{_size(size)}", because, ""
    yield "network, from cameras 摄像机网络", _rate(found.peak_bytes_per_s), "all cameras at once", ""
    yield (
        "network, to the store 上传带宽",
        _rate(found.upload_bytes_per_s),
        f"backup keeps up with recording 实时备份{all_}",
        "",
    )
    caught = f"what waited for {OUTAGE_DAYS} days is stored within a day{all_}"
    yield "... at least", _rate(found.catch_up_bytes_per_s), caught, ""
    if found.reread_bytes_per_s:
        here = f"{_rate(plan.reread_bytes_per_s)}{_short(plan.reread_bytes_per_s < found.reread_bytes_per_s)}"
        because = "all that lies in stores, each KAOJIAN_REREAD_DAYS"
        yield "reading again 复读", _rate(found.reread_bytes_per_s), because, here
    yield "database 数据库", _size(found.database_bytes[-1]), "rows of every file, in PostgreSQL", ""


def _short(is_short: bool) -> str:
    return " SHORT 不足" if is_short else ""


def _size(size_bytes: float) -> str:
    return f"{size_bytes / 1e12:,.1f} TB" if size_bytes >= 1e12 else f"{size_bytes / 1e9:,.1f} GB"


def _rate(bytes_per_s: float) -> str:
    return f"{bytes_per_s * 8 / 1e6:,.1f} Mbit/s"
