"""Labels as they are printed: a page for each station, its number large, and a code that cameras read."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from analysis.labels import read_labels
from dashboard.papers.labels import compose
from dashboard.papers.printing import labels_as_pdf
from dashboard.papers.sheet import NotPrinted
from domain.places import Room, Site, Station

NOON = datetime(2026, 5, 1, 4, tzinfo=UTC)
ROOMS = (
    Room("r1", "一号考场", (Station("A-01"), Station("第十二号工位")), ()),
    Room("r2", "二号考场", (Station("7"),), ()),
)
SITE = Site("sg-001", "韶关示范考场", "浈江区", ROOMS)


def test_there_is_a_label_for_each_station_or_for_those_of_one_room() -> None:
    assert [each.number for each in compose(SITE, NOON).labels] == ["A-01", "第十二号工位", "7"]
    (label,) = compose(SITE, NOON, "r2").labels
    assert label.place == "韶关示范考场 二号考场"
    with pytest.raises(NotPrinted, match="no station in room r9; its rooms are r1, r2"):
        compose(SITE, NOON, "r9")


def test_the_same_labels_are_the_same_file() -> None:
    paper = compose(SITE, NOON)
    assert labels_as_pdf(paper) == labels_as_pdf(paper)


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="draws the pages of a PDF")
def test_each_page_is_read_as_a_camera_would_read_it(tmp_path: Path) -> None:
    (tmp_path / "l.pdf").write_bytes(labels_as_pdf(compose(SITE, NOON)))
    subprocess.run(["pdftoppm", "-gray", "-r", "20", "l.pdf", "p"], cwd=tmp_path, check=True)
    pages = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(tmp_path.glob("p*.pgm"))]
    assert [read_labels([np.asarray(page, np.uint8)]) for page in pages] == [
        frozenset({"A-01"}),
        frozenset({"第十二号工位"}),
        frozenset({"7"}),
    ]
