"""Models of detectors at the command line: the file that was meant or none, of the right shape or none."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import log
from pathlib import Path

import cv2
import numpy as np
import pytest

from config.settings import Settings
from kaojian import detecting
from kaojian.terminal import local_actor
from storage import downloading, model_files
from storage.model_files import ModelFileRefused
from tests.fakes.onnx_file import constant_network, yolox_answer
from tests.kaojian.conftest import Command, Done
from tests.kaojian.test_cli import journal

GOOD = constant_network([yolox_answer(64, [(9, 0.5, 0.5, log(2), log(3))])])
GOOD_HASH = sha256(GOOD).hexdigest()


@pytest.fixture
def good(installation: Path) -> Path:
    file = installation / "good.onnx"
    file.write_bytes(GOOD)
    return file


def add(kaojian: Command, source: object, content: bytes, *more: str) -> Done:
    return kaojian("models", "add", str(source), "--sha256", sha256(content).hexdigest(), *more)


def folder(installation: Path) -> list[str]:
    """What lies in the folder of models, whatever its name."""
    return sorted(path.name for path in (installation / "var" / "models").glob("*"))


def refused(done: Done, installation: Path, *words: str) -> None:
    """One line of what is wrong, no entry in the journal, and nothing left behind."""
    assert done.code == 1
    for word in words:
        assert word in done.err
    assert folder(installation) == []
    assert not any(act == "add_model" for act, *_ in journal(installation))


def test_a_model_is_installed_listed_tried_and_removed(kaojian: Command, installation: Path, good: Path) -> None:
    done = add(kaojian, good, GOOD, "--licence", "Apache-2.0")
    assert (done.code, "installed: good (yolox 64), OpenVINO CPU" in done.out) == (0, True), done.err
    assert folder(installation) == [f"{GOOD_HASH}.onnx", "good.json"]
    assert journal(installation)[0] == ("add_model", "good", local_actor())
    listed = kaojian("models", "list").out
    for told in ("good: .onnx", "used", GOOD_HASH, "Apache-2.0", local_actor().name, str(good)):
        assert told in listed
    assert "good (yolox 64), OpenVINO CPU finds people" in " ".join(kaojian("doctor").out.split())
    picture = installation / "picture.png"
    cv2.imwrite(str(picture), np.zeros((64, 64, 3), np.uint8))
    tried = kaojian("models", "try", str(picture))
    assert tried.out.splitlines() == ["good (yolox 64), OpenVINO CPU: 1 people", "  0.75 at 4,0 to 20,24"]
    assert kaojian("models", "remove", "good").code == 0
    assert journal(installation)[0] == ("remove_model", "good", local_actor())
    assert folder(installation) == []
    assert kaojian("models", "list").out.startswith("no model is installed")
    assert "detector" not in kaojian("doctor").out


def test_a_file_of_another_hash_is_not_installed(kaojian: Command, installation: Path, good: Path) -> None:
    done = kaojian("models", "add", str(good), "--sha256", "ab" * 32)
    refused(done, installation, GOOD_HASH, "ab" * 32, "nothing was installed")
    refused(kaojian("models", "add", str(good), "--sha256", "ab"), installation, "no SHA-256")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no network at all", "cannot run this file"),
        (constant_network([np.zeros((1, 10), np.float32)]), "gives out 1 x 10"),
        (constant_network([yolox_answer(64, [])], shape=(1, 3, 64, 32)), "an input of 1 x 3 x 64 x 32"),
    ],
)
def test_a_file_that_is_no_detector_is_not_installed(
    kaojian: Command, installation: Path, content: bytes, said: str
) -> None:
    file = installation / "other.onnx"
    file.write_bytes(content)
    refused(add(kaojian, file, content), installation, said)


def test_a_file_of_another_kind_or_a_name_of_another_form_is_not_installed(
    kaojian: Command, installation: Path, good: Path
) -> None:
    script = installation / "model.py"
    script.write_bytes(b"print()")
    refused(add(kaojian, script, b"print()"), installation, "model.py", ".onnx or .pt")
    refused(add(kaojian, good, GOOD, "--name", "../up"), installation, "../up", "no name of a model")
    refused(add(kaojian, installation / "none.onnx", b""), installation, "none.onnx")


class Trace:
    """Unpickling it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_is_not_opened_whatever_its_name_unless_that_was_allowed(
    kaojian: Command, installation: Path
) -> None:
    trace = installation / "trace"
    content = pickle.dumps(Trace(trace))
    for name in ("model.pt", "model.onnx"):
        (installation / name).write_bytes(content)
        refused(add(kaojian, installation / name, content), installation)
    allowed = add(kaojian, installation / "model.pt", content, "--allow-unpickling")
    refused(allowed, installation, "ultralytics is not installed", "AGPL-3.0")  # and nothing else would open it
    assert not trace.exists()


def test_a_name_is_given_once_and_the_same_file_may_have_two(
    kaojian: Command, installation: Path, good: Path
) -> None:
    assert add(kaojian, good, GOOD).code == 0
    again = add(kaojian, good, GOOD)
    assert (again.code, "there is a model good already" in again.err) == (1, True)
    assert add(kaojian, good, GOOD, "--name", "second").code == 0
    assert kaojian("models", "remove", "good").code == 0
    assert folder(installation) == [f"{GOOD_HASH}.onnx", "second.json"]
    assert detecting.detector_of(Settings(data_dir=installation / "var")) is not None
    missing = kaojian("models", "remove", "good")
    assert (missing.code, "there is no model good" in missing.err) == (1, True)


