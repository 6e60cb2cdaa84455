"""Labels of stations 工位号牌 in a camera's pictures: which of them can be read, by the QR code that stands on each.

What is read is evidence that a label hangs where a camera sees it. What is not read tells nothing: most rooms are
filmed from too far for a code, and a person reads a large number from farther. Not here: how labels are printed
(``dashboard.papers.labels``) and what their being read means (``records.day_rules``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from domain.pictures import Region

Picture = NDArray[np.uint8]

_LEAST_SIDE = 600  # px: a part of a picture is enlarged to this before it is searched
_ENLARGED = 4  # times at most: more adds nothing that was in the picture


def read_labels(pictures: Sequence[Picture], regions: Iterable[Region] = ()) -> frozenset[str]:
    """The texts of all codes that any of some pictures shows, as a whole and enlarged where stations lie.

    Pictures are luma, height x width. Texts are whatever somebody printed.
    """
    detector, areas = cv2.QRCodeDetector(), tuple(regions)
    return frozenset(
        text for picture in pictures for part in _parts(picture, areas) for text in _texts(detector, part)
    )


def _parts(picture: Picture, regions: Sequence[Region]) -> Iterator[Picture]:
    """The whole as it is and twice as large, which finds codes of half the size, and each region larger still."""
    yield picture
    yield np.asarray(cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)
    height, width = picture.shape
    for region in regions:
        across, down = [x for x, _ in region.corners], [y for _, y in region.corners]
        left, right = (min(width, max(0, round(share * width))) for share in (min(across), max(across)))
        top, bottom = (min(height, max(0, round(share * height))) for share in (min(down), max(down)))
        part = picture[top:bottom, left:right]
        if not part.size:
            continue
        times = min(_ENLARGED, _LEAST_SIDE / min(part.shape))
        if times > 1:
            part = np.asarray(cv2.resize(part, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC), np.uint8)
        yield np.ascontiguousarray(part)


def _texts(detector: cv2.QRCodeDetector, picture: Picture) -> Iterator[str]:
    """Of each code by itself: one whose bytes are no text must not hide the others."""
    try:
        _, found = detector.detectMulti(picture)
    except cv2.error:  # of pictures that are too small or too strange for it
        return
    for corners in () if found is None else found:
        try:
            text, _ = detector.decode(picture, corners[np.newaxis])
        except (cv2.error, UnicodeDecodeError):
            continue
        if text:
            yield text
