"""The demonstration: one simulated sitting through the real service, judged against the truth of its cameras.

1. An S3 server, eight cameras that speak RTSP, and the three roles of the service are started as processes.
2. The site, its rooms and one sitting are applied, an account for each role is made, and what offices put on record
   before an exam is: the site's grounds, a roster, a panel.
3. References are made of a room that is still empty, candidates come, the sitting is opened, one camera is unplugged,
   one stalled and one turned, and a cloth is put over a station. Then examiners give their marks.
4. When the window has ended and everything is stored and decoded, the report is written and compared with the truth.
   An officer decides on whom the gate does not hold back; the batch is signed, its dossier filed, and certificates
   are issued, each with a receipt that is checked.
5. The page is served until Ctrl-C; with ``once`` the comparison decides the exit status.

Everything lies in one folder, made anew each time. The service has no branch for the demonstration: it is the
service, with short segments.
"""

from __future__ import annotations

import json
import secrets as random_secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import yaml
from rich.console import Console

from analysis.eye import EYE
from analysis.report import SittingReport, sitting_report
from analysis.report_json import to_json
from config.rule_pack import RulePack
from config.rule_pack import load as load_rule_pack
from config.settings import Settings
from config.vault import Vault
from dashboard.access import accounts, tokens
from dashboard.access.accounts import Wanted
from dashboard.access.table import Act, may
from dashboard.papers import receipt as receipt_paper
from dashboard.papers.printing import as_html, as_pdf
from dashboard.papers.report import compose
from domain.evidence import Place
from domain.law import Verdict
from domain.people import Actor, Reach, Role
from domain.phases import Mark
from domain.places import Sitting
from domain.timeline import Interval, SystemClock
from ingest.simulator.drill import read_truth
from kaojian import closing, demo_hall, demo_people, display
from kaojian.drill.fixed import differences
from kaojian.notary import notary_of
from kaojian.staging import Cameras, StageError, Store, environment, started
from kaojian.wiring import open_archive
from records import conduct, declaration, setup
from records.candidacies import cases_of
from records.references import make_reference
from storage.database import Database, connect
from storage.id_numbers import IdNumbers
from storage.signing import Signer

SITE, COUNTY, BATCH, RULE_PACK = "sg-demo", "浈江区", "2026-DEMO", "SG-2022-08-10"
LEAD_S, EXAM_S, TAIL_S = 10, 65, 15
START_IN_S = 6  # from the cameras' readiness to the window, so that recording runs before it
SETTLE_S = 60
_WINDOW_S = LEAD_S + EXAM_S + TAIL_S

SCRIPT = ((8, "c3", "disconnect", 8), (32, "c5", "stall", 6))
"""Seconds after the bell, camera, fault, seconds."""

ROOMS: tuple[dict[str, Any], ...] = (
    {
        "id": "301",
        "name": "301 考场",
        "stations": ["A-01", "A-02", "A-03"],
        "cameras": {"c1": ["A-01", "A-02"], "c2": ["A-02"], "c3": ["A-03"]},
    },
    {
        "id": "302",
        "name": "302 考场",
        "stations": ["B-01", "B-02", "B-03"],
        "cameras": {"c4": ["B-01", "B-02", "B-03"], "c5": ["B-02"], "c6": ["B-03"]},
    },
)
PANORAMIC = ("c1", "c4")


@dataclass(frozen=True, slots=True)
class _Demo:
    """What the steps share."""

    root: Path
    settings: Settings
    database: Database
    actor: Actor

    @property
    def office(self) -> demo_people.Office:
        numbers = IdNumbers.kept(self.settings.numbers_key_file, self.database)
        return demo_people.Office(self.database, numbers, self.actor, SITE, self.root)


