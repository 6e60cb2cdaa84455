"""Fragmented MP4 for evidence: writes files that grow by whole fragments and reads back what they hold.

Bytes only, standard library only: H.264, H.265 and JPEG pictures go in as the camera coded them, nothing is decoded
or re-encoded. Not here: where files lie (``storage.archive``), and whether their pictures decode (``analysis``).
The error tree is drawn in ``storage.media.errors``, the layout of a file in ``storage.media.writing``.
"""

from __future__ import annotations

from storage.media.errors import BrokenFile, MediaError, UnsupportedSound, UnsupportedVideo
from storage.media.layout import TIMESCALE, Ledger, Missing, SoundLedger
from storage.media.reading import (
    FileIndex,
    FragmentIndex,
    SampleIndex,
    SoundIndex,
    read_index,
    tells_of_sound,
    without_sound,
)
from storage.media.sound import SoundCodec, SoundFormat
from storage.media.video import (
    Codec,
    VideoFormat,
    breaks_link,
    goes_on_with_picture,
    leads_from_before,
    may_be_shown_earlier,
    stored_nals,
)
from storage.media.writing import Sample, Sound, SoundSample, fragment, init_segment

__all__ = [
    "TIMESCALE",
    "BrokenFile",
    "Codec",
    "FileIndex",
    "FragmentIndex",
    "Ledger",
    "MediaError",
    "Missing",
    "Sample",
    "SampleIndex",
    "Sound",
    "SoundCodec",
    "SoundFormat",
    "SoundIndex",
    "SoundLedger",
    "SoundSample",
    "UnsupportedSound",
    "UnsupportedVideo",
    "VideoFormat",
    "breaks_link",
    "fragment",
    "goes_on_with_picture",
    "init_segment",
    "leads_from_before",
    "may_be_shown_earlier",
    "read_index",
    "stored_nals",
    "tells_of_sound",
    "without_sound",
]
