"""Sound is an addition: it lies where it belongs, and pictures, files and holes are the same with and without it."""

from __future__ import annotations

import asyncio
import io
import itertools
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import av
import pytest

from domain.places import Transport
from ingest.libav.source import LibavSource
from ingest.rtsp.client import Limits, RtspSource
from ingest.simulator.camera import CameraSettings, SimulatedCamera
from ingest.simulator.faults import Stall
from ingest.simulator.frame_code import read_frame_number
from ingest.simulator.sound import CodedSound
from ingest.source import AccessUnit, Heard, NoPicture
from storage.media import TIMESCALE, SoundCodec, without_sound
from tests.fakes.time import NOON
from tests.ingest.pictures import FPS, unit
from tests.ingest.rtsp.watching import PATIENT, taken
from tests.ingest.sounds import ALAW, SAMPLES, with_sound
from tests.ingest.test_segmenter import Recorded, record

PICTURES = 6 * FPS


def heard(recorded: Recorded) -> list[int]:
    """The numbers of the frames of sound that the files hold, in order."""
    return [int.from_bytes(data[:4], "big") for _, data in samples(recorded)]


def samples(recorded: Recorded) -> list[tuple[int, bytes]]:
    """Duration and bytes of every sample of sound."""
    return [
        (duration, data[offset : offset + size])
        for number, (data, _) in enumerate(recorded.files)
        for fragment in recorded.index(number).fragments
        for offset, size, duration in (fragment.sound.samples if fragment.sound else ())
    ]


def told(recorded: Recorded) -> list[object]:
    """All that is said of pictures and coverage."""
    files = [(facts.interval, facts.frames, facts.ledger) for _, facts in recorded.files]
    return [*files, *recorded.holes, *(each.until for each in recorded.fragments)]


def test_all_sound_is_in_the_files_each_frame_once_also_where_files_are_cut() -> None:
    recorded = record((with_sound(number) for number in range(PICTURES)), segment_s=2.0)
    assert len(recorded.files) > 2
    found = heard(recorded)
    assert found == list(range(len(found)))
    assert len(found) > (PICTURES / FPS - 1.0) * ALAW.rate / SAMPLES


def apart_s(recorded: Recorded) -> list[float]:
    """How much too late the first frame of sound in each fragment lies beside the pictures."""
    found = []
    for number in range(len(recorded.files)):
        index = recorded.index(number)
        first = index.fragments[0]
        begun_s = (first.captured - NOON).total_seconds()
        for fragment in index.fragments:
            assert fragment.sound is not None
            offset, _, _ = fragment.sound.samples[0]
            frame = int.from_bytes(recorded.files[number][0][offset : offset + 4], "big")
            shown_s = fragment.sound.decode_time / ALAW.rate - first.decode_time / TIMESCALE + begun_s
            found.append(shown_s - frame * SAMPLES / ALAW.rate)
    return found


def test_a_frame_lies_beside_the_picture_that_was_taken_with_it() -> None:
    assert max(map(abs, apart_s(record(with_sound(number) for number in range(PICTURES))))) < 0.03


def test_the_first_reports_put_right_what_arrival_had_guessed() -> None:
    found = apart_s(record(with_sound(n, late_s=0.08, reports=n >= 45) for n in range(PICTURES)))
    assert found[1] > 0.05
    assert max(map(abs, found[-2:])) < 0.002


def test_files_and_coverage_are_the_same_with_sound_without_and_where_it_ends_or_is_missing_for_a_while() -> None:
    plain = record(unit(number) for number in range(PICTURES))
    whole = record(with_sound(number) for number in range(PICTURES))
    partly = record(with_sound(number, silent=30 <= number < 60) for number in range(PICTURES))
    ended = record(with_sound(number, silent=number > 20) for number in range(PICTURES))
    assert told(plain) == told(whole) == told(partly) == told(ended)
    assert all(plain.index(number).sound is None for number in range(len(plain.files)))