def run(root: Path, port: int, actor: Actor, *, once: bool, pages_address: str = "") -> int:
    """Run the demonstration; the exit status. Everything started is stopped before this returns. ``pages_address`` is
    where browsers reach its pages, for the QR codes of receipts.
    """
    console = Console()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _play(root, port, actor, console, once=once, pages_address=pages_address)
    except KeyboardInterrupt:
        console.print("\nstopped")
        return 130
    except StageError as error:
        console.print(f"[red]{error}[/red]")
        return 1


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _play(root: Path, port: int, actor: Actor, console: Console, *, once: bool, pages_address: str) -> int:
    begun = time.monotonic()
    _require_free(port)
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    console.print(f"[bold]Kaojian 考鉴[/bold]  three rooms, ten stations, eight cameras, a window of {_WINDOW_S} s")
    with ExitStack() as stack:
        log = stack.enter_context((root / "service.log").open("w"))
        store = Store(root / "s3", stack)
        settings = _settings(root, port, store, pages_address)
        password = random_secrets.token_hex(8)
        cameras = Cameras(_described(root, password), root, stack, log)
        database = connect(settings.database_url, notary_of(settings))
        stack.callback(database.close)
        demo = _Demo(root, settings, database, actor)
        service = started(["serve"], stack, log, env=environment(root, settings))
        urls = cameras.urls()
        _await_recorder(database, service, log)
        store.ready()
        sitting = _applied(demo, password, urls)
        people = _accounts(demo)
        display.accounts(console, people, f"http://127.0.0.1:{port}")
        demo_people.prepare(demo.office, sitting)
        progress = display.Progress(console, database, sitting, begun, alive=lambda: _require_alive(service, log))
        _conducted(demo, sitting, cameras, progress, people)
        report = _report(database, sitting)
        _written(root, report, sitting, console)
        different = differences(read_truth(root / "truth.jsonl"), report, _views(sitting))
        display.verdict(console, report, different)
        certified = _certified(demo, sitting, _passwords(people), console)
        if not once:
            display.accounts(console, people, f"http://127.0.0.1:{port}")
            console.print("Ctrl-C stops everything")
            with suppress(KeyboardInterrupt):
                threading.Event().wait()
        return 1 if different or not certified or not all(each.holds for each in certified) else 0


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StageError(f"port {port} is taken: stop what listens there, or set KAOJIAN_HTTP_PORT") from error


def _settings(root: Path, port: int, store: Store, pages_address: str) -> Settings:
    return store.settings(
        root,
        segment_seconds=10,
        http_port=port,
        pages_address=pages_address,
        second_factor="none",  # whoever looks at the demonstration has no telephone enrolled
        min_free_bytes=256 << 20,
    )


def _require_alive(process: subprocess.Popen[str], log: IO[str]) -> None:
    if process.poll() is not None:
        raise StageError(f"the service ended with status {process.returncode}: see {log.name}")


def _described(root: Path, password: str) -> dict[str, Any]:
    cameras = [
        {
            "id": camera,
            "room": f"ROOM {room['id']}",
            "stations": sees,
            "username": "recorder",
            "password": password,
        }
        for room in ROOMS
        for camera, sees in room["cameras"].items()
    ]
    cameras += demo_hall.cameras(password)
    return {"cameras": cameras, "faults": demo_hall.TAMPERING, "truth": str(root / "truth.jsonl")}


def _await_recorder(database: Database, service: subprocess.Popen[str], log: IO[str]) -> None:
    """As on an exam morning: the recorder runs before anything is planned."""
    while not database.evidence.recorders():
        _require_alive(service, log)
        time.sleep(0.1)


def _applied(demo: _Demo, password: str, urls: dict[str, str]) -> Sitting:
    """The set-up as a file, applied as an operator would."""
    Vault(demo.settings.secrets_dir, demo.settings.secrets_key_source).put("cameras", f"recorder:{password}")
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=LEAD_S + START_IN_S)
    file = demo.root / "demo.yaml"
    document = _declaration(urls, start, load_rule_pack(RULE_PACK))
    file.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False))
    setup.apply(declaration.read(file), demo.database, demo.actor, SystemClock())
    sitting = demo.database.setup.sitting(BATCH, 1)
    if sitting is None:
        raise StageError(f"{file} was applied, but sitting 1 of batch {BATCH} is not there")
    return sitting


