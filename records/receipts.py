"""Evidence receipts 证据回执: made of what a certificate rests on, and checked against what is there now.

A receipt is made once and never changed; where what it rests on has changed since, its check says so, names the first
leaf that is not as it was, and another receipt may be made. A check goes in numbered steps:

1. The receipt is in its one form, signed by a key of this installation that signed at that time.
2. Its root is that of its leaves, and its code that of its root.
3. It is the very one that was kept under that code.
4. Each leaf is found again as it was: entries of the register, the signed footage of the batch, scans; none has gone
   and none has come.
5. Each scan is read from the object stores and hashed.

Footage itself is not read: `kaojian verify` does that. What the public is told names no candidate and no entry. Not
here: what a receipt is (``domain.receipt``), how it looks (``dashboard.papers.receipt``), and what a certificate is
to rest on, which whoever makes one says (``names``; ``names_of`` where nobody does).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from secrets import token_hex
from typing import Any

from domain.dossier import SCAN_COPIES, ScanCopy
from domain.gate import ISSUE_DECISIONS
from domain.manifest import Manifest
from domain.receipt import (
    RECEIPT_FORM,
    RECEIPTS,
    KeptReceipt,
    Leaf,
    Receipt,
    code_of,
    easy_to_type,
    first_difference,
    grouped,
    read_code,
    root_of,
)
from domain.register import Draft, Entry, Kind
from domain.roll import CANDIDATES, FEEDBACKS, SEATS, SIGN_INS, STATION_CHANGES, VIOLATIONS
from records.dossier import ordered_to_go, scans_of
from records.errors import NoSuchReceipt, ReceiptRefused
from records.roll import Desk
from records.scores import scores_of
from storage.archive import Archive
from storage.database import Database
from storage.errors import StorageError
from storage.manifest.form import FormRefused, document_of, read, read_signed, segments_root, signed
from storage.manifest.keys import publish, published
from storage.scans import Answer
from storage.signing import Signer

_ENTRY, _LINK, _SCAN = "entry ", "link ", "scan "
_SALT, _SEGMENTS = "salt", "segments"
_SALT_BYTES = 32
MOST_BYTES = 1 << 20
"""Of a file that is said to be a receipt."""


class State(StrEnum):
    """What a check found."""

    HOLDS = "holds"
    CHANGED = "changed"
    UNKNOWN = "unknown"  # a store does not answer, or all of it was disposed of in its time

    @property
    def zh(self) -> str:
        return {"holds": "一致", "changed": "已变动", "unknown": "无法核对"}[self.value]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found. ``label`` is the first leaf that is not as it was, "" where there is none; it may name the
    candidate's ticket, ``zh`` and ``en`` name nobody. ``notes`` are of copies that are lost while another is right.
    """

    code: str
    certificate: str
    state: State
    zh: str
    en: str
    label: str = ""
    notes: tuple[str, ...] = field(default=())


def leaves_of(
    database: Database,
    batch: str,
    names: Sequence[str],
    *,
    ticket: str,
    certificate: str = "",
    salt: str,
) -> tuple[Leaf, ...]:
    """What a receipt stands for, as it is now, in its order: whose it is, the salt, the entries of the register that
    ``names`` lists (``Entry.name``), the signed footage of the batch and of those from which the candidate keeps a
    subject, and every scan of its dossier.

    What is not there any more, or was revised since, has a value that no leaf of a receipt ever has. Raises
    DatabaseUnavailable.
    """
    whole = database.setup.batch(batch)
    return (
        Leaf("form", RECEIPT_FORM),
        Leaf("site", "" if whole is None else whole.site),
        Leaf("batch", batch),
        Leaf("ticket", ticket),
        Leaf("certificate", certificate),
        Leaf(_SALT, salt),
        *(Leaf(f"{_ENTRY}{name}", _entry_value(database, name)) for name in sorted(set(names))),
        *_footage_leaves(database, batch),
        *_kept_footage_leaves(database, batch, names),
        *(Leaf(f"{_SCAN}{each.thing.number}", each.thing.sha256) for each in scans_of(database, batch)),
    )


