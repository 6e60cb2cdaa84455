"""What a server's Date header tells of our clock: its sign, its error, and when it is no witness."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.s3 import S3Settings
from storage.objects import ObjectsUnavailable, S3Objects
from storage.seaweed import SeaweedServer
from storage.server_clock import NoDate, is_this_host, server_date
from tests.fakes.time import NOON, FakeClock
from tests.objects_server import BUCKET


class ShiftedServer:
    """Refuses everything, as a store refuses those without a key, with a clock that is ``ahead_s`` ahead."""

    def __init__(self) -> None:
        self.ahead_s: float | None = 0.0
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response_only(403)
                if told.ahead_s is not None:
                    self.send_header("Date", format_datetime(_now_ahead(told.ahead_s), usegmt=True))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _now_ahead(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


@pytest.fixture
def server() -> Iterator[ShiftedServer]:
    started = ShiftedServer()
    yield started
    started.stop()


def store(endpoint: str) -> S3Objects:
    return S3Objects(S3Settings(endpoint, "key", "secret", "bucket", secure=False))


@pytest.mark.parametrize("ahead_s", [0.0, 90.0, -3600.0])
def test_a_server_that_is_ahead_shows_a_host_that_is_behind(server: ShiftedServer, ahead_s: float) -> None:
    server.ahead_s = ahead_s
    found = store(server.endpoint).date()
    assert found.server == server.endpoint
    assert abs(found.offset_s + ahead_s) <= found.error_s
    assert not found.independent  # it runs on this very host


def test_a_server_without_a_date_is_told_as_one_that_does_not_answer(server: ShiftedServer) -> None:
    server.ahead_s = None
    with pytest.raises(ObjectsUnavailable, match="tells no date"):
        store(server.endpoint).date()


def test_a_server_that_is_not_there_tells_nothing() -> None:
    with pytest.raises(ObjectsUnavailable, match="does not tell the time"):
        store("127.0.0.1:1").date()


def test_a_real_object_store_tells_the_time_without_a_key(object_server: SeaweedServer) -> None:
    found = S3Objects(object_server.settings(BUCKET)).date()
    assert abs(found.offset_s) <= found.error_s
    assert not found.independent


def test_half_the_round_trip_and_half_a_second_are_the_error() -> None:
    header = format_datetime(NOON + timedelta(seconds=10), usegmt=True)
    found = server_date("s3", header, NOON, 2.0, independent=True)
    assert found.offset_s == pytest.approx(-9.5)  # 1 s into the trip, against 10 to 11 s
    assert found.error_s == pytest.approx(1.5)


@given(st.floats(-1e6, 1e6), st.floats(0, 10), st.floats(0, 1))
def test_whenever_the_server_wrote_it_the_truth_lies_within_the_error(ahead: float, took: float, when: float) -> None:
    clock = FakeClock()
    written = clock.now() + timedelta(seconds=ahead + when * took)
    found = server_date("s3", format_datetime(written, usegmt=True), clock.now(), took, independent=True)
    assert abs(found.offset_s + ahead) <= found.error_s + 1e-5


@pytest.mark.parametrize("header", [None, "", "yesterday", "Fri, 99 May 2026 04:00:00 GMT"])
def test_a_date_that_cannot_be_read_is_refused(header: str | None) -> None:
    with pytest.raises(NoDate):
        server_date("s3", header, NOON, 0.1, independent=True)


@pytest.mark.parametrize("name", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "n" * 64])
def test_this_host_and_a_name_that_leads_nowhere_are_no_other_machine(name: str) -> None:
    assert is_this_host(name)


@pytest.mark.parametrize("address", ["192.0.2.1", "198.51.100.7"])  # TEST-NET-1 and -2 (RFC 5737): nobody's
def test_an_address_that_is_not_ours_is_another_machine(address: str) -> None:
    assert not is_this_host(address)
