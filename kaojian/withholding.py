"""Withholdings of footage that shows a 禁摄区 by mistake, put together from the settings: on the command line, and
their statements brought under lock while the dashboard serves.

Not here: the rules (``domain.withholding``) and the workflow (``records.withholding``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import structlog

from config.s3 import Duty
from config.settings import Settings
from domain.people import Actor
from domain.timeline import Clock, rfc3339
from domain.withholding import Withholding
from kaojian.audit import objects_of
from kaojian.beside import again_and_again, beside
from kaojian.disposal import KEYS
from kaojian.wiring import open_archive
from records import withholding as records
from records.disposing import Papers
from records.errors import NotApproved
from records.withholding import Destruction
from storage.database import Database
from storage.manifest import withheld
from storage.manifest.form import written
from storage.manifest.keys import published
from storage.objects import Objects
from storage.signing import Signer

LOOK_S = 30.0
"""How often it is looked whether something was said of a withholding that no statement in the store tells."""

_log = structlog.get_logger()

WHO_DECIDES = (
    "a city officer and a city supervisor, neither of them you, confirm it or decline it over the API "
    "须由市级经办人与市级督导员各一人认定；that time is a gap 所涉时段计为断档"
)


def destroy(settings: Settings, database: Database, number: int, *, actor: Actor, clock: Clock) -> Destruction:
    """Destroy what a confirmed withholding reaches. Raises as ``records.withholding.destroy``, OSError."""
    objects = objects_of(settings)
    if objects is None:
        raise NotApproved("no object store is set up, so that no certificate could be kept under a lock")
    papers = Papers(Signer.read(settings.signing_key_file), objects)
    archive = open_archive(settings, database, clock, Duty.READ)
    return records.destroy(database, archive, papers, number, actor=actor, clock=clock)


@contextmanager
def stated_under_lock(
    database: Database, signer: Signer, objects: Objects | None, clock: Clock, look_s: float = LOOK_S
) -> Iterator[None]:
    """Have what is said of withholdings signed and stored, at once and again and again, until the block ends.

    A store that does not answer holds nothing up but this.
    """
    if objects is None:
        yield
        return
    keep = partial(withheld.keep, database.withholdings, database.closings, signer, objects)
    stated = list[tuple[int, int]]()

    def look() -> None:
        nonlocal stated
        said = [(each.number, each.step) for each in database.withholdings.all()]
        if said != stated:
            keep(clock.now())
            stated = said

    told = {"failed": "withholdings_not_stated", "goes_on": "withholdings_stated_again"}
    with beside("withholdings", lambda stop: again_and_again(look, stop, look_s, **told)):
        yield


def write_papers(database: Database, number: int, folder: Path) -> int:
    """Write the certificates of a withholding into a new folder, with the public keys: how many.

    Raises UnknownWithholding, OSError.
    """
    found, papers = database.withholdings.find(number), database.withholdings.papers(number)
    below = folder / withheld.FOLDER / found.camera
    below.mkdir(parents=True)
    (folder / KEYS).write_bytes(written(published(database.closings)))
    for paper in papers:
        (below / withheld.certificate_name(paper)).write_bytes(paper.data)
    return len(papers)


def told(database: Database, found: Withholding) -> Iterator[str]:
    """A withholding in lines for people."""
    reached = records.reach(database, found)
    until = "until further notice 未止" if found.until is None else rfc3339(found.until)
    yield f"withholding 误摄扣留 {found.number}: {found.state} {found.state.zh}"
    yield f"camera {found.camera}, {rfc3339(found.start)} to {until}"
    yield f"ordered 提出: {rfc3339(found.ordered.at)} {found.ordered.actor.name}: {found.ordered.reason}"
    if found.ended is not None:
        yield f"ended 终止: {rfc3339(found.ended.at)} {found.ended.actor.name}: {found.ended.reason}"
    for each in found.decisions:
        yield f"{each.what}: {rfc3339(each.at)} {each.actor.name} ({each.role}) {each.reason}".rstrip()
    yield f"files 录像文件: {len(reached.files)}, of batches {', '.join(sorted(reached.batches)) or 'none'}"
    if reached.stored:
        longest = "nobody knows when" if reached.locked_until is None else rfc3339(reached.locked_until)
        yield (
            f"{reached.stored} of them were STORED ALREADY 已锁定存储，不能删除: in the object store until "
            f"{longest}; nobody is given them, and they go by a disposal list once their time is over"
        )
    for batch in sorted(reached.closed):
        yield (
            f"batch {batch} is closed, and its manifest states files of it: "
            f"`kaojian batch close {batch} --reason` amends that"
        )
    for paper in database.withholdings.papers(found.number):
        yield f"certificate of destruction 销毁证明: paper {paper.number}:{paper.digest}"