def test_a_file_that_was_changed_afterwards_is_not_used(kaojian: Command, installation: Path, good: Path) -> None:
    assert add(kaojian, good, GOOD).code == 0
    stored = installation / "var" / "models" / f"{GOOD_HASH}.onnx"
    settings = Settings(data_dir=installation / "var")
    stored.write_bytes(GOOD[:-1] + b"\x0c")
    with pytest.raises(ModelFileRefused, match="is not the file that was added as good"):
        detecting.detector_of(settings)
    told = " ".join(kaojian("doctor").out.split())
    assert "is not the file that was added as good" in told
    stored.unlink()
    with pytest.raises(ModelFileRefused, match="cannot be read"):
        detecting.detector_of(settings)


def test_without_a_model_there_is_no_detector_and_nothing_to_try(kaojian: Command, installation: Path) -> None:
    assert detecting.detector_of(Settings(data_dir=installation / "var")) is None
    picture = installation / "picture.png"
    picture.write_bytes(b"no picture")
    done = kaojian("models", "try", str(picture))
    assert (done.code, "no model is installed" in done.err) == (1, True)


def test_an_entry_that_is_none_is_named(kaojian: Command, installation: Path, good: Path) -> None:
    add(kaojian, good, GOOD)
    entry = installation / "var" / "models" / "good.json"
    whole = entry.read_text()
    spoilt = (
        whole.replace('"onnx"', '"exe"'),
        whole.replace("false", '"false"'),
        whole.replace(f'"size_bytes": {len(GOOD)}', '"size_bytes": "1"'),
        whole.replace("+00:00", ""),
        whole.replace('"by"', '"from"'),
    )
    assert whole not in spoilt
    for content in ("{", "[]", "{}", "\x00", *spoilt):
        entry.write_text(content)
        done = kaojian("models", "list")
        assert done.code == 1
        assert "good" in done.err


class Server(ThreadingHTTPServer):
    """Serves one file on loopback, and what a test lets it answer instead."""

    answers: dict[str, tuple[int, bytes, str]]


class Handler(BaseHTTPRequestHandler):
    """Answers as the server's table says."""

    server: Server

    def do_GET(self) -> None:
        status, body, location = self.server.answers.get(self.path, (404, b"", ""))
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as serving:
        serving.answers = {"/good.onnx": (200, GOOD, "")}
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


def address(server: Server, path: str) -> str:
    return f"http://127.0.0.1:{server.server_port}{path}"


def test_a_model_is_downloaded_also_after_a_redirection(kaojian: Command, installation: Path, server: Server) -> None:
    server.answers |= {"/latest/good.onnx?key=secret": (302, b"", "/good.onnx")}
    done = add(kaojian, address(server, "/latest/good.onnx?key=secret"), GOOD)
    assert done.code == 0, done.err
    listed = kaojian("models", "list").out
    assert address(server, "/latest/good.onnx") in listed
    assert "secret" not in listed
    assert folder(installation) == [f"{GOOD_HASH}.onnx", "good.json"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://models.example/good.onnx", "no https address"),
        ("ftp://127.0.0.1/good.onnx", "no https address"),
        ("file:///etc/good.onnx", "no https address"),
        ("https://user:secret@127.0.0.1/good.onnx", "without a user"),
    ],
)
def test_other_addresses_are_not_asked(kaojian: Command, installation: Path, url: str, said: str) -> None:
    done = add(kaojian, url, GOOD)
    refused(done, installation, said)
    assert "secret" not in done.err


def test_a_server_that_answers_otherwise_leaves_nothing_behind(
    kaojian: Command, installation: Path, server: Server
) -> None:
    server.answers |= {
        "/gone.onnx": (404, b"", ""),
        "/away.onnx": (302, b"", "http://models.example/good.onnx"),
        "/round.onnx": (302, b"", "/round.onnx"),
        "/other.onnx": (200, GOOD + b"!", ""),
    }
    refused(add(kaojian, address(server, "/gone.onnx"), GOOD), installation, "answers 404")
    refused(add(kaojian, address(server, "/away.onnx"), GOOD), installation, "no https address")
    refused(add(kaojian, address(server, "/round.onnx"), GOOD), installation, "redirected more than 5 times")
    refused(add(kaojian, address(server, "/other.onnx"), GOOD), installation, "nothing was installed")


def test_a_file_that_is_too_large_is_not_read_to_its_end(
    kaojian: Command, installation: Path, server: Server, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_files, "LIMIT_BYTES", 1000)
    monkeypatch.setattr(downloading, "BLOCK_BYTES", 100)
    refused(add(kaojian, address(server, "/good.onnx"), GOOD), installation, "larger than")
    refused(add(kaojian, good, GOOD), installation, "larger than")


def test_a_server_that_is_not_there_is_named_in_one_line(kaojian: Command, installation: Path) -> None:
    refused(add(kaojian, "http://127.0.0.1:9/good.onnx", GOOD), installation, "cannot be downloaded")