def names_of(database: Database, batch: str, ticket: str) -> tuple[str, ...]:
    """The entries that tell of one candidate of a batch, from the roster to the decision on the certificate."""
    register = database.register
    of_roll: tuple[Kind[Any], ...] = (CANDIDATES, SEATS, SIGN_INS, STATION_CHANGES, VIOLATIONS, ISSUE_DECISIONS)
    found: list[Entry[Any]] = []
    for kind in of_roll:
        found += [each for each in register.standing(kind, batch=batch) if each.thing.ticket == ticket]
    told = register.standing(FEEDBACKS, batch=batch)
    found += [each for each in told if any(one.ticket == ticket for one in each.thing.covered)]
    found += scores_of(database, batch).get(ticket, ())
    return tuple(entry.name for entry in found)


def make(
    desk: Desk, signer: Signer, batch: str, ticket: str, names: Sequence[str] = (), *, certificate: str = ""
) -> Entry[KeptReceipt]:
    """Make the receipt of a candidate, and of a certificate's number where there is one, and keep it. Where one says
    the same already, it is that one.

    ``names`` are the entries it rests on, such as ``domain.gate.Case.rests_on``; without any, ``names_of``. Entries
    that go on in steps after a certificate is issued do not belong there: each step would end the receipt. Raises
    UnknownBatch, ReceiptRefused, KeyRefused, RevisedMeanwhile.
    """
    site = desk.batch(batch).site
    database, certificate = desk.database, certificate.strip()
    if database.register.find(CANDIDATES, f"{batch}/{ticket}") is None:
        raise ReceiptRefused(f"there is no candidate {ticket} on the roll of batch {batch}; `kaojian roster show`")
    others = {each.thing.ticket for each in of_certificate(database, certificate)} - {ticket}
    if others:
        raise ReceiptRefused(
            f"certificate {certificate} has a receipt of another candidate; look at its number again"
        )
    chosen = tuple(names) or names_of(database, batch, ticket)
    leaves = leaves_of(database, batch, chosen, ticket=ticket, certificate=certificate, salt="")
    _refuse_what_is_not_there(batch, leaves)
    mark = f"{batch}/{ticket}"
    for entry in database.register.standing(RECEIPTS, mark=mark):
        made, _ = read_signed(Receipt, entry.thing.text.encode())
        if [each for each in made.leaves if each.label != _SALT] == [each for each in leaves if each.label != _SALT]:
            return entry
    leaves = _salted(leaves)
    publish(database.closings, signer, desk.now)
    root = root_of(leaves)
    receipt = Receipt(RECEIPT_FORM, site, batch, ticket, certificate, desk.now, root, leaves, signer.public)
    kept = KeptReceipt(batch, ticket, certificate, root, signed(signer, receipt).decode("ascii"))
    key = _plain(code_of(root))
    (entry,) = database.register.enter(
        "make_receipt", batch, [Draft(RECEIPTS, key, kept, batch, site, mark, after=0)], desk.actor, desk.now
    )
    return entry


def find(database: Database, code: str) -> Entry[KeptReceipt]:
    """The receipt of a code, however it was typed. Raises NoSuchReceipt."""
    plain = read_code(code)
    if plain is None:
        raise NoSuchReceipt("that is no code of a receipt, or a character of it is wrong 回执码有误: type it again")
    found = database.register.find(RECEIPTS, plain)
    if found is None:
        raise NoSuchReceipt(f"no receipt {grouped(plain)} was made here 没有此回执: ask whoever issued it")
    return found


def of_certificate(database: Database, certificate: str) -> list[Entry[KeptReceipt]]:
    """The receipts of a certificate's number, the newest last."""
    wanted = certificate.strip()
    found = [each for each in database.register.standing(RECEIPTS) if wanted and each.thing.certificate == wanted]
    return sorted(found, key=lambda each: each.act)


def of_batch(database: Database, batch: str) -> list[Entry[KeptReceipt]]:
    """The receipts of a batch, the newest last."""
    return sorted(database.register.standing(RECEIPTS, batch=batch), key=lambda each: each.act)


def opened(entry: Entry[KeptReceipt]) -> Receipt:
    """The receipt that was kept. Raises FormRefused where its bytes are not in their form any more."""
    return read_signed(Receipt, entry.thing.text.encode())[0]


def check_code(database: Database, archive: Archive, code: str) -> Checked:
    """Check the receipt of a code. Raises NoSuchReceipt, DatabaseUnavailable."""
    entry = find(database, code)
    return _checked(database, archive, _bytes_of(entry), entry.key)


