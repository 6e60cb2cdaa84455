"""A receipt of the exam that the dashboard is put over, whose batch is not closed. Not tests."""

from __future__ import annotations

from secrets import token_hex

from domain.receipt import RECEIPT_FORM, RECEIPTS, KeptReceipt, Receipt, code_of, easy_to_type, root_of
from domain.register import Draft
from records.receipts import leaves_of
from storage.manifest.form import signed
from storage.manifest.keys import publish
from tests.dashboard.exam import BATCH, SITE, TESTER, Exam
from tests.fakes.notary import SIGNER


def receipt_of(exam: Exam, ticket: str, certificate: str = "") -> str:
    """The code of a receipt, made now, that stands for the scans which are filed and nothing else."""
    now, key = exam.clock.now(), SIGNER.public
    publish(exam.database.closings, SIGNER, now)
    while True:
        leaves = leaves_of(exam.database, BATCH, (), ticket=ticket, certificate=certificate, salt=token_hex(32))
        if easy_to_type(root := root_of(leaves)):
            break
    receipt = Receipt(RECEIPT_FORM, SITE.id, BATCH, ticket, certificate, now, root, leaves, key)
    kept = KeptReceipt(BATCH, ticket, certificate, root, signed(SIGNER, receipt).decode("ascii"))
    code = code_of(root)
    draft = Draft(RECEIPTS, code.replace("-", ""), kept, BATCH, SITE.id, f"{BATCH}/{ticket}", after=0)
    exam.database.register.enter("make_receipt", BATCH, [draft], TESTER, now)
    return code
