"""Disposal lists on the command line, put together from the settings: shown, carried out, and their papers checked.

Not here: the rules (``domain.disposal``), the workflow (``records.disposal``, ``records.disposing``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from config.s3 import Duty
from config.settings import Settings
from domain.people import Actor
from domain.timeline import Clock, SystemClock, rfc3339
from ingest.host_clock import HostWitnesses
from kaojian.audit import objects_of
from kaojian.wiring import open_archive
from records import disposal as records
from records.disposal import Basis
from records.disposing import Outcome, Papers, Progress
from records.disposing import carry_out as carry_out_list
from records.errors import NotApproved
from storage.database import Database
from storage.errors import KeyRefused
from storage.manifest import destruction, withheld
from storage.manifest.destruction import PaperRefused
from storage.manifest.form import written
from storage.manifest.keys import PublishedKeys, published
from storage.signing import Signer

KEYS = "keys.json"


def basis_of(settings: Settings, database: Database, clock: Clock, duty: Duty = Duty.READ) -> Basis:
    """On what it is judged whether footage may go, and with which duty at the object store."""
    witnesses = HostWitnesses(objects_of(settings, duty))
    return Basis(database, open_archive(settings, database, clock, duty), witnesses, clock)


def carry_out(
    settings: Settings, database: Database, number: int, *, actor: Actor, clock: Clock, tell: Progress
) -> Outcome:
    """Carry out a list. Raises as ``records.disposing.carry_out``, KeyRefused, OSError."""
    objects = objects_of(settings)
    if objects is None:
        raise NotApproved("no object store is set up, so that no paper of a disposal could be kept under lock")
    papers = Papers(Signer.read(settings.signing_key_file), objects)
    return carry_out_list(basis_of(settings, database, clock, Duty.DISPOSE), papers, number, actor, tell)


def table(database: Database, clock: Clock) -> Table:
    """All lists, the latest first."""
    found = _table("List", "State", "Batches", "Proposed", "By", "Reason", "Approved by")
    now = clock.now()
    for each in database.disposals.latest():
        state = each.state(now)
        approvals = "\n".join(f"{one.actor.name} ({one.role}) {rfc3339(one.at)}" for one in each.approvals)
        since, who, why = rfc3339(each.proposed.at), each.proposed.actor.name, each.proposed.reason
        _add(found, str(each.number), f"{state} {state.zh}", "\n".join(each.batches), since, who, why, approvals)
    return found


def due_table(settings: Settings, database: Database) -> Table:
    """The batches whose time of keeping is over, each with what stands against disposing of it."""
    found = _table("Batch", "Kept until", "Segments", "Bytes", "Stands against it")
    batches = [each.id for each in database.setup.batches()]
    for each in records.due(basis_of(settings, database, SystemClock()), batches):
        against = "\n".join(f"{one.what.zh} ({one.what}): {one.detail}" for one in each.objections)
        until = rfc3339(each.retained_until)
        _add(found, each.batch, until, str(each.segments), str(each.size_bytes), against or "nothing 可提出处置")
    return found


def told(database: Database, number: int, clock: Clock) -> Iterator[str]:
    """A list in lines for people. Raises UnknownDisposal."""
    listed = database.disposals.find(number)
    state, proposed = listed.state(clock.now()), listed.proposed
    yield f"disposal list 处置清单 {number}: {state} {state.zh}"
    yield f"proposed 提出: {rfc3339(proposed.at)} {proposed.actor.name}: {proposed.reason}"
    yield f"digest 摘要: {listed.digest}"
    for each in listed.decisions:
        role = "" if each.role is None else f" ({each.role})"
        yield f"{each.what}: {rfc3339(each.at)} {each.actor.name}{role} {each.reason}".rstrip()
    for going in records.content(database, listed).batches:
        done = "destroyed 已销毁" if going.batch in listed.destroyed else "ordered 已下处置令"
        what = done if going.batch in listed.ordered else "there 未处置"
        yield (
            f"batch {going.batch}: {len(going.segments)} segments, {going.size_bytes} bytes, kept until "
            f"{rfc3339(going.retained_until)}, manifest {going.link_number}:{going.link_digest}: {what}"
        )
    for paper in database.disposals.papers_of(number):
        yield f"{paper.kind} of batch {paper.batch}: paper {paper.number}:{paper.digest} of site {paper.site}"


def outcome_lines(outcome: Outcome) -> Iterator[str]:
    """What carrying out did, in lines for people."""
    for each in outcome.batches:
        paper = each.certificate
        if paper is None:
            yield f"batch {each.batch}: {each.removed} copies removed, not all of them 未处置完"
        else:
            yield f"batch {each.batch}: {each.removed} copies removed, none is left 已销毁"
            yield f"certificate of destruction 销毁证明: paper {paper.number}:{paper.digest} of site {paper.site}"
    if not outcome.batches:
        yield f"list {outcome.listed.number} was carried out before; its papers lie in the object store"


def write_papers(database: Database, number: int, folder: Path) -> int:
    """Write all papers of the sites of a list into a new folder, with the public keys: how many papers.

    Raises UnknownDisposal, OSError.
    """
    sites = list(
        dict.fromkeys(each.site for each in records.content(database, database.disposals.find(number)).batches)
    )
    folder.mkdir()
    (folder / KEYS).write_bytes(written(published(database.closings)))
    count = 0
    for site in sites:
        (folder / site).mkdir()
        for paper in database.disposals.papers(site):
            (folder / site / f"{paper.number:06d}-{paper.digest}.json").write_bytes(paper.data)
            count += 1
    return count


def verified(folder: Path, trusted: Sequence[str]) -> Iterator[str]:
    """Check papers in a folder by keys that the checker brings along, each told once it holds.

    Raises PaperRefused, KeyRefused, OSError.
    """
    keys = PublishedKeys.read((folder / KEYS).read_bytes())
    if not keys.is_believed(trusted):
        raise KeyRefused("none of the keys in the folder is one that you trust; somebody else may have signed it")
    folders = sorted(each for each in folder.iterdir() if each.is_dir() and each.name != withheld.FOLDER)
    cameras = sorted((folder / withheld.FOLDER).glob("*/"))
    if not folders and not cameras:
        raise PaperRefused(f"{folder} holds no paper")
    for site in folders:
        for checked in destruction.check(_papers(site), keys):
            yield f"holds 有效: {checked}"
    for camera in cameras:
        for destroyed in withheld.check(_papers(camera), keys):
            yield f"holds 有效: {destroyed}"


def _papers(folder: Path) -> list[bytes]:
    papers = [each.read_bytes() for each in sorted(folder.glob("*.json"))]
    if not papers:
        raise PaperRefused(f"{folder} holds no paper")
    return papers


def _table(*headings: str) -> Table:
    found = Table(show_edge=False)
    for heading in headings:
        found.add_column(heading, overflow="fold")
    return found


def _add(found: Table, *cells: str) -> None:
    found.add_row(*(Text(cell) for cell in cells))
