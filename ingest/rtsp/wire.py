"""What can be wrong with bytes that came off the wire. No bytes are read here.

    WireError
    ├── MalformedMessage    not an RTSP request, answer or interleaved frame (RFC 2326)
    ├── MalformedChallenge  a WWW-Authenticate header that asks for nothing we can answer (RFC 2617, 7616)
    ├── MalformedSdp        no session description (RFC 4566)
    ├── NoVideoTrack        a session description without a video track that can be recorded
    ├── MalformedPacket     no RTP or RTCP packet (RFC 3550)
    ├── MalformedVideo      parameter sets or pictures that cannot be read (ITU-T H.264 and H.265, RFC 6184 and 7798)
    └── StreamEnded         the camera said goodbye or began a new stream (RFC 3550 6.6, 8.2)

The pure modules of this room raise nothing else for any input; ``client`` turns them into ``SourceError``s that
name the camera.
"""

from __future__ import annotations


class WireError(Exception):
    """Base of everything that can be wrong with received bytes. Messages never repeat credentials."""


class MalformedMessage(WireError):
    """The bytes are no RTSP message, or one larger than any camera has reason to send."""


class MalformedChallenge(WireError):
    """The camera asks for an authentication that this client does not know."""


class MalformedSdp(WireError):
    """The bytes are no session description."""


class NoVideoTrack(WireError):
    """Nothing in the session description can be recorded; the message names what was offered."""


class MalformedPacket(WireError):
    """The bytes are no RTP or RTCP packet."""


class MalformedVideo(WireError):
    """The parameter sets or pictures of the video cannot be read."""


class StreamEnded(WireError):
    """The camera ended this stream, or put another one in its place."""