def test_a_file_tells_how_much_sound_it_lacks_also_when_it_is_cut_short() -> None:
    silence = (30, 60)
    recorded = record((with_sound(n, silent=silence[0] <= n < silence[1]) for n in range(PICTURES)), segment_s=60.0)
    index = recorded.index(0)
    assert index.sound_lacking_s == pytest.approx((silence[1] - silence[0]) / FPS, abs=0.3)
    third = index.fragments[2]
    cut = Recorded(files=[(recorded.files[0][0][: third.offset], recorded.files[0][1])])
    assert cut.index(0).sound_lacking_s == pytest.approx(0.0, abs=0.3)


def test_lost_packets_of_sound_are_counted_apart_from_those_of_pictures() -> None:
    units = [with_sound(number) for number in range(PICTURES)]
    units[20] = replace(units[20], heard=replace(units[20].heard or Heard(ALAW), lost_packets=7))
    index = record(units, segment_s=60.0).index(0)
    last = index.fragments[-1]
    assert last.sound is not None
    assert last.sound.ledger.lost_packets == 7
    assert last.ledger is not None
    assert last.ledger.lost_packets == 0


def test_sound_whose_times_are_mad_is_left_out_and_the_pictures_are_not() -> None:
    units = [with_sound(number) for number in range(PICTURES)]
    for number in range(10, PICTURES, 3):
        frames = (units[number].heard or Heard(ALAW)).frames
        mad = tuple(replace(frame, time=frame.time + (-1) ** number * 10**9) for frame in frames)
        units[number] = replace(units[number], heard=Heard(ALAW, mad))
    recorded = record(units)
    assert told(recorded) == told(record(unit(number) for number in range(PICTURES)))
    assert all(recorded.index(number).sound is not None for number in range(len(recorded.files)))


def test_another_implementation_finds_both_tracks_and_a_browser_the_pictures_alone() -> None:
    recorded = record(with_sound(number) for number in range(PICTURES))
    data, facts = recorded.files[0]
    index = recorded.index(0)
    with av.open(io.BytesIO(data), "r") as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        assert container.streams.audio[0].codec_context.name == "pcm_alaw"
    pieces = [data[:700], data[700:5_000], data[5_000:]]
    starts = itertools.accumulate((len(piece) for piece in pieces), initial=0)
    quiet = b"".join(without_sound(piece, at, index) for piece, at in zip(pieces, starts, strict=False))
    assert len(quiet) == len(data)
    with av.open(io.BytesIO(quiet), "r") as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert sum(1 for _ in container.decode(video=0)) == facts.frames


@asynccontextmanager
async def camera(**settings: object) -> AsyncGenerator[SimulatedCamera, None]:
    made = SimulatedCamera(
        CameraSettings(id="door", room="hall", width=320, height=180, report_interval_s=0.5, **settings)  # type: ignore[arg-type]
    )
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def watched(made: SimulatedCamera, engine: object, transport: Transport, count: int) -> list[AccessUnit]:
    source = engine(made.url, None, transport, PATIENT, sound=True)  # type: ignore[operator]
    async with aclosing(source.units()) as units:
        return await taken(units, count)


@pytest.mark.parametrize("sound", ["AAC", "PCMU"])
@pytest.mark.parametrize("transport", [Transport.TCP, Transport.UDP])
@pytest.mark.parametrize("engine", [RtspSource, LibavSource])
def test_both_engines_bring_the_sound_that_the_camera_sent(engine: object, transport: Transport, sound: str) -> None:
    async def watch() -> tuple[list[AccessUnit], Sequence[bytes]]:
        async with camera(sound=sound) as made:
            found = await watched(made, engine, transport, 30)
            assert made.sound is not None
            return found, made.sound.frames

    units, sent = asyncio.run(watch())
    first = next(each.heard for each in units if each.heard is not None)
    units[0] = replace(units[0], heard=units[0].heard or Heard(first.format))
    recorded = record(units, segment_s=60.0)
    assert first.format.codec is {"AAC": SoundCodec.AAC, "PCMU": SoundCodec.ULAW}[sound]
    found = [sent.index(frame.data) for each in units if each.heard is not None for frame in each.heard.frames]
    kept = [sent.index(data) for _, data in samples(recorded)]
    assert len(kept) > 5
    assert all((before + 1) % len(sent) == after for before, after in itertools.pairwise(found))
    with av.open(io.BytesIO(recorded.files[0][0]), "r") as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) >= (len(kept) - 2) * 160
    assert not any(each.damaged or each.lost_packets for each in units)


