"""How log lines are written: structlog for our own and for the libraries' lines, JSON or for a terminal.

The last step before a line is rendered takes credentials out of it. Not here: what is evidence; an outage goes to
the database as well (``domain.evidence.Outage``).
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from config.settings import LogFormat, LogLevel

MASK = "***"
# user info of a URL: up to the last @ of the authority (RFC 3986 3.2.1) ...
_AUTHORITY = re.compile(r"(\b[a-z][a-z0-9+.\-]*://)[^\s/?#\"'<>]*@", re.IGNORECASE)
# ... and what people write all the same: a password with / ? or # in it, unless what follows the colon is a port
_LOOSE = re.compile(
    r"(\b[a-z][a-z0-9+.\-]*://)[^\s/@:?#\"'<>]+:(?!\d{1,5}(?:[/?#\s\"']|$))[^\s\"'<>]*@", re.IGNORECASE
)
_QUERY = re.compile(r"((?:^|[?&;/_\s])(?:password|passwd|pwd|token|secret)=)[^&;\s\"'<>]+", re.IGNORECASE)
_CHATTY = ("alembic",)  # tells at "info" that there was nothing to do
_SECRET_KEYS = frozenset({"password", "secret", "secret_key", "authorization", "credentials", "token"})


def redacted(text: str) -> str:
    """The text without the credentials of any URL in it: ``rtsp://***@10.0.0.8/stream``."""
    text = _AUTHORITY.sub(rf"\1{MASK}@", text)
    text = _LOOSE.sub(rf"\1{MASK}@", text)
    return _QUERY.sub(rf"\1{MASK}", text)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: takes credentials out of every value of a line, however deep."""
    for key, value in event.items():
        event[key] = MASK if key.lower() in _SECRET_KEYS else _clean(value)
    return event


def configure(
    format: LogFormat = LogFormat.CONSOLE,  # noqa: A002 (the word of the setting)
    level: LogLevel = LogLevel.INFO,
    stream: TextIO | None = None,
) -> None:
    """Send every log line of this process to ``stream`` (standard error). Called once, by the wiring."""
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                _renderer(format, stream),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.DEBUG if level is LogLevel.DEBUG else logging.WARNING)


def _renderer(format: LogFormat, stream: TextIO) -> Processor:  # noqa: A002 (as above)
    if format is LogFormat.JSON:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)


def _clean(value: Any) -> Any:
    match value:
        case str():
            return redacted(value)
        case bool() | int() | float() | None:
            return value
        case Mapping():
            return {key: MASK if str(key).lower() in _SECRET_KEYS else _clean(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(item) for item in value]
        case _:
            return redacted(str(value))
