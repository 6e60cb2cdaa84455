"""Sends alarms to the programs of others, each receiver in a task of its own: in order, again and again, signed.

An alarm is sent until it is taken (2xx; a robot must also answer ``errcode`` 0), at first after FIRST_PAUSE, then
with pauses twice as long up to LONGEST_PAUSE, with jitter. What was not taken for GIVE_UP is parked: counted, shown,
and not tried again, so that what comes later gets its turn. Whoever is killed between an answer and its being written
down sends an alarm twice; its id says so. Redirects are not followed, proxies of the environment not asked, TLS is
verified against the system's authorities (or SSL_CERT_FILE). Addresses of private networks are allowed: sites are
such. Not here: what is told (``records.lookout``).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import SplitResult, quote, urlencode, urlsplit
from uuid import uuid4

import structlog

from config.errors import SecretError
from config.secrets import Credentials, Secrets
from domain.alarms import Alarm
from domain.timeline import Clock, rfc3339
from records.receivers import Format, Target
from storage.database import Alarms
from storage.errors import StorageError

FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=5)
GIVE_UP = timedelta(hours=6)
IDLE = timedelta(seconds=1)
"""How often the database is asked whether there is something to send."""

TIMEOUT_S = 10.0
"""For a connection, and for each silence of it."""

DEADLINE_S = 20.0
"""For a whole exchange, however slowly something goes on coming."""

_ANSWER_BYTES = 16 << 10
_log = structlog.get_logger()


class NotTaken(Exception):
    """A receiver did not take a message. The text says why in both languages and holds neither address nor secret."""


@dataclass(frozen=True, slots=True)
class Message:
    """One request: where to, what, and the headers that sign it."""

    url: str
    headers: Mapping[str, str]
    body: bytes


# --- What is sent -----------------------------------------------------------------------------------------------


def message(target: Target, credentials: Credentials, alarm_id: str, body: str, now: datetime) -> Message:
    """The request that tells a receiver of an alarm. ``body`` is the alarm's JSON."""
    match target.format:
        case Format.GENERIC:
            sent = body.encode()
            return Message(target.url, _signed(credentials, alarm_id, sent, now), sent)
        case Format.WECOM:
            # developer.work.weixin.qq.com, 群机器人: text of at most 2,048 bytes; the key is the only credential.
            return Message(_with_query(target.url, {"key": credentials.password}), _JSON, _robot_text(body, 2048))
        case Format.DINGTALK:
            # open.dingtalk.com, 自定义机器人, 加签: HMAC-SHA256 of "timestamp\nsecret", Base64, in the query.
            return Message(_with_query(target.url, _dingtalk_query(credentials, now)), _JSON, _robot_text(body, 4096))


_JSON = {"Content-Type": "application/json; charset=utf-8"}


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) in hex over the timestamp, a full stop and the bytes of the body."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _signed(credentials: Credentials, alarm_id: str, body: bytes, now: datetime) -> dict[str, str]:
    timestamp = str(int(now.timestamp()))
    return _JSON | {
        "Kaojian-Id": alarm_id,
        "Kaojian-Timestamp": timestamp,
        "Kaojian-Signature": f"v1={signature(credentials.password, timestamp, body)}",
    }


def _dingtalk_query(credentials: Credentials, now: datetime) -> dict[str, str]:
    timestamp = str(int(now.timestamp() * 1000))
    digest = hmac.digest(credentials.password.encode(), f"{timestamp}\n{credentials.password}".encode(), "sha256")
    sign = base64.b64encode(digest).decode()
    return {"access_token": credentials.username, "timestamp": timestamp, "sign": sign}


def _robot_text(body: str, most_bytes: int) -> bytes:
    told = json.loads(body)
    text = f"{told['text']['zh']}\n{told['text']['en']}\nid {told['id']}"
    content = text.encode()[:most_bytes].decode(errors="ignore")
    return json.dumps({"msgtype": "text", "text": {"content": content}}, ensure_ascii=False).encode()


def _with_query(url: str, more: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(more, quote_via=quote, safe="")) if part)
    return parts._replace(query=query).geturl()


def trial(now: datetime) -> tuple[str, str]:
    """Id and body of a message that tells of nothing."""
    alarm_id = uuid4().hex
    told = {
        "id": alarm_id,
        "event": "test",
        "at": rfc3339(now),
        "text": {"zh": "考鉴测试消息，无需处理。", "en": "Kaojian test message; nothing to do."},
    }
    return alarm_id, json.dumps(told, ensure_ascii=False)


# --- Sending ----------------------------------------------------------------------------------------------------


