"""An outside scoring system, played over REST and webhooks alone: it is told, reads, signs, hands in, is told again.

What plays it knows the address, a token, the secret of its webhook and its own key, and nothing else of ours but the
paper (docs/outside-systems.md). What the centre does beside is done over the API too.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from config.rule_pack import load as load_rule_pack
from config.secrets import Secrets
from dashboard.access import accounts, tokens
from dashboard.access.table import Act
from dashboard.app import create_app
from domain.chain import canonical
from domain.outside import RESULTS as DOCUMENTS
from domain.outside import Purpose, ScoringSystem
from domain.people import Role
from domain.places import Batch
from domain.timeline import rfc3339
from records import conduct, outside
from records.following import Follower
from records.receivers import load as load_receivers
from records.scores import SCORES
from records.webhooks import Courier
from storage.audit.notary import Notary
from storage.database import connect
from tests.dashboard.candidates import SUBJECT, enrol
from tests.dashboard.exam import BATCH, EXAM, PACK, SITE, START, TESTER, Exam, hold_exam, plan
from tests.dashboard.serving import client, coming, problem
from tests.dashboard.test_cases import proposals
from tests.fakes.notary import SIGNER
from tests.fakes.webhook_receiver import Receiver, receiving
from tests.records.setups import ROOMY

SECRET = "s3cr3t-of-the-webhook"
PATIENCE_S = 20.0
GIVEN = START + EXAM


@dataclass
class Outside:
    """The other system."""

    api: httpx.Client
    token: str
    inbox: Receiver
    name: str = "scoring-1"
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> str:
        return self.key.public_key().public_bytes_raw().hex()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def told(self, event: str) -> list[dict[str, Any]]:
        """The genuine messages of an event, each id once, in the order in which they came."""
        found: dict[str, dict[str, Any]] = {}
        for each in self.inbox.requests:
            stamp = each.headers["Kaojian-Timestamp"]
            signed = hmac.new(SECRET.encode(), stamp.encode() + b"." + each.body, hashlib.sha256).hexdigest()
            assert hmac.compare_digest(each.headers["Kaojian-Signature"], f"v1={signed}")
            body = json.loads(each.body)
            assert body["id"] == each.headers["Kaojian-Id"]
            found.setdefault(body["id"], body)
        return [each for each in found.values() if each["event"] == event]

    def read(self, what: str, batch: str = BATCH) -> Any:
        answer = self.api.get(f"/api/v1/batches/{batch}/{what}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def document(self, marks: dict[str, str | None], made: datetime, **changed: Any) -> dict[str, Any]:
        """Of marks by ticket, for whoever has a seat in the subject."""

        def signed(by: str, value: str | None) -> dict[str, str] | None:
            return None if value is None else {"by": by, "at": rfc3339(GIVEN)}

        results = [
            {
                "candidate": ticket,
                "subject": SUBJECT,
                "method": "practical",
                "value": value,
                "given": rfc3339(GIVEN),
                "scorer": "ex-2",
                "signed": signed("ex-2", value),
                "confirmed": signed("ex-1", value),
            }
            for ticket, value in marks.items()
        ]
        told = {"form": "kaojian-results-1", "batch": BATCH, "system": self.name, "made": rfc3339(made), "reason": ""}
        return {**told, "results": results, **changed}

    def hand_in(
        self, document: dict[str, Any] | bytes, *, batch: str = BATCH, signature: str | None = None
    ) -> httpx.Response:
        data = document if isinstance(document, bytes) else canonical(document)
        signed = self.key.sign(data).hex() if signature is None else signature
        headers = {**self.headers, "Kaojian-Document-Signature": signed, "Content-Type": "application/json"}
        return self.api.post(f"/api/v1/batches/{batch}/scores/results", content=data, headers=headers)


@dataclass
class Scene:
    """Ours: the exam, served, with its webhooks; and theirs."""

    exam: Exam
    api: httpx.Client
    theirs: Outside
    follower: Follower
    courier: Courier

    def waits_for(self, event: str) -> dict[str, Any]:
        """The last message of an event, once it came."""
        until = time.monotonic() + PATIENCE_S
        while not self.theirs.told(event):
            assert time.monotonic() < until, f"was not told of {event}"
            self.follower.follow()
            self.courier.serve_next()
        return self.theirs.told(event)[-1]

    def everything(self) -> tuple[object, ...]:
        register = self.exam.database.register
        return register.revisions(SCORES), register.revisions(DOCUMENTS), self.exam.database.journal.head()


def system_token(exam: Exam, name: str, site: str) -> str:
    """An account of a system, and the secret of its token."""
    wanted = accounts.Wanted(name, Role.SCORING_SYSTEM, (site,))
    assert accounts.add(exam.database, wanted, TESTER, exam.clock) == ""
    found = exam.database.accounts.find(name)
    assert found is not None
    acts = frozenset({Act.ROLL, Act.SCORES, Act.CASES, Act.HAND_IN})
    return tokens.add(exam.database, found[0], tokens.Wanted("评分平台", acts), TESTER, exam.clock)[1]


def enter(exam: Exam, name: str, public: str) -> None:
    day = timedelta(days=1)
    system = ScoringSystem(name, "省评分平台", public, Purpose.WHOLE, START - day, START + day)
    outside.add_system(exam.database, system, TESTER, START - day / 2)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with ExitStack() as stack:
        notary = Notary(SIGNER, tmp_path)
        database = stack.enter_context(closing(connect(f"sqlite:///{tmp_path / 'kaojian.db'}", notary)))
        exam = hold_exam(database, tmp_path / "spool")
        enrol(exam, marked=False)
        inbox = stack.enter_context(receiving())
        app = create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None)
        api = stack.enter_context(client(app, None))
        theirs = Outside(api, system_token(exam, "scoring-1", SITE.id), inbox)
        enter(exam, theirs.name, theirs.public)
        file = tmp_path / "webhooks.yaml"
        url = inbox.address("/kaojian")
        file.write_text(f"webhooks:\n  - {{name: scoring, url: '{url}', secret: hook, events: [records]}}\n")
        (target,) = load_receivers(file).targets
        secrets = Secrets(tmp_path, {"KAOJIAN_SECRET_HOOK": f"scoring:{SECRET}"})
        follower = Follower(database, exam.clock, "host")
        follower.follow()
        database.alarms.begin(target.name)
        yield Scene(exam, api, theirs, follower, Courier(database.alarms, target, secrets, exam.clock))


def closes_a_sitting(scene: Scene) -> None:
    """As the site does at the end of the exam: the second sitting stands for it, the first one has its footage."""
    exam = scene.exam
    exam.clock.step((START + timedelta(hours=2) - exam.clock.now()).total_seconds())
    conduct.open_sitting(exam.database, BATCH, 2, TESTER, exam.clock, disk=ROOMY)
    exam.clock.step(60)
    conduct.close_sitting(exam.database, BATCH, 2, TESTER, exam.clock)


def test_an_outside_system_scores_over_rest_and_webhooks_alone_and_the_gate_works_the_same(
    scene: Scene, tmp_path: Path
) -> None:
    theirs = scene.theirs
    closes_a_sitting(scene)
    closed = scene.waits_for("sitting_closed")
    assert (closed["batch"], closed["sitting"]) == (BATCH, 2)
    roll = theirs.read("roll", closed["batch"])
    assert [each["candidate"] for each in roll["candidates"]] == ["T001", "T002", "T003"]
    assert roll["candidates"][0]["seats"] == [{"sitting": 1, "room": "A", "station": "A01", "subject": SUBJECT}]
    assert not [each for each in ("考生", "sealed", "mark-") if each in json.dumps(roll, ensure_ascii=False)]

    now = scene.exam.clock.now()
    marks = {each["candidate"]: "80" for each in roll["candidates"] if each["candidate"] != "T003"}
    answer = theirs.hand_in(theirs.document({**marks, "T003": None}, now))
    assert answer.status_code == 200, answer.text
    taken = answer.json()
    assert (taken["new"], taken["changed"], taken["name"]) == (3, 0, f"results/{BATCH}/scoring-1@1")
    assert scene.waits_for("score_changed")["candidates"] == ["T001", "T002", "T003"]
    assert {each["candidate"]: (each["value"], each["vouched"]) for each in theirs.read("scores")} == {
        "T001": ("80", taken["name"]),
        "T002": ("80", taken["name"]),
        "T003": (None, taken["name"]),
    }
    (kept,) = theirs.read("scores/results")
    theirs.key.public_key().verify(bytes.fromhex(kept["signature"]), kept["document"].encode())
    assert (kept["key"], kept["revoked"]) == (theirs.public, None)

    officer = coming(scene.exam, Role.CITY_OFFICER)
    told = proposals(scene.api, officer)
    with closing(connect(f"sqlite:///{tmp_path / 'beside.db'}", Notary(SIGNER, tmp_path / "beside"))) as beside:
        (tmp_path / "beside").mkdir()
        other = hold_exam(beside, tmp_path / "beside" / "spool")
        enrol(other)
        with client(create_app(beside, other.archive, load_rule_pack, other.clock, None), None) as talking:
            here = proposals(talking, coming(other, Role.CITY_OFFICER))
    assert {name: each["proposal"] for name, each in told.items()} == {
        "T001": "hold",  # the camera's fault
        "T002": "issue",
        "T003": "refuse",
    }
    for name, each in told.items():
        assert (each["proposal"], each["reasons"]) == (here[name]["proposal"], here[name]["reasons"])
    assert theirs.read("cases")["cases"] == list(told.values())

    decided = scene.api.post(
        f"/api/v1/batches/{BATCH}/cases/decision", json={"candidate": "T002", "issue": True}, headers=officer
    )
    assert decided.status_code == 200, decided.text
    assert scene.waits_for("certificate_decided")["candidates"] == ["T002"]
    cases = {each["candidate"]: each for each in theirs.read("cases")["cases"]}
    assert cases["T002"]["decision"]["issue"] is True
    assert list(scene.exam.database.register.unlike_the_journal()) == []


def test_what_is_not_its_own_or_not_as_it_was_signed_is_refused_and_nothing_is_changed(scene: Scene) -> None:
    theirs, exam = scene.theirs, scene.exam
    now = exam.clock.now()
    good = theirs.document({"T001": "80", "T002": "59.5"}, now)
    data = canonical(good)
    signature = theirs.key.sign(data).hex()
    before = scene.everything()

    # A forged signature, a changed byte, another's document.
    assert problem(theirs.hand_in(data, signature="0" * 128)) == (403, "not-vouched")
    forged = Ed25519PrivateKey.generate().sign(data).hex()
    assert problem(theirs.hand_in(data, signature=forged)) == (403, "not-vouched")
    assert problem(theirs.hand_in(data.replace(b"59.5", b"69.5"), signature=signature)) == (403, "not-vouched")
    assert problem(theirs.hand_in(data + b"\n", signature=signature)) == (403, "not-vouched")
    assert problem(theirs.hand_in(data, signature=signature.upper())) == (422, "invalid-request")
    assert problem(theirs.hand_in({**good, "system": "scoring-2"})) == (403, "not-vouched")
    assert problem(theirs.hand_in({**good, "batch": "SG-OTHER"})) == (403, "not-vouched")
    # Another batch, and another batch's system.
    assert problem(theirs.hand_in(data, batch="SG-OTHER")) == (404, "unknown-batch")
    elsewhere = Outside(scene.api, elsewhere_token(exam), theirs.inbox, "scoring-2")
    enter(exam, "scoring-2", elsewhere.public)
    entered = scene.everything()
    assert problem(elsewhere.hand_in({**good, "system": "scoring-2"})) == (404, "unknown-batch")
    assert elsewhere.api.get(f"/api/v1/batches/{BATCH}/roll", headers=elsewhere.headers).status_code == 404
    # A bad document, with the place of each thing that is wrong.
    wrong = theirs.document({"T001": "100.5", "T002": "80", "T009": "80"}, now)
    answer = theirs.hand_in(wrong)
    assert problem(answer) == (422, "results-refused")
    assert [(each["field"], each["message"]) for each in answer.json()["errors"]] == [
        ("results[0].value", "100.5 is no mark from 0 to 100"),
        ("results[2].candidate", "is not on the roll of the batch 名册中没有该准考证号"),
    ]
    absent = theirs.hand_in(theirs.document({"T003": "缺考"}, now))
    assert "who was absent 缺考 has no mark" in absent.json()["errors"][0]["message"]
    # Nobody else hands in, and the system does nothing else.
    assert scene.everything()[:2] == before[:2]
    assert scene.everything() == entered
    for role in (Role.CITY_OFFICER, Role.SITE_OPERATOR):
        headers = coming(exam, role, *((SITE.id,) if role is Role.SITE_OPERATOR else ()))
        sent = {**headers, "Kaojian-Document-Signature": signature}
        path = f"/api/v1/batches/{BATCH}/scores/results"
        assert problem(scene.api.post(path, content=data, headers=sent)) == (403, "not-allowed")
    body = {"candidate": "T001", "issue": True}
    path = f"/api/v1/batches/{BATCH}/cases/decision"
    assert problem(scene.api.post(path, json=body, headers=theirs.headers)) == (403, "not-allowed")
    assert problem(scene.api.get("/api/v1/batches", headers=theirs.headers)) == (403, "not-allowed")


def elsewhere_token(exam: Exam) -> str:
    """Of a system of another site, which has a batch of its own."""
    other = type(SITE)("sg-002", "另一考场", SITE.county, ())
    exam.database.setup.apply_site(other, TESTER, START - timedelta(days=1))
    batch = Batch("SG-OTHER", "sg-002", "中式烹调师", PACK.id, (plan(1, START),))
    exam.database.setup.apply_batch(batch, TESTER, START - timedelta(days=1))
    return system_token(exam, "scoring-2", "sg-002")


def test_a_replayed_older_document_and_a_revoked_key_are_refused_and_nothing_is_changed(scene: Scene) -> None:
    theirs, exam = scene.theirs, scene.exam
    now = exam.clock.now()
    first = theirs.document({"T001": "80"}, now)
    assert theirs.hand_in(first).json()["new"] == 1
    assert theirs.hand_in(first).json()["unchanged"] == 1
    later = theirs.document({"T001": "81"}, now + timedelta(seconds=1))
    assert problem(theirs.hand_in(later)) == (422, "results-refused")
    assert theirs.hand_in({**later, "reason": "漏记一项"}).json()["changed"] == 1
    before = scene.everything()
    assert problem(theirs.hand_in(first)) == (409, "results-replayed")
    assert scene.everything() == before
    outside.revoke_system(exam.database, "scoring-1/1", TESTER, exam.clock.now(), reason="密钥外泄")
    before = scene.everything()
    third = theirs.document({"T002": "80"}, now + timedelta(seconds=2))
    assert problem(theirs.hand_in(third)) == (403, "not-vouched")
    assert scene.everything() == before
    assert theirs.read("scores/results")[0]["revoked"] is not None


def test_a_body_that_never_ends_is_read_no_further_than_it_may_be(scene: Scene) -> None:
    answer = scene.theirs.hand_in(b" " * (6 << 20), signature="0" * 128)
    assert problem(answer) == (422, "results-refused")
