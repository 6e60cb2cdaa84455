"""What can be wrong with video: the one error tree of ``storage.media``. I/O errors (OSError) are not wrapped.

MediaError
├── BrokenFile         the bytes are not a file that this package wrote, or no longer
├── UnsupportedVideo   the parameter sets cannot be read, or describe what we cannot store
└── UnsupportedSound   the sound is coded in a way that we cannot store
"""

from __future__ import annotations


class MediaError(Exception):
    """Base of all errors about video bytes. The message is one line for people."""


class BrokenFile(MediaError):
    """Not a file of this package, or damaged elsewhere than by a torn tail."""


class UnsupportedVideo(MediaError):
    """Parameter sets that cannot be read or that describe video which cannot be stored."""


class UnsupportedSound(MediaError):
    """A description of sound that cannot be read, or of sound that cannot be stored."""
