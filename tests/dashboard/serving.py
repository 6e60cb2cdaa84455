"""A real server on a free port of loopback, in a thread."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from dashboard.api.guard import COOKIE
from domain.people import Account, Role, Scope
from domain.timeline import rfc3339
from tests.dashboard.exam import TOKEN, WINDOW, Exam, log_in

PATIENCE_S = 60.0  # how fast a busy machine answers is no matter of tests


@contextmanager
def served(app: FastAPI, tls: Callable[[Any, Any], ssl.SSLContext] | None = None) -> Iterator[str]:
    """Serve an app until the block ends; its address."""
    # Named as TCP, or asyncio leaves Nagle's algorithm on, and each answer waits 40 ms for the client's ACK.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ssl_context_factory=tls))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="dashboard")
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            yield f"{'http' if tls is None else 'https'}://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def client(app: FastAPI, token: str | None = TOKEN) -> Iterator[httpx.Client]:
    """A program that talks to the served app with a token, as a page of the same address would."""
    with served(app) as address:
        cookies = {} if token is None else {COOKIE: token}
        headers = {"Origin": address}
        with httpx.Client(base_url=address, cookies=cookies, headers=headers, timeout=PATIENCE_S) as talking:
            yield talking


def coming(exam: Exam, role: Role, *names: str, recused: str = "") -> dict[str, str]:
    """The headers of somebody of that role who sees these, logged in; ``recused`` from a batch."""
    name = f"{role.value.replace('_', '-')}-{len(exam.database.accounts.all())}"
    log_in(exam, Account(name, role, Scope(role.reach, frozenset(names)), exam.clock.now(), False), name)
    if recused:
        exam.database.accounts.recuse(name, recused, exam.clock.now(), recused=True)
    return {"Cookie": f"{COOKIE}={name}"}


def problem(answer: httpx.Response) -> tuple[int, str]:
    """The status and the kind of a problem that a route answers with."""
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def footage_addresses(
    talking: httpx.Client, exam: Exam, camera: str, headers: dict[str, str] | None = None
) -> dict[str, str]:
    """Where each segment of a camera lies for who asks, by its key: what the playlist says but the last part."""
    span = {"start": rfc3339(WINDOW.start), "end": rfc3339(WINDOW.end), "purpose": "复核成绩有疑"}
    playlist = talking.get(f"/api/v1/cameras/{camera}/playlist.m3u8", params=span, headers=headers).text
    found = [line.removesuffix("/media.m4s") for line in playlist.splitlines() if line.endswith("/media.m4s")]
    return dict(zip([segment.key for segment in exam.segments(camera)], found, strict=True))


def scraped(app: FastAPI, comes_from: str) -> httpx.Response:
    """What an application answers to a program at an address that asks for metrics, and claims to be on its host."""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(comes_from, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://kaojian.example.cn") as talking:
            return await talking.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})

    return asyncio.run(asked())
