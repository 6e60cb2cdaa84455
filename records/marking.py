"""阅卷安排: who is authorised to mark the written papers of a batch (clause 六(六)).

The city centre marks, or lets a site assist by a document. Each order has an id, which scores of written papers
name as their scorer. Not here: what a mark without such an order means (``domain.scores``,
``records.score_rules``).
"""

from __future__ import annotations

from dataclasses import replace

from domain.grounds import Method
from domain.register import Draft, Entry
from domain.roll import TICKET
from domain.scores import MARKING_ORDERS, MarkingOrder
from domain.timeline import rfc3339
from records.errors import ImpossibleTime, MarkingRefused, NoReason
from records.exam_papers import norm_of_batch
from records.roll import Desk
from storage.database import Database


def order(desk: Desk, told: MarkingOrder, reason: str = "") -> Entry[MarkingOrder]:
    """That the centre signed who marks a subject. The same again changes nothing; another of that id wants a reason.

    Raises UnknownBatch; MarkingRefused for a site without a document, or a subject that is not written;
    ImpossibleTime; NoReason; RevisedMeanwhile.
    """
    batch = desk.batch(told.batch)
    told = replace(told, site=told.site.strip(), document=told.document.strip(), subject=told.subject.strip())
    if not TICKET.fullmatch(told.id):
        raise MarkingRefused(
            "the id of an order has letters, digits, points and hyphens, 40 at most 阅卷安排编号格式不符"
        )
    if not told.is_authorised:
        raise MarkingRefused(
            f"site {told.site} marks only where the centre authorised it; give the number of the document "
            "考场协助阅卷须有授权文号"
        )
    if told.site and told.site != batch.site:
        raise MarkingRefused(
            f"batch {batch.id} is held at {batch.site}, so {told.site} does not assist in marking it"
        )
    if told.signed > desk.now:
        raise ImpossibleTime(f"{rfc3339(told.signed)} is in the future; now it is {rfc3339(desk.now)}")
    _refuse_subject(desk, told)
    before = desk.database.register.find(MARKING_ORDERS, f"{batch.id}/{told.id}")
    if before is not None and before.value == told:
        return before
    if before is not None and not reason.strip():
        raise NoReason(f"{before.name} stands since {rfc3339(before.at)}; say why it is changed 更改须说明原因")
    draft = Draft(
        MARKING_ORDERS,
        f"{batch.id}/{told.id}",
        told,
        batch.id,
        batch.site,
        after=0 if before is None else before.revision,
    )
    (entry,) = desk.database.register.enter("order_marking", batch.id, [draft], desk.actor, desk.now, reason=reason)
    return entry


def authorised_markings(database: Database, batch: str) -> frozenset[str]:
    """The ids of the orders by which written papers of a batch may be marked, for ``Markers.authorised``."""
    return frozenset(entry.thing.id for entry in orders_of(database, batch) if entry.thing.is_authorised)


def orders_of(database: Database, batch: str) -> tuple[Entry[MarkingOrder], ...]:
    """The orders of a batch, by id. Raises DatabaseUnavailable."""
    return tuple(database.register.standing(MARKING_ORDERS, batch=batch))


def _refuse_subject(desk: Desk, told: MarkingOrder) -> None:
    if not told.subject:
        raise MarkingRefused("name the subject that is marked 请填写科目")
    norm = norm_of_batch(desk.database, desk.batch(told.batch))
    if norm is None:
        return
    written = [each.name for each in norm.subjects if each.method is Method.WRITTEN]
    if told.subject not in written:
        raise MarkingRefused(
            f"{told.subject} is no written subject of the norm {norm.id}, which has: {', '.join(written) or 'none'}; "
            "practical work is marked by the panel, and a machine signs its own result"
        )
