"""A native RTSP 1.0 / RTP client (RFC 2326, 3550, 6184, 7798)."""
