"""What is tried at every place of every address, whoever asks: lines in headers, climbing paths, words of queries.

Not here: who may what (``tests.dashboard.access.test_guard``), and logging in.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access.table import ROUTES, Act
from dashboard.api.guard import COOKIE
from dashboard.app import create_app, openapi
from tests.dashboard.exam import TOKEN, Exam
from tests.dashboard.serving import client

LINES = "x%0d%0aX-Planted:%201%0d%0a%0d%0a<script>planted()</script>"
CLIMBS = (
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cetc%5cpasswd",
    "%2fetc%2fpasswd",
    "....%2f%2fetc%2fpasswd",
    "%00..%2fkaojian.db",
    "%c0%ae%c0%ae%2fetc%2fpasswd",
)
WORDS = ("'%20OR%20'1'='1", "1;%20DROP%20TABLE%20viewings", "%25", "*", "%F0%9F%A6%86", "{{7*7}}", "$(id)")
QUERIES = ("start", "end", "purpose", "limit", "sitting", "lang")


@pytest.fixture(scope="module")
def anybody(exam: Exam) -> Iterator[httpx.Client]:
    with client(create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None), None) as talking:
        yield talking


def addresses(filler: str) -> Iterator[tuple[str, str, str]]:
    """Every route with a place in its address: its name, method, and the address with the filler in all places."""
    for path, methods in openapi()["paths"].items():
        for method, operation in methods.items():
            if "{" in path:
                names = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
                yield operation["operationId"], method.upper(), path.format_map(dict.fromkeys(names, filler))


def unharmed(answer: httpx.Response) -> bool:
    """Neither a fault of ours, nor a redirect, nor anything of what was planted where a browser or proxy heeds it."""
    heeded = f"{answer.headers}".lower()
    shown = answer.headers.get("content-type", "").startswith("text/html") and "planted()" in answer.text
    return (answer.status_code < 500 and not answer.is_redirect and "x-planted" not in answer.headers) and not (
        "planted" in heeded or shown or "root:" in answer.text or "sqlite3." in answer.text
    )


@pytest.mark.parametrize("filler", [LINES, *CLIMBS, *WORDS])
def test_what_is_planted_in_an_address_comes_out_nowhere(anybody: httpx.Client, filler: str) -> None:
    for name, method, address in addresses(filler):
        for headers in ({}, {"Cookie": f"{COOKIE}={TOKEN}"}):
            answer = anybody.request(method, address, headers=headers)
            assert unharmed(answer), name
            if ROUTES[name] is not Act.ANYBODY:
                assert answer.status_code in {401, 403, 404, 405, 422}, name


@pytest.mark.parametrize("filler", [LINES, *CLIMBS, *WORDS])
def test_what_is_planted_in_a_query_comes_out_nowhere(anybody: httpx.Client, filler: str) -> None:
    query = "&".join(f"{name}={filler}" for name in QUERIES)
    for path, methods in openapi()["paths"].items():
        if "get" in methods and "{" not in path.replace("{camera}", ""):
            address = path.replace("{camera}", "A-cam-1")
            answer = anybody.get(f"{address}?{query}", headers={"Cookie": f"{COOKIE}={TOKEN}"})
            assert unharmed(answer), path


@pytest.mark.parametrize(
    "header",
    [
        *("Host: evil.example", "X-Forwarded-Host: evil.example", "X-Forwarded-For: 10.0.0.1"),
        *(
            "Forwarded: host=evil.example;for=10.0.0.1",
            "X-Original-URL: /api/v1/batches",
            "X-HTTP-Method-Override: PUT",
        ),
        *("X-Planted: 1\n Folded: 1", "Referer: http://evil.example/", "Accept-Language: planted"),
    ],
)
def test_what_a_header_claims_of_host_origin_or_method_is_not_believed(
    anybody: httpx.Client, exam: Exam, header: str
) -> None:
    base = urlsplit(str(anybody.base_url))
    with socket.create_connection((base.hostname, base.port), timeout=5) as line:
        own_host = "" if header.startswith("Host") else f"Host: {base.netloc}\r\n"
        line.sendall(f"GET /api/v1/batches HTTP/1.1\r\n{own_host}{header}\r\nConnection: close\r\n\r\n".encode())
        said = b"".join(iter(lambda: line.recv(65536), b"")).decode("utf-8", "replace")
    assert said.split()[1] in {"400", "401"}
    assert not any(each in said for each in ("evil.example", "planted", "10.0.0.1", "Location", "location:"))


def test_two_lengths_or_a_hidden_second_request_are_not_taken(anybody: httpx.Client) -> None:
    base = urlsplit(str(anybody.base_url))
    for framing in (
        "Content-Length: 4\r\nContent-Length: 40",
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: xchunked",
    ):
        with socket.create_connection((base.hostname, base.port), timeout=5) as line:
            body = "0\r\n\r\nGET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n"
            line.sendall(f"POST /api/v1/session HTTP/1.1\r\nHost: {base.netloc}\r\n{framing}\r\n\r\n{body}".encode())
            line.shutdown(socket.SHUT_WR)
            said = b"".join(iter(lambda: line.recv(65536), b"")).decode("utf-8", "replace")
        assert said.count("HTTP/1.1 200") == 0, framing
