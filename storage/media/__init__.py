"""Fragmented MP4 for evidence: writes files that grow by whole fragments and reads back what they hold.

Bytes only, standard library only: H.264, H.265 and JPEG pictures go in as the camera coded them, nothing is decoded
or re-encoded. Not here: where files lie (``storage.archive``), and whether their pictures decode (``analysis``).
The error tree is drawn in ``storage.media.errors``, the layout of a file in ``storage.media.writing``.
"""

from __future__ import annotations

from storage.media.errors import BrokenFile, MediaError, UnsupportedVideo
from storage.media.layout import TIMESCALE, Ledger, Missing
from storage.media.reading import FileIndex, FragmentIndex, SampleIndex, read_index
from storage.media.video import (
    Codec,
    VideoFormat,
    breaks_link,
    goes_on_with_picture,
    leads_from_before,
    may_be_shown_earlier,
    stored_nals,
)
from storage.media.writing import Sample, fragment, init_segment

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
]
