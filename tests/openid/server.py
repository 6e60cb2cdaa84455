"""The identity provider of the npm package oidc-provider as a process on loopback: one that we did not write."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

CLIENT_ID, CLIENT_SECRET = "kaojian", "a secret + of 100%"
HERE = Path(__file__).parent


@contextmanager
def real_provider(callback: str) -> Iterator[str]:
    """Its issuer. It sends people back to ``callback`` and nowhere else."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules").is_dir():
        pytest.skip("Node or the packages of tests/openid are absent: run make .make/openid")
    client = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": [callback],
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
    }
    command = [node, "--no-warnings", str(HERE / "provider.js"), json.dumps({"clients": [client]})]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


class Person:
    """Somebody with a browser of their own at the provider, who types a name there and presses a button."""

    def __init__(self) -> None:
        self._browser = httpx.Client()
        self.pages = 0
        """How often they were asked for anything."""

    def close(self) -> None:
        self._browser.close()

    def goes(self, address: str, name: str, deed: str = "in") -> str:
        """From the provider's address to the one that they are sent back to, which is not fetched."""
        issuer = urljoin(address, "/")
        answer = self._browser.get(address)
        while True:
            if answer.is_redirect:
                following = urljoin(str(answer.url), answer.headers["location"])
                if not following.startswith(issuer):
                    return following
                answer = self._browser.get(following)
                continue
            form = re.search(r'action="([^"]+)"', answer.text)
            assert form is not None, answer.text
            self.pages += 1
            answer = self._browser.post(urljoin(issuer, form[1]), data={"login": name, "deed": deed})
