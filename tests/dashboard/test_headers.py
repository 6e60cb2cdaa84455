"""What every answer carries, asked of every route as somebody who may, as nobody, and of what is broken."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from config.rule_pack import load as load_rule_pack
from dashboard.api.backing import LivePort
from dashboard.api.headers import EVERYWHERE, OVER_TLS, PAPER, page_policy
from dashboard.app import create_app
from domain.timeline import rfc3339
from kaojian import tls
from tests.dashboard.exam import BATCH, TOKEN, WINDOW, Exam
from tests.dashboard.serving import client, footage_addresses, served

SPAN = {"start": rfc3339(WINDOW.start), "end": rfc3339(WINDOW.end)}
PAPER_ADDRESS = f"/api/v1/batches/{BATCH}/sittings/1/report.html"


@pytest.fixture(scope="module")
def app(exam: Exam, page: Path) -> FastAPI:
    return create_app(exam.database, exam.archive, load_rule_pack, exam.clock, page)


@pytest.fixture(scope="module")
def talking(app: FastAPI) -> Iterator[httpx.Client]:
    with client(app) as made:
        yield made


def addresses(app: FastAPI, talking: httpx.Client, exam: Exam) -> Iterator[tuple[str, str]]:
    """Method and address of every route: those of the API's description and those that it leaves out."""
    ticket = footage_addresses(talking, exam, "A-cam-1")[exam.segments("A-cam-1")[0].key].rpartition("/")[2]
    names = {
        "batch": BATCH,
        "number": "1",
        "camera": "A-cam-1",
        "ticket": ticket,
        "token": "none-such",
        "session": "none-such",
        "permit": "none-such",
        "disposal": "999",
        "draw": "none-such",
        "receipt": "none-such",
        **dict.fromkeys(("account", "site", "room", "visit", "approval"), "none-such"),
        "submission": "1",
        "withholding": "999",
        "code": "none-such",
    }
    for path, methods in app.openapi()["paths"].items():
        yield from ((method.upper(), path.format_map(names)) for method in methods)
    yield from (("GET", path) for path in ("/", "/metrics", "/api/v1/openapi.json"))


def lacking(answer: httpx.Response) -> list[str]:
    """Headers that are not as they must be."""
    expected = dict(EVERYWHERE)
    if answer.status_code == 200 and answer.request.url.path == PAPER_ADDRESS:
        expected |= PAPER
    found = [name for name, value in expected.items() if answer.headers.get(name) != value]
    if "Cache-Control" in found:
        own = answer.headers["cache-control"]
        found.remove("Cache-Control")
        api = answer.request.url.path.startswith(("/api/", "/metrics"))
        if ("no-store" not in own) if api else (own not in ("no-cache", "public, max-age=31536000, immutable")):
            found.append(f"Cache-Control: {own}")
    return found + [name for name in OVER_TLS if name in answer.headers]


@pytest.mark.parametrize("token", [TOKEN, None], ids=["somebody", "nobody"])
def test_every_route_answers_with_every_header(
    app: FastAPI, talking: httpx.Client, exam: Exam, token: str | None
) -> None:
    wrong, statuses = {}, set()
    asked = set(addresses(app, talking, exam))
    if token is not None:
        asked.remove(("DELETE", "/api/v1/session"))  # the session belongs to all tests of this room
    with client(app, token) as asking:
        for method, path in sorted(asked):
            answer = asking.request(method, path, params=SPAN if path.endswith(".m3u8") else None)
            statuses.add(answer.status_code)
            if missing := lacking(answer):
                wrong[f"{method} {path}"] = missing
    assert wrong == {}
    assert statuses >= ({200, 422} if token is not None else {200, 401})


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/assets/app-1.js", 200), ("/assets/gone.js", 404), ("/api/v1/nothing", 404), ("/api", 404)],
)
def test_files_of_the_page_and_what_is_not_there_carry_them_too(
    talking: httpx.Client, path: str, status: int
) -> None:
    answer = talking.get(path)
    assert (answer.status_code, lacking(answer)) == (status, [])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_answer_to_a_fault_of_ours_carries_them_and_tells_nothing_of_it(
    app: FastAPI, exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("rtsp://admin:hunter2@10.0.0.8/s")

    monkeypatch.setattr(type(app.state.backing), "sitting", broken)
    with client(app) as asking:
        answer = asking.get(f"/api/v1/batches/{BATCH}/sittings/1")
    assert (answer.status_code, lacking(answer)) == (500, [])
    assert "hunter2" not in answer.text
    assert answer.json()["title"] == "Internal Server Error"


@contextmanager
def over_tls(app: FastAPI, folder: Path) -> Iterator[httpx.Client]:
    made = tls.make(folder / "tls", ["kaojian.example.cn"], datetime.now(UTC))
    with (
        served(app, tls.uvicorn_context(made.server, None)) as address,
        httpx.Client(base_url=address, verify=ssl.create_default_context(cafile=made.authority)) as asking,
    ):
        yield asking


def test_over_tls_and_only_there_browsers_are_told_to_stay_there(app: FastAPI, tmp_path: Path) -> None:
    with over_tls(app, tmp_path) as asking:
        for path in ("/", "/api/v1/health", "/api/v1/batches"):
            assert asking.get(path).headers["strict-transport-security"] == "max-age=31536000"


def test_no_policy_lets_in_anything_inline(talking: httpx.Client) -> None:
    for policy in (EVERYWHERE["Content-Security-Policy"], PAPER["Content-Security-Policy"]):
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
    assert "script-src" not in PAPER["Content-Security-Policy"]


def test_a_paper_has_one_block_of_styles_which_its_policy_lets_in_and_no_other_style(talking: httpx.Client) -> None:
    for lang in ("zh", "en"):
        answer = talking.get(PAPER_ADDRESS, params={"lang": lang})
        head, _, rest = answer.text.partition("<style>")
        block, _, body = rest.partition("</style>")
        digest = b64encode(sha256(block.encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in answer.headers["content-security-policy"]
        assert not any(each in head + body for each in ("<style", "style=", "<script"))


def test_the_page_may_connect_to_live_pictures_at_one_port_of_the_host_that_it_is_from_and_nowhere_else(
    exam: Exam, page: Path
) -> None:
    app = create_app(exam.database, exam.archive, load_rule_pack, exam.clock, page, live_port=LivePort(port=8001))
    with client(app) as asking:
        for path in ("/", "/wall"):
            policy = asking.get(path).headers["Content-Security-Policy"]
            beside = " ws://127.0.0.1:8001 http://127.0.0.1:8001"
            assert f"connect-src 'self'{beside};" in policy
            assert policy.replace(beside, "") == EVERYWHERE["Content-Security-Policy"]
        answer = asking.get("/api/v1/session")
        assert answer.headers["Content-Security-Policy"] == EVERYWHERE["Content-Security-Policy"]


@pytest.mark.parametrize("host", ["", "a b", "x; script-src *", "evil.example/", "a:1:2", "[::1", "x'"])
def test_a_host_that_is_written_as_none_is_adds_nothing_to_the_policy(host: str) -> None:
    assert page_policy("http", host, 8001) == {}


def test_over_tls_live_pictures_come_over_tls() -> None:
    policy = page_policy("https", "[::1]:8000", 8001)["Content-Security-Policy"]
    assert "'self' wss://[::1]:8001 https://[::1]:8001;" in policy
