"""``kaojian camera test``: watch one camera by the engine that records it and show what it sends. Wiring and words.

What is advised stands in ``ingest.commissioning``. Nothing is recorded, and sound is never asked for.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from config import rule_pack
from config.settings import Settings
from domain.places import Camera, Transport
from ingest.commissioning import Advice, Reading, advice, observe
from ingest.engines import Engines
from ingest.libav.source import LibavSource
from ingest.recorder import Assignment
from ingest.rtsp.client import Limits, RtspSource
from ingest.source import SourceError
from records.errors import RecordsError
from storage.database import Database


class NotTried(RecordsError):
    """No such camera, or it gave no picture; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One camera as it was watched. ``audio`` names the sound it offers, which is not recorded."""

    camera: str
    reading: Reading
    audio: tuple[str, ...]
    advice: tuple[Advice, ...]

    def to_json(self) -> dict[str, Any]:
        """All of it, for programs; times in seconds."""
        return {
            "camera": self.camera,
            **asdict(self.reading),
            "audio": list(self.audio),
            "advice": [asdict(each) for each in self.advice],
        }

    def shown(self, lang: str) -> list[Table | Text]:
        """What was seen, and then the advice, one paragraph each."""
        column = 0 if lang == "zh" else 1
        table = Table(show_edge=False, show_header=False)
        for label, value in _lines(self.reading, self.audio, column):
            table.add_row(Text(label), Text(value))
        if not self.advice:
            return [table, Text(("没有需要调整的设置。", "Nothing needs to be changed.")[column])]
        return [table, *(Text(f"! {each.zh if column == 0 else each.en}") for each in self.advice)]


def watch(name: str, seconds: float, settings: Settings, database: Database) -> Tried:
    """Watch a camera by its id or its address. Raises NotTried, SecretError and StorageError."""
    limits = Limits(picture_s=settings.stall_seconds)
    if "://" in name:
        camera = Assignment("URL", "", "", name, None, Transport.TCP)
    else:
        found = _camera(database, name)
        secrets = settings.secrets
        login = secrets.credentials(found.secret) if found.secret is not None else None
        camera = Assignment(found.id, "", "", found.url, login, found.transport, engine=found.engine)
    native = RtspSource(camera.url, camera.credentials, camera.transport, limits)
    libav = LibavSource(camera.url, camera.credentials, camera.transport, limits)
    source = Engines(lambda _: native, lambda _: libav).open(camera)
    try:
        reading = asyncio.run(observe(source, seconds))
    except SourceError as error:
        raise NotTried(str(error)) from error
    rules = rule_pack.load(rule_pack.available(settings.rule_packs_dir)[-1], settings.rule_packs_dir)
    return Tried(camera.camera, reading, native.audio, advice(reading, rules))


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