def check_file(database: Database, archive: Archive, data: bytes) -> Checked:
    """Check a receipt as it was handed out: its canonical JSON. Raises DatabaseUnavailable."""
    return _checked(database, archive, data[: MOST_BYTES + 1], None)


def _checked(database: Database, archive: Archive, data: bytes, key: str | None) -> Checked:
    """The numbered steps; ``key`` is what the receipt is kept under, None where that is to be found out."""
    try:
        receipt, signature = read_signed(Receipt, data)
    except FormRefused as error:
        en = f"the receipt is not in its form ({error})"
        return Checked(grouped(key or ""), "", State.CHANGED, "回执不是原样", en)
    code = code_of(receipt.root) if _is_digest(receipt.root) else ""
    fault = _fault(database, receipt, signature, data, key)
    if fault is None and (label := first_difference(receipt.leaves, _now(database, receipt))) is not None:
        return _changed(receipt, label)
    if fault is not None:
        return Checked(code, receipt.certificate, State.CHANGED, *fault)
    return _with_scans(database, archive, receipt)


def _fault(
    database: Database, receipt: Receipt, signature: str, data: bytes, key: str | None
) -> tuple[str, str] | None:
    """Steps 1 to 3: what is wrong with the receipt itself, in both languages."""
    keys = published(database.closings)
    if receipt.form != RECEIPT_FORM or not keys.holds(receipt, signature, receipt.key, receipt.made_at):
        return "回执签名不符", "the receipt is not signed by a key of this installation"
    if root_of(receipt.leaves) != receipt.root or not _agrees(receipt):
        return "回执根值不符", "the receipt's root is not that of its leaves"
    plain = _plain(code_of(receipt.root))
    if key not in {None, plain}:
        return "回执码不符", "the receipt lies under another code"
    kept = database.register.find(RECEIPTS, plain)
    if kept is None or _bytes_of(kept) != data:
        return "登记的回执不是此件", "another receipt, or none, is kept under its code"
    return None


def _changed(receipt: Receipt, label: str, notes: tuple[str, ...] = ()) -> Checked:
    zh, en = _called(label)
    zh, en = f"{zh}与出具时不一致", f"{en} is not as it was when the receipt was made"
    return Checked(code_of(receipt.root), receipt.certificate, State.CHANGED, zh, en, label, notes)


def _with_scans(database: Database, archive: Archive, receipt: Receipt) -> Checked:
    """Step 5: the bytes of each scan."""
    gone = ordered_to_go(database, receipt.batch)
    if gone is not None:
        zh, en = (
            f"考核材料已按处置清单{gone.disposal}到期销毁",
            f"the dossier was disposed of by list {gone.disposal}",
        )
        return Checked(code_of(receipt.root), receipt.certificate, State.UNKNOWN, zh, en)
    copies: dict[str, list[ScanCopy]] = {}
    for entry in database.register.standing(SCAN_COPIES, batch=receipt.batch):
        copies.setdefault(entry.thing.sha256, []).append(entry.thing)
    notes: list[str] = []
    silent = ""
    for leaf in receipt.leaves:
        if not leaf.label.startswith(_SCAN):
            continue
        answers = {copy.bucket: archive.scans.reread(copy) for copy in copies.get(leaf.value, [])}
        wrong = [f"{leaf.label} in {bucket}: {answer} {answer.zh}" for bucket, answer in answers.items()]
        if Answer.RIGHT in answers.values():
            notes += [
                each for each, answer in zip(wrong, answers.values(), strict=True) if answer is not Answer.RIGHT
            ]
        elif Answer.UNREACHABLE in answers.values():
            silent = silent or leaf.label
        else:
            return _changed(receipt, leaf.label, tuple(wrong))
    code = code_of(receipt.root)
    if silent:
        zh, en = "存储暂时无法读取，请稍后再核对", "an object store does not answer; ask again later"
        return Checked(code, receipt.certificate, State.UNKNOWN, zh, en, silent, tuple(notes))
    zh = f"考核档案与出具时一致（{len(receipt.leaves)}项）"
    en = f"the dossier is as it was when the receipt was made ({len(receipt.leaves)} leaves)"
    return Checked(code, receipt.certificate, State.HOLDS, zh, en, "", tuple(notes))


