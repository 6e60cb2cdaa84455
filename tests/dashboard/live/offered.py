"""What Debian's Chromium 156 offers where sound and pictures are wanted, shortened by codecs that are told alike."""

from __future__ import annotations

_TRANSPORT = """\
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:L81v
a=ice-pwd:aQWZpxxykwLCxJ05ViThjl6O
a=ice-options:trickle
a=fingerprint:sha-256 67:24:FA:D2:AA:A4:3F:71:E3:B0:D5:6E:CE:56:8F:64:87:A9:90:E4:F5:47:46:4F:9D:AC:79:9F:82:39:6D:9C
a=setup:actpass
"""


def _h264(number: int, mode: int, profile: str) -> str:
    return f"""\
a=rtpmap:{number} H264/90000
a=rtcp-fb:{number} goog-remb
a=rtcp-fb:{number} transport-cc
a=rtcp-fb:{number} ccm fir
a=rtcp-fb:{number} nack
a=rtcp-fb:{number} nack pli
a=fmtp:{number} level-asymmetry-allowed=1;packetization-mode={mode};profile-level-id={profile}
"""


AUDIO = f"""\
m=audio 9 UDP/TLS/RTP/SAVPF 111 63
{_TRANSPORT}a=mid:0
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=recvonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
"""

VIDEO = f"""\
m=video 9 UDP/TLS/RTP/SAVPF 96 102 104 108 116 41
{_TRANSPORT}a=mid:1
a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=recvonly
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack
{_h264(102, 1, "42001f")}{_h264(104, 0, "42001f")}{_h264(108, 1, "42e01f")}
{_h264(116, 1, "4d001f")}{_h264(41, 1, "f4001f")}"""

SESSION = """\
v=0
o=- 4662248022081486357 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS
"""

OFFER = (SESSION + AUDIO + VIDEO).replace("\n", "\r\n")
