"""One gRPC call by hand, over whatever connection one has: how a program talks to the parts of the object store that
knows their protocol and has none of their libraries.

HTTP/2 frames (RFC 9113), header fields as literals (RFC 7541 6.2.2), protobuf for text fields only.
"""

from __future__ import annotations

import socket
import struct

DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY = 0x0, 0x1, 0x3, 0x4, 0x7
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def text(number: int, value: str) -> bytes:
    """A protobuf field of at most 127 bytes of text."""
    return bytes([number << 3 | 2, len(value.encode())]) + value.encode()


def flag(number: int) -> bytes:
    """A protobuf field that is true."""
    return bytes([number << 3, 1])


def answered(connection: socket.socket, method: str, message: bytes) -> bytes | None:
    """What the other side answers, headers and all; None where it hangs up instead. Waits a few seconds at most."""
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": method,
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    fields = b"".join(b"\x00" + _string(name) + _string(value) for name, value in headers.items())
    body = b"\x00" + struct.pack(">I", len(message)) + message
    connection.settimeout(5)
    try:
        connection.sendall(
            PREFACE
            + _frame(SETTINGS, 0, 0, b"")
            + _frame(HEADERS, END_HEADERS, 1, fields)
            + _frame(DATA, END_STREAM, 1, body)
        )
        return _read(connection)
    except OSError:  # a reset, an alert of TLS
        return None


def _read(connection: socket.socket) -> bytes | None:
    held, said = b"", b""
    while True:
        received = connection.recv(1 << 16)
        if not received:
            return None
        held += received
        while len(held) >= 9 and len(held) >= 9 + (length := int.from_bytes(held[:3], "big")):
            kind, flags, stream, payload = held[3], held[4], int.from_bytes(held[5:9], "big"), held[9 : 9 + length]
            held = held[9 + length :]
            if kind == SETTINGS and not flags & ACK:
                connection.sendall(_frame(SETTINGS, ACK, 0, b""))
            if kind in {GOAWAY, RST_STREAM}:
                return None
            if stream == 1:
                said += payload
                if flags & END_STREAM:
                    return said


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def _string(value: str) -> bytes:
    return bytes([len(value)]) + value.encode()
