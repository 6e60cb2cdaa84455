"""Labels of stations 工位号牌, as far as a reference picture shows them: that they were seen, and no more."""

from __future__ import annotations

from dataclasses import dataclass

from domain.register import Kind


@dataclass(frozen=True, slots=True)
class LabelsRead:
    """Of the pictures that a camera's ``reference`` was made of: the stations of its room whose label could be read,
    and those that it should see whose label could not.
    """

    camera: str
    reference: str
    read: tuple[str, ...]
    unread: tuple[str, ...]


LABELS_READ = Kind("labels_read", LabelsRead)
"""By ``camera/reference``."""
