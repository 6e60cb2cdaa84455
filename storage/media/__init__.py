"""Fragmented MP4 for evidence: writes files that grow by whole fragments and reads back what they hold.

Bytes only, standard library only: H.264, H.265 and JPEG pictures go in as the camera coded them, nothing is decoded
or re-encoded. Not here: where files lie (``storage.archive``), and whether their pictures decode (``analysis``).
The error tree is drawn in ``storage.media.errors``, the layout of a file in ``storage.media.writing``, and that of a
film, which is made of several, in ``storage.media.film``.
"""

from __future__ import annotations

from storage.media.errors import BrokenFile, MediaError, UnsupportedSound, UnsupportedVideo
from storage.media.film import Film, Line, Stretch, Wanted, filmed
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
from storage.media.takes import Take, instant_of, joined, take, ticks_of
from storage.media.video import (
    Codec,
    VideoFormat,
    breaks_link,
    goes_on_with_picture,
    leads_from_before,
    may_be_shown_earlier,
    stored_nals,
)
from storage.media.writing import Sample, Sound, SoundSample, fragment, init_segment, picture_fragment

__all__ = [
    "TIMESCALE",
    "BrokenFile",
    "Codec",
    "FileIndex",
    "Film",
    "FragmentIndex",
    "Ledger",
    "Line",
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
    "Stretch",
    "Take",
    "UnsupportedSound",
    "UnsupportedVideo",
    "VideoFormat",
    "Wanted",
    "breaks_link",
    "filmed",
    "fragment",
    "goes_on_with_picture",
    "init_segment",
    "instant_of",
    "joined",
    "leads_from_before",
    "may_be_shown_earlier",
    "picture_fragment",
    "read_index",
    "stored_nals",
    "take",
    "tells_of_sound",
    "ticks_of",
    "without_sound",
]