def _now(database: Database, receipt: Receipt) -> tuple[Leaf, ...]:
    """The leaves as they would be today, with the entries and the salt of the receipt."""
    labels = [each.label for each in receipt.leaves]
    return leaves_of(
        database,
        receipt.batch,
        [each.removeprefix(_ENTRY) for each in labels if each.startswith(_ENTRY)],
        ticket=receipt.ticket,
        certificate=receipt.certificate,
        salt=next((each.value for each in receipt.leaves if each.label == _SALT), ""),
    )


def _agrees(receipt: Receipt) -> bool:
    """Whether what stands beside the leaves is what the leaves say."""
    head = (receipt.form, receipt.site, receipt.batch, receipt.ticket, receipt.certificate)
    labels = ("form", "site", "batch", "ticket", "certificate")
    return receipt.leaves[: len(head)] == tuple(map(Leaf, labels, head))


def _entry_value(database: Database, name: str) -> str:
    found = database.register.named(name)
    if found is None:
        return "not there"
    revision = name.rpartition("@")[2]
    return found.sha256 if revision == str(found.last) else f"revised: {found.last}"


def _kept_footage_leaves(database: Database, batch: str, names: Sequence[str]) -> Iterator[Leaf]:
    """Of the other batches that these entries of candidates are of: from there the candidate keeps a subject."""
    of_roll = f"{CANDIDATES.name}/"
    keys = {name.removeprefix(of_roll).rpartition("@")[0] for name in names if name.startswith(of_roll)}
    found = (database.register.history(CANDIDATES, key) for key in sorted(keys))
    for other in sorted({entries[-1].batch for entries in found if entries} - {batch}):
        found_there = tuple(_footage_leaves(database, other, f"/{other}"))
        yield from found_there or (Leaf(f"{_SEGMENTS}/{other}", "not signed, for that batch is not closed"),)


def _footage_leaves(database: Database, batch: str, whose: str = "") -> Iterator[Leaf]:
    """The last link of the batch in its site's chain, and the root over the segments that its manifest states, both
    computed anew from what is kept. ``whose`` ends the label of the root for another batch than the receipt's.
    """
    link = database.closings.latest(batch)
    if link is None:
        return
    yield Leaf(f"{_LINK}{link.site}/{link.number}", sha256(link.data).hexdigest())
    try:
        document = database.closings.document(link.manifest)
        whole = document_of(document).sha256 == link.manifest
        root = segments_root(read(Manifest, document).segments) if whole else "changed"
    except StorageError:
        root = "not there"
    yield Leaf(f"{_SEGMENTS}{whose}", root)


def _refuse_what_is_not_there(batch: str, leaves: Sequence[Leaf]) -> None:
    labels = [each.label for each in leaves]
    if "segments" not in labels:
        raise ReceiptRefused(f"batch {batch} is not closed, so that no footage is signed; `kaojian batch close`")
    for leaf in leaves:
        name = leaf.label.removeprefix(_ENTRY)
        if leaf.label.startswith(_ENTRY) and not _is_digest(leaf.value):
            raise ReceiptRefused(f"{name} is {leaf.value}: a receipt rests on what stands in the register now")
        if leaf.label.startswith(_SEGMENTS) and not _is_digest(leaf.value):
            whose = leaf.label.partition("/")[2] or batch
            raise ReceiptRefused(f"the manifest of batch {whose} is {leaf.value}; `kaojian check`")


def _salted(leaves: Sequence[Leaf]) -> tuple[Leaf, ...]:
    """With a salt of which the code is easy to type."""
    while True:
        salt = Leaf(_SALT, token_hex(_SALT_BYTES))
        made = tuple(salt if each.label == _SALT else each for each in leaves)
        if easy_to_type(root_of(made)):
            return made


def _called(label: str) -> tuple[str, str]:
    """A sort of leaf in words, in which nobody is named."""
    if label.startswith(_ENTRY):
        return "登记条目", "an entry of the register"
    if label.startswith(_SCAN):
        return "归档扫描件", "a scan of the dossier"
    if label.startswith((_LINK, _SEGMENTS)):
        return "现场录像的签名清单", "the signed manifest of the footage"
    return "回执所属信息", "what the receipt is of"


def _is_digest(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _bytes_of(entry: Entry[KeptReceipt]) -> bytes:
    """As they were signed; what somebody put there that is no text of ours fits no signature."""
    return entry.thing.text.encode("utf-8", "replace")


def _plain(code: str) -> str:
    return code.replace("-", "")