def send(target: Target, sent: Message, context: ssl.SSLContext | None = None) -> None:
    """Have a receiver take a message. Raises NotTaken. ``context`` names other authorities than the system's."""
    parts = urlsplit(sent.url)
    connection = _connection(parts, context)
    cut = threading.Timer(DEADLINE_S, _cut, [connection])
    cut.daemon = True
    cut.start()
    try:
        path = parts._replace(scheme="", netloc="").geturl() or "/"
        connection.request("POST", path if path.startswith("/") else f"/{path}", sent.body, dict(sent.headers))
        answer = connection.getresponse()
        status, said = answer.status, answer.read(_ANSWER_BYTES)
    except ssl.SSLCertVerificationError as error:
        raise NotTaken(f"证书无效 its certificate is not valid: {error.verify_message}") from None
    except TimeoutError:
        raise NotTaken(f"超时无应答 no answer within {TIMEOUT_S:g} s") from None
    except OSError as error:
        raise NotTaken(f"无法连接 cannot be reached: {error.strerror or type(error).__name__}") from None
    except (http.client.HTTPException, ValueError) as error:  # their words may hold the address
        raise NotTaken(f"应答不是 HTTP does not speak HTTP: {type(error).__name__}") from None
    finally:
        cut.cancel()
        connection.close()
    _taken(target, status, said)


def _connection(parts: SplitResult, context: ssl.SSLContext | None) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        tls = context or ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=TIMEOUT_S, context=tls)
    return http.client.HTTPConnection(host, parts.port, timeout=TIMEOUT_S)


def _cut(connection: http.client.HTTPConnection) -> None:
    """Whoever waits for it wakes up with an error."""
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _taken(target: Target, status: int, said: bytes) -> None:
    if 300 <= status < 400:
        said_en = f"answered {status}, and redirects are not followed; write the final address"
        raise NotTaken(f"应答 {status}，不跟随重定向，请填最终地址 {said_en}")
    if not 200 <= status < 300:
        raise NotTaken(f"应答 {status} answered {status}")
    if target.format is Format.GENERIC:
        return
    try:
        code = json.loads(said)["errcode"]
    except (ValueError, KeyError, TypeError):
        raise NotTaken("应答无 errcode，不是该类机器人 answered without errcode, so it is no such robot") from None
    if code != 0:
        raise NotTaken(f"机器人拒收 answered errcode {code if isinstance(code, int) else '?'}")


class Courier:
    """Serves one receiver."""

    def __init__(
        self,
        alarms: Alarms,
        target: Target,
        secrets: Secrets,
        clock: Clock,
        sends: Callable[[Target, Message], None] = send,
    ) -> None:
        self._alarms = alarms
        self._target = target
        self._secrets = secrets
        self._clock = clock
        self._sends = sends
        self._refusals = 0

    def run(self, stop: threading.Event, duty: threading.Event) -> None:
        """Serve while on duty, until told to stop."""
        while not stop.is_set():
            try:
                pause = self.serve_next() if duty.is_set() else IDLE
            except StorageError:
                pause = LONGEST_PAUSE / 60  # the database says so itself elsewhere
            except Exception:  # noqa: BLE001 (top of a supervised loop)
                _log.exception("webhook_failed", webhook=self._target.name)
                pause = LONGEST_PAUSE
            stop.wait(pause.total_seconds())

    def serve_next(self) -> timedelta:
        """Deal with the next alarm, if there is one; after how long to come again. Raises DatabaseUnavailable."""
        name = self._target.name
        alarm = self._alarms.next_alarm(name)
        if alarm is None:
            return IDLE
        if not self._target.wants(alarm):
            self._alarms.skip(name, alarm.number)
            return timedelta()
        now = self._clock.now()
        try:
            credentials = self._secrets.credentials(self._target.secret)
            self._sends(self._target, message(self._target, credentials, alarm.id, alarm.body, now))
        except (NotTaken, SecretError) as error:
            return self._not_taken(alarm, now, str(error))
        self._alarms.taken(name, alarm.number)
        if self._refusals:
            _log.info("webhook_serves_again", webhook=name, refusals=self._refusals)
        self._refusals = 0
        return timedelta()

    def _not_taken(self, alarm: Alarm, now: datetime, reason: str) -> timedelta:
        name = self._target.name
        self._alarms.refused(name, now, reason)
        if now - alarm.at > GIVE_UP:
            self._alarms.park(name, alarm)
            _log.error("webhook_alarm_parked", webhook=name, alarm=alarm.id, reason=reason)
            return IDLE
        if not self._refusals:
            _log.warning("webhook_not_taken", webhook=name, alarm=alarm.id, reason=reason)
        self._refusals += 1
        return pause_after(self._refusals)


def pause_after(refusals: int) -> timedelta:
    """How long to wait after so many refusals in a row: twice as long each time, half of it by chance."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(refusals - 1, 20)))
    return longest * random.uniform(0.5, 1)  # noqa: S311 (spreads attempts, protects nothing)


@contextmanager
def served(tasks: Iterable[Callable[[threading.Event], None]]) -> Iterator[None]:
    """Each task in a thread of its own until the block ends."""
    stop = threading.Event()
    threads = [threading.Thread(target=each, args=(stop,), name="webhooks", daemon=True) for each in tasks]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(1.0)  # one that still waits for its receiver ends with the process