@pytest.mark.parametrize("sound", ["AAC", "PCMA"])
@pytest.mark.parametrize("engine", [RtspSource, LibavSource])
def test_sound_lies_within_a_frame_of_the_picture_that_was_taken_with_it(engine: object, sound: str) -> None:
    """Pictures and frames of sound bear numbers; another implementation says when each is to be played."""

    async def watch() -> tuple[list[AccessUnit], CodedSound]:
        async with camera(sound=sound, fps=25) as made:
            assert made.sound is not None
            return await watched(made, engine, Transport.TCP, 60), made.sound

    units, sent = asyncio.run(watch())
    first = next(each.heard for each in units if each.heard is not None)
    units[0] = replace(units[0], heard=units[0].heard or Heard(first.format))
    recorded = record(units, segment_s=60.0)
    lags, frame_s = [], sent.samples / sent.rate
    with av.open(io.BytesIO(recorded.files[0][0]), "r") as container:
        picture = next(container.decode(video=0))
        number = read_frame_number(picture.to_ndarray(format="gray"))
        assert number is not None and picture.time is not None
        begun_s = picture.time - number / 25  # by the file, when the camera began to count
        container.seek(0)
        for packet in container.demux(audio=0):
            if packet.size and packet.pts is not None and packet.time_base is not None:
                taken_s = sent.frames.index(bytes(packet)) * frame_s
                apart_s = float(packet.pts * packet.time_base) - begun_s - taken_s
                turn_s = len(sent.frames) * frame_s
                lags.append((apart_s + turn_s / 2) % turn_s - turn_s / 2)
    assert max(map(abs, lags[-10:])) < 1 / 25


@pytest.mark.parametrize("engine", [RtspSource, LibavSource])
def test_the_sound_track_is_never_set_up_unless_asked_for(engine: object) -> None:
    async def watch() -> tuple[list[AccessUnit], int]:
        async with camera(sound="PCMA") as made:
            source = engine(made.url, None, Transport.TCP, PATIENT)  # type: ignore[operator]
            async with aclosing(source.units()) as units:
                return await taken(units, 5), made.sound_tracks

    units, tracks = asyncio.run(watch())
    assert tracks == 0
    assert all(each.heard is None for each in units)


@pytest.mark.parametrize("settings", [{}, {"sound": "PCMA", "refuses_sound": True}], ids=["none", "refused"])
@pytest.mark.parametrize("engine", [RtspSource, LibavSource])
def test_a_camera_that_gives_no_sound_gives_its_pictures_all_the_same(
    engine: object, settings: dict[str, object]
) -> None:
    async def watch() -> list[AccessUnit]:
        async with camera(**settings) as made:
            return await watched(made, engine, Transport.TCP, 5)

    assert all(each.heard is None for each in asyncio.run(watch()))


def test_sound_that_goes_on_keeps_no_camera_alive_whose_pictures_stand_still() -> None:
    async def watch() -> None:
        async with camera(sound="PCMA") as made:
            source = RtspSource(made.url, None, Transport.TCP, Limits(10, 10, 1.0, 20), sound=True)
            async with aclosing(source.units()) as units:
                await taken_some(units, 5)
                stall = asyncio.create_task(made.play(Stall(60)))
                try:
                    with pytest.raises(NoPicture):
                        await taken_some(units, 1_000)
                finally:
                    stall.cancel()

    asyncio.run(watch())


async def taken_some(units: AsyncGenerator[AccessUnit, None], count: int) -> None:
    for _ in range(count):
        await anext(units)
