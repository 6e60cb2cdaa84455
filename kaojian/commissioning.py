"""``kaojian camera test``: watch one camera by the engine that records it and show what it sends. Wiring and words.

How it is watched stands in ``records.commissioning``, what is advised in ``ingest.commissioning``. Nothing is
recorded, and sound is never asked for.
"""

from __future__ import annotations

from datetime import timedelta

from rich.table import Table
from rich.text import Text

from config import rule_pack
from config.settings import Settings
from config.vault import Vault
from domain.places import Camera, Transport
from domain.timeline import Clock
from ingest.commissioning import Reading
from ingest.recorder import Assignment
from ingest.rtsp.client import Limits
from records import commissioning
from records.commissioning import Bench, Tried
from records.errors import NotTried
from storage.database import Database


def watch(name: str, seconds: float, settings: Settings, database: Database) -> Tried:
    """Watch a camera by its id or its address. Raises NotTried, SecretError and StorageError."""
    if "://" in name:
        camera = Assignment("URL", "", "", name, None, Transport.TCP)
    else:
        found = _camera(database, name)
        login = settings.secrets.credentials(found.secret) if found.secret is not None else None
        camera = Assignment(found.id, "", "", found.url, login, found.transport, engine=found.engine)
    rules = rule_pack.load(rule_pack.available(settings.rule_packs_dir)[-1], settings.rule_packs_dir)
    return commissioning.watch(camera, seconds, rules, Limits(picture_s=settings.stall_seconds))


def bench(settings: Settings, database: Database, clock: Clock) -> Bench:
    """What tries cameras for the page, and keeps their logins."""
    keys = settings.secrets_key_source
    return Bench(
        database,
        settings.secrets,
        Vault(settings.secrets_dir, keys),
        settings.networks_of_cameras,
        clock,
        run_up=timedelta(seconds=settings.run_up_seconds),
    )


def shown(tried: Tried, lang: str) -> list[Table | Text]:
    """What was seen, and then the advice, one paragraph each."""
    column = 0 if lang == "zh" else 1
    table = Table(show_edge=False, show_header=False)
    for label, value in _lines(tried.reading, tried.audio, column):
        table.add_row(Text(label), Text(value))
    if not tried.advice:
        return [table, Text(("没有需要调整的设置。", "Nothing needs to be changed.")[column])]
    return [table, *(Text(f"! {each.zh if column == 0 else each.en}") for each in tried.advice)]


def _camera(database: Database, name: str) -> Camera:
    for site in database.setup.sites():
        for room in site.rooms:
            for camera in room.cameras:
                if camera.id == name:
                    return camera
    raise NotTried(f"there is no camera {name}: give the id of one that was set up, or an address rtsp://…")


def _lines(seen: Reading, audio: tuple[str, ...], column: int) -> list[tuple[str, str]]:
    """Label and value of everything that was seen, in one language."""
    unknown = ("未知", "unknown")[column]
    stated = f"{seen.stated_fps:g}" if seen.stated_fps is not None else unknown
    key = f"{seen.key_interval_s:.1f} s" if seen.key_interval_s is not None else f"> {seen.keyless_s:.1f} s"
    offset = f"{seen.clock_offset_s:+.2f} s" if seen.clock_offset_s is not None else unknown
    none = ("无", "none")[column]
    sound = f"{', '.join(audio)} ({('不录音', 'not recorded')[column]})" if audio else none
    return [
        (("编码", "codec")[column], seen.codec),
        (("分辨率", "resolution")[column], f"{seen.width}×{seen.height}"),
        (("实收帧率 / 标称", "pictures a second / stated")[column], f"{seen.delivered_fps:.1f} / {stated}"),
        (("I 帧间隔", "key frame interval")[column], key),
        (("码率", "bit rate")[column], f"{seen.bits_per_second / 1e6:.2f} Mbit/s"),
        (("时钟偏差", "clock offset")[column], offset),
        (("丢包", "lost packets")[column], str(seen.lost_packets)),
        (("编码参数改变", "changes of the coding")[column], str(seen.format_changes)),
        (("声音", "sound")[column], sound),
        (("观察", "watched")[column], f"{seen.seconds:.1f} s, {seen.pictures} {('帧', 'pictures')[column]}"),
    ]