def _accounts(demo: _Demo) -> list[tuple[str, Role, str]]:
    """One for each role and the panel's, gone with the demonstration: name, role, password; of a program a token."""
    told = []
    clock = SystemClock()
    sees = {Reach.CITY: (), Reach.COUNTY: (COUNTY,), Reach.SITE: (SITE,), Reach.BATCHES: (BATCH,)}
    for name, role in demo_people.accounts_of(Role).items():
        until = clock.now() + timedelta(days=1)
        wanted = Wanted(name, role, sees[role.reach], until, must_change=False)
        secret = accounts.add(demo.database, wanted, demo.actor, clock) or _token(demo, name)
        told.append((name, role, secret))
    return told


def _passwords(people: list[tuple[str, Role, str]]) -> dict[str, str]:
    return {name: secret for name, _, secret in people}


def _token(demo: _Demo, name: str) -> str:
    """What a program or a status board comes in with, as that account."""
    found = demo.database.accounts.find(name)
    if found is None:
        raise StageError(f"account {name} was added and is not there")
    acts = frozenset(act for act in (Act.SEE, Act.ROLL, Act.SCORES, Act.HAND_IN) if may(found[0].role, act))
    wanted = tokens.Wanted("demonstration", acts, days=1)
    return tokens.add(demo.database, found[0], wanted, demo.actor, SystemClock())[1]


def _declaration(urls: dict[str, str], start: datetime, pack: RulePack) -> dict[str, Any]:
    rooms: list[dict[str, Any]] = [
        {
            "id": room["id"],
            "name": room["name"],
            "stations": room["stations"],
            "cameras": [
                {
                    "id": camera,
                    "url": urls[camera],
                    "secret": "cameras",
                    "panoramic": camera in PANORAMIC,
                    "sees": sees,
                }
                for camera, sees in room["cameras"].items()
            ],
        }
        for room in ROOMS
    ]
    rooms.append(demo_hall.room(urls, pack))
    sitting = {
        "number": 1,
        "rooms": [room["id"] for room in rooms],
        "planned_start": start.isoformat(),
        "planned_end": (start + timedelta(seconds=EXAM_S)).isoformat(),
        "lead": f"{LEAD_S}s",
        "tail": f"{TAIL_S}s",
    }
    site = {"id": SITE, "name": "韶关示范考场", "county": COUNTY, "rooms": rooms}
    batch = {
        "id": BATCH,
        "site": SITE,
        "project": "中式面点制作",
        "rule_pack": RULE_PACK,
        "sittings": [sitting],
    }
    return {"sites": [site], "batches": [batch]}


def _views(sitting: Sitting) -> dict[str, list[str]]:
    """The cameras that see each station."""
    return {
        station.id: [camera.id for camera in room.cameras if station.id in camera.sees]
        for room in sitting.rooms
        for station in room.stations
    }


def _conducted(
    demo: _Demo,
    sitting: Sitting,
    cameras: Cameras,
    progress: display.Progress,
    people: list[tuple[str, Role, str]],
) -> None:
    """The sitting by its plan: open at the bell, play the script, close at the end, mark, wait for the tail."""
    plan, clock, office = sitting.plan, SystemClock(), demo.office
    with progress:
        progress.until_true(lambda: _filmed(demo, sitting), SETTLE_S, "the empty room is filmed")
        _referred(demo, sitting, progress)
        demo_people.arrive(office, sitting)
        demo_people.mark(office, sitting, Mark.OPENED, Mark.READ)
        progress.until(plan.planned_start, "before the bell")
        disk = conduct.Disk.of(demo.settings.spool_dir, demo.settings.min_free_bytes)
        conduct.open_sitting(demo.database, BATCH, 1, demo.actor, clock, disk=disk, actual_start=plan.planned_start)
        demo_people.mark(office, sitting, Mark.STARTED)
        for after_s, camera, fault, seconds in SCRIPT:
            progress.until(plan.planned_start + timedelta(seconds=after_s), "examination")
            cameras.play(camera, fault, seconds)
            progress.note(f"{camera}: {fault} for {seconds} s")
        progress.until(plan.planned_end, "examination")
        conduct.close_sitting(demo.database, BATCH, 1, demo.actor, clock, actual_end=plan.planned_end)
        demo_people.mark(office, sitting, Mark.COLLECTED)
        demo_people.finish(office, sitting)
        demo_people.score(demo.settings.http_port, BATCH, _passwords(people))
        demo_people.mark(office, sitting, Mark.SEALED)
        progress.until(plan.planned_end + plan.tail, "papers are collected")
        progress.until_true(lambda: _complete(demo.database, sitting), SETTLE_S, "stored, decoded, judged")
        since = (clock.now() - plan.planned_end - plan.tail).total_seconds()
        progress.note(f"the report is complete {since:.1f} s after the window's end")


