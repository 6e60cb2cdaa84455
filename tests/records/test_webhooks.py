"""Sending, to a real HTTP server: in order, signed, again and again, and never for ever."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import multiprocessing
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from socket import socket
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from config.secrets import Credentials, Secrets
from domain.alarms import Alarm, Kind, Step
from domain.alarms import Receiver as Served
from records import webhooks
from records.receivers import Format, Target
from records.webhooks import GIVE_UP, LONGEST_PAUSE, Courier, Message, NotTaken, message, pause_after, send, signature
from storage.database import Database, connect
from storage.database.alarms import RuleState
from tests.fakes.time import FakeClock
from tests.fakes.webhook_receiver import Receiver, receiving
from tests.house.rules import ROOT
from tests.records.setups import START

SECRETS = Secrets(Path("/nowhere"), {"KAOJIAN_SECRET_HOOK": "duty:s3cr3t"})
BODY = json.dumps({"id": "a-1", "text": {"zh": "摄像机失联", "en": "camera lost"}}, ensure_ascii=False)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def target(receiver: Receiver, form: Format = Format.GENERIC, path: str = "/hook") -> Target:
    return Target("duty-room", receiver.address(path), "hook", form)


def write(database: Database, *alarms: Alarm) -> None:
    state = database.alarms.state()
    assert database.alarms.go_on(RuleState("host", START, "{}", state.version if state is not None else 0), alarms)


def alarm(number: int, kind: Kind = Kind.CAMERA_LOST, site: str = "sg-001") -> Alarm:
    body = BODY.replace("a-1", f"a-{number}")
    return Alarm(f"a-{number}", kind, Step.BEGAN, site, START, body)


def courier(database: Database, to: Target, clock: FakeClock, secrets: Secrets = SECRETS) -> Courier:
    database.alarms.begin(to.name)
    return Courier(database.alarms, to, secrets, clock)


def standing(database: Database) -> Served:
    (found,) = database.alarms.receivers(["duty-room"])
    return found


def test_a_receiver_can_prove_who_sent_a_message_and_when(receiver: Receiver) -> None:
    to = target(receiver)
    send(to, message(to, Credentials("duty", "s3cr3t"), "a-1", BODY, START))
    (got,) = receiver.requests
    assert got.body == BODY.encode() and got.headers["Kaojian-Id"] == "a-1"
    stamp = got.headers["Kaojian-Timestamp"]
    expected = hmac.new(b"s3cr3t", stamp.encode() + b"." + got.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(got.headers["Kaojian-Signature"], f"v1={expected}")
    assert int(stamp) == int(START.timestamp())
    assert signature("other", stamp, got.body) != expected
    assert signature("s3cr3t", stamp, got.body + b" ") != expected
    assert signature("s3cr3t", str(int(stamp) + 1), got.body) != expected


def test_the_check_that_the_documentation_gives_to_receivers_holds(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    written: dict[str, Any] = {}
    exec(code, written)  # noqa: S102 (what readers are told to run)
    monkeypatch.setattr(time, "time", lambda: START.timestamp() + 299)
    to = target(receiver)
    send(to, message(to, Credentials("duty", "s3cr3t"), "a-1", BODY, START))
    (got,) = receiver.requests
    is_genuine = written["is_genuine"]
    assert is_genuine(b"s3cr3t", got.headers, got.body)
    assert not is_genuine(b"other", got.headers, got.body)
    assert not is_genuine(b"s3cr3t", got.headers, got.body + b" ")
    monkeypatch.setattr(time, "time", lambda: START.timestamp() + 301)
    assert not is_genuine(b"s3cr3t", got.headers, got.body)


def test_a_group_robot_of_wecom_gets_a_text_and_its_key_in_the_address(receiver: Receiver) -> None:
    receiver.answers = [(200, b'{"errcode":0,"errmsg":"ok"}')]
    to = target(receiver, Format.WECOM, "/cgi-bin/webhook/send")
    send(to, message(to, Credentials("key", "693a/91"), "a-1", BODY, START))
    (got,) = receiver.requests
    assert got.path == "/cgi-bin/webhook/send?key=693a%2F91"
    content = json.loads(got.body)["text"]["content"]
    assert json.loads(got.body)["msgtype"] == "text" and content.startswith("摄像机失联\ncamera lost")


def test_a_robot_s_text_is_cut_between_characters() -> None:
    long = json.dumps({"id": "a", "text": {"zh": "摄" * 2000, "en": "x"}}, ensure_ascii=False)
    to = Target("w", "http://127.0.0.1/", "hook", Format.WECOM)
    content = json.loads(message(to, Credentials("key", "k"), "a", long, START).body)["text"]["content"]
    assert 2045 <= len(content.encode()) <= 2048


def test_a_group_robot_of_dingtalk_gets_a_signature_of_the_time(receiver: Receiver) -> None:
    receiver.answers = [(200, b'{"errcode":0}')]
    to = target(receiver, Format.DINGTALK, "/robot/send")
    send(to, message(to, Credentials("token", "SECabc"), "a-1", BODY, START))
    query = parse_qs(urlsplit(receiver.requests[0].path).query)
    assert query["access_token"] == ["token"] and query["timestamp"] == [str(int(START.timestamp() * 1000))]
    said = f"{query['timestamp'][0]}\nSECabc".encode()
    assert query["sign"] == [base64.b64encode(hmac.digest(b"SECabc", said, "sha256")).decode()]


@pytest.mark.parametrize("answer", [b'{"errcode":310000,"errmsg":"sign not match"}', b"<html>", b"[]", b"{}"])
def test_a_robot_that_answers_200_and_means_no_has_not_taken_it(receiver: Receiver, answer: bytes) -> None:
    receiver.answers = [(200, answer)]
    to = target(receiver, Format.DINGTALK)
    with pytest.raises(NotTaken, match="errcode"):
        send(to, message(to, Credentials("token", "SECabc"), "a-1", BODY, START))


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.answers, receiver.location = [(302, b"")], receiver.address("/elsewhere")
    to = target(receiver)
    with pytest.raises(NotTaken, match="redirects are not followed"):
        send(to, message(to, Credentials("d", "s"), "a-1", BODY, START))
    assert [each.path for each in receiver.requests] == ["/hook"]


def test_who_never_answers_or_drips_is_left(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT_S", 0.2)

    def never(_: socket) -> None:
        receiver.released.wait()

    receiver.answers = [never]
    to = target(receiver)
    sent = message(to, Credentials("d", "s"), "a-1", BODY, START)
    with pytest.raises(NotTaken, match="no answer"):
        send(to, sent)

    def drip(connection: socket) -> None:
        while not receiver.released.wait(0.02):
            connection.sendall(b"H")

    monkeypatch.setattr(webhooks, "DEADLINE_S", 0.3)
    receiver.answers = [drip]
    with pytest.raises(NotTaken):
        send(to, sent)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with receiving(self_signed(tmp_path)) as found:
        to = Target("duty-room", found.address(scheme="https"), "hook")
        with pytest.raises(NotTaken, match="certificate is not valid"):
            send(to, message(to, Credentials("d", "s"), "a-1", BODY, START))
        assert found.requests == []


def test_nobody_there_is_no_more_than_a_refusal(receiver: Receiver) -> None:
    with receiving() as gone:
        to = target(gone)
    with pytest.raises(NotTaken, match="cannot be reached"):
        send(to, message(to, Credentials("d", "s"), "a-1", BODY, START))


def test_alarms_come_in_their_order_and_one_that_is_refused_is_sent_again_first(
    database: Database, receiver: Receiver
) -> None:
    clock = FakeClock(START)
    serving = courier(database, target(receiver), clock)
    write(database, alarm(1), alarm(2), alarm(3))
    receiver.answers = [(204, b""), (500, b""), (503, b""), (204, b"")]
    pauses = [serving.serve_next() for _ in range(6)]
    assert [each.headers["Kaojian-Id"] for each in receiver.requests] == ["a-1", "a-2", "a-2", "a-2", "a-3"]
    assert timedelta() < pauses[1] < pauses[2] and pauses[0] == pauses[3] == timedelta()
    assert standing(database).waiting == 0 and standing(database).failing_since is None


def test_while_it_fails_it_says_since_when_and_why(database: Database, receiver: Receiver) -> None:
    clock = FakeClock(START)
    serving = courier(database, target(receiver), clock)
    write(database, alarm(1))
    receiver.answers = [(500, b"")]
    serving.serve_next()
    clock.advance(60)
    serving.serve_next()
    found = standing(database)
    assert (found.waiting, found.failing_since, found.reason) == (1, START, "应答 500 answered 500")


def test_what_is_not_taken_for_hours_is_parked_and_what_follows_gets_its_turn(
    database: Database, receiver: Receiver
) -> None:
    clock = FakeClock(START)
    serving = courier(database, target(receiver), clock)
    write(database, alarm(1), alarm(2))
    receiver.answers = [(500, b""), (500, b""), (204, b"")]
    serving.serve_next()
    clock.advance(GIVE_UP.total_seconds() + 1)
    serving.serve_next()
    assert (standing(database).parked, standing(database).parked_last) == (1, "a-1")
    serving.serve_next()
    assert receiver.requests[-1].headers["Kaojian-Id"] == "a-2"
    assert standing(database).waiting == 0 and standing(database).parked == 1


def test_pauses_grow_up_to_a_limit() -> None:
    assert all(LONGEST_PAUSE / 2 <= pause_after(refusals) <= LONGEST_PAUSE for refusals in (10, 100, 10_000))
    assert pause_after(1) <= timedelta(seconds=1) < pause_after(4)


def test_who_is_killed_between_commit_and_sending_loses_nothing(tmp_path: Path, receiver: Receiver) -> None:
    url = f"sqlite:///{tmp_path / 'kaojian.sqlite3'}"
    to = target(receiver)

    def killed(after_sending: bool) -> None:
        def dies(target: Target, sent: Message) -> None:
            if after_sending:
                send(target, sent)
            os.kill(os.getpid(), signal.SIGKILL)

        Courier(connect(url).alarms, to, SECRETS, FakeClock(START), dies).serve_next()

    database = connect(url)
    database.alarms.begin(to.name)
    write(database, alarm(1))
    for after_sending in (False, True):
        process = multiprocessing.get_context("fork").Process(target=killed, args=(after_sending,))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
    Courier(database.alarms, to, SECRETS, FakeClock(START)).serve_next()
    assert [each.headers["Kaojian-Id"] for each in receiver.requests] == ["a-1", "a-1"]
    assert standing(database).waiting == 0
    database.close()


def test_a_receiver_gets_what_it_asked_for_of_its_sites_and_of_the_whole_installation(
    database: Database, receiver: Receiver
) -> None:
    kinds = frozenset({Kind.CAMERA_LOST, Kind.SPOOL_FULL})
    to = Target("duty-room", receiver.address(), "hook", events=kinds, sites=frozenset({"sg-001"}))
    serving = courier(database, to, FakeClock(START))
    write(
        database,
        alarm(1, site="sg-002"),
        alarm(2, Kind.NVR_LOST),
        alarm(3, Kind.SPOOL_FULL, site=""),
        alarm(4),
    )
    for _ in range(4):
        serving.serve_next()
    assert [each.headers["Kaojian-Id"] for each in receiver.requests] == ["a-3", "a-4"]


def test_a_new_receiver_is_not_told_of_what_was(database: Database, receiver: Receiver) -> None:
    write(database, alarm(1))
    serving = courier(database, target(receiver), FakeClock(START))
    write(database, alarm(2))
    serving.serve_next()
    serving.serve_next()
    assert [each.headers["Kaojian-Id"] for each in receiver.requests] == ["a-2"]


def test_no_secret_gets_into_what_is_shown_or_logged(
    database: Database, receiver: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    for number, answer in enumerate([(500, b""), (302, b""), (200, b"nonsense")]):
        receiver.answers = [answer]
        serving = courier(database, target(receiver, Format.WECOM), FakeClock(START))
        write(database, alarm(number))
        serving.serve_next()
        assert "s3cr3t" in receiver.requests[-1].path
        assert "s3cr3t" not in standing(database).reason
    logged = "".join(capfd.readouterr())
    assert "webhook_not_taken" in logged and "s3cr3t" not in logged


def test_a_missing_secret_is_told_like_a_refusal(database: Database, receiver: Receiver) -> None:
    serving = courier(database, target(receiver), FakeClock(START), Secrets(Path("/nowhere"), {}))
    write(database, alarm(1))
    serving.serve_next()
    assert "secret 'hook' is missing" in standing(database).reason and not receiver.requests


class _OneRound(threading.Event):
    """Set as soon as somebody waits for it."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


def test_off_duty_nothing_is_sent(database: Database, receiver: Receiver) -> None:
    serving = courier(database, target(receiver), FakeClock(START))
    write(database, alarm(1))
    duty = threading.Event()
    serving.run(_OneRound(), duty)
    assert receiver.requests == []
    duty.set()
    serving.run(_OneRound(), duty)
    assert len(receiver.requests) == 1


def self_signed(folder: Path) -> str:
    """A file with a key and a certificate for 127.0.0.1 by nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    file = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return str(file)
