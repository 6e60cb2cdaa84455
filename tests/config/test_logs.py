"""Logs: no credentials of a URL ever reach a line, whoever wrote it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from config.logs import configure, redact, redacted
from config.settings import LogFormat, LogLevel


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("rtsp://admin:hunter2@10.0.0.8:554/s", "rtsp://***@10.0.0.8:554/s"),
        ("rtsp://admin:hun@ter2@10.0.0.8/s", "rtsp://***@10.0.0.8/s"),
        ("rtsp://admin:hun/t?er#2@10.0.0.8/s", "rtsp://***@10.0.0.8/s"),
        ("rtsp://hunter2@10.0.0.8/s", "rtsp://***@10.0.0.8/s"),
        ("postgresql+psycopg://k:hunter2@db/k", "postgresql+psycopg://***@db/k"),
        ("two: rtsp://a:hunter2@h/1 and rtsp://b:hunter2@h/2", "two: rtsp://***@h/1 and rtsp://***@h/2"),
        ("RTSP://a:hunter2@h/1", "RTSP://***@h/1"),
        ("http://h/snap?user=a&pwd=hunter2&ch=1", "http://h/snap?user=a&pwd=***&ch=1"),
        ("rtsp://h/user=a_password=hunter2", "rtsp://h/user=a_password=***"),
        ("rtsp://10.0.0.8:554/a@b", "rtsp://10.0.0.8:554/a@b"),
        ("rtsp://10.0.0.8/stream", "rtsp://10.0.0.8/stream"),
        ("mail to a@b.cn", "mail to a@b.cn"),
    ],
)
def test_credentials_leave_a_url_and_the_rest_stays(text: str, clean: str) -> None:
    assert redacted(text) == clean


@given(
    st.text(st.characters(codec="ascii", exclude_characters=" \"'<>", categories=("L", "N", "P", "S")), min_size=1)
)
def test_no_password_survives(password: str) -> None:
    secret = f"Zz{password}zZ"
    assert secret not in redacted(f"lost rtsp://admin:{secret}@10.0.0.8:554/stream again")


def test_redaction_reaches_every_depth_and_every_type() -> None:
    url = "rtsp://admin:hunter2@h/s"
    event = {"event": url, "list": [url, {"deep": (url,)}], "error": OSError(url), "count": 3, "password": "hunter2"}
    found = redact(None, "info", event)
    assert "hunter2" not in repr(found)
    assert found["count"] == 3


@pytest.mark.parametrize("form", list(LogFormat))
def test_our_lines_library_lines_and_tracebacks_are_clean(form: LogFormat) -> None:
    stream = io.StringIO()
    configure(form, LogLevel.INFO, stream)
    structlog.get_logger("ingest").warning("camera_lost", camera="c1", url="rtsp://admin:hunter2@h/s")
    logging.getLogger("library").warning("cannot open %s", "rtsp://admin:hunter2@h/s")
    try:
        raise OSError("rtsp://admin:hunter2@h/s refused")
    except OSError:
        structlog.get_logger("ingest").exception("camera_failed")
    written = stream.getvalue()
    assert "hunter2" not in written
    assert "camera_lost" in written
    assert "cannot open rtsp://***@h/s" in written
    assert "rtsp://***@h/s refused" in written


def test_json_lines_have_event_level_and_an_instant_with_zone() -> None:
    stream = io.StringIO()
    configure(LogFormat.JSON, LogLevel.INFO, stream)
    structlog.get_logger("ingest").info("camera_back", camera="c1", seconds=8.0, note="考场")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"], line["camera"], line["seconds"]) == ("camera_back", "info", "c1", 8.0)
    assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None
    assert "考场" in stream.getvalue()


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    configure(LogFormat.JSON, LogLevel.WARNING, stream)
    structlog.get_logger("ingest").info("quiet")
    assert stream.getvalue() == ""