def _filmed(demo: _Demo, sitting: Sitting) -> bool:
    """Each camera of the hall has a closed file from before anybody came."""
    window = Interval(sitting.plan.recording_from, sitting.plan.planned_start)
    return all(demo.database.evidence.segments(camera, window) for camera in demo_hall.HANGING)


def _referred(demo: _Demo, sitting: Sitting, progress: display.Progress) -> None:
    """References of the hall's cameras, as an operator makes them of a trial."""
    archive = open_archive(demo.settings, demo.database)
    window = Interval(sitting.plan.recording_from, sitting.plan.planned_start)
    for camera in demo_hall.HANGING:
        made = make_reference(
            demo.database, archive, EYE, SITE, camera, span=window, actor=demo.actor, clock=SystemClock()
        )
        progress.note(f"{camera}: a reference of {made.pictures} pictures of the empty room")


def _report(database: Database, sitting: Sitting) -> SittingReport:
    return sitting_report(database, BATCH, 1, load_rule_pack(sitting.batch.rule_pack), SystemClock().now())


def _complete(database: Database, sitting: Sitting) -> bool:
    """Everything the report needs is there: each clause is judged, each segment lies in the object store."""
    waiting = database.evidence.segments_without_copy(Place.S3, 1) or database.evidence.open_runs()
    return not waiting and _report(database, sitting).verdict is not Verdict.PENDING


def _certified(
    demo: _Demo, sitting: Sitting, passwords: dict[str, str], console: Console
) -> tuple[demo_people.Certified, ...]:
    """The batch is closed and signed, its dossier filed, and whoever may have a certificate gets one."""
    database, settings, rules = demo.database, demo.settings, load_rule_pack(RULE_PACK)
    archive = open_archive(settings, database)
    demo_people.decide(settings.http_port, BATCH, passwords)
    closing.close(settings, database, BATCH, demo.actor, SystemClock(), reason="")
    demo_people.file_dossier(demo.office, archive, sitting)
    signer = Signer.kept(settings.signing_key_file)
    address = receipt_paper.address_at(settings.pages_address)
    certified = demo_people.certify(demo.office, archive, signer, sitting, rules, address=address)
    display.cases(console, cases_of(database, BATCH, rules, SystemClock().now()))
    display.certificates(console, certified)
    return certified


def _written(root: Path, report: SittingReport, sitting: Sitting, console: Console) -> None:
    """The report as an auditor gets it: JSON, and in each language a page and a file to keep."""
    (root / "report.json").write_text(json.dumps(to_json(report), ensure_ascii=False, indent=2) + "\n")
    pack = load_rule_pack(sitting.batch.rule_pack)
    for language in ("zh", "en"):
        paper = compose(report, language, site=sitting.site, rule_pack=pack)
        (root / f"report.{language}.html").write_text(as_html(paper))
        (root / f"report.{language}.pdf").write_bytes(as_pdf(paper))
    console.print(f"reports: {root}/report.json, report.zh.html, report.zh.pdf, report.en.html, report.en.pdf")
