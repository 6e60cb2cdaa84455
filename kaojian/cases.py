"""Where the command line has the cases at the gate from: what is known of each candidate of a batch, as of now.

They are gathered by ``records.candidacies``, which is asked for when it is needed: without it nothing can be issued.
Not here: what a case means (``domain.gate``).
"""

from __future__ import annotations

from datetime import datetime
from importlib import import_module

from config.rule_pack import RulePack
from domain.gate import Case
from records.errors import CertificateRefused
from storage.database import Database

_SOURCE = "records.candidacies"


def cases_of(database: Database, batch: str, rules: RulePack, now: datetime) -> tuple[Case, ...]:
    """The cases of a batch. Raises CertificateRefused where nothing gathers them."""
    try:
        source = import_module(_SOURCE)
    except ModuleNotFoundError as error:
        if error.name != _SOURCE:
            raise
        raise CertificateRefused(
            "nothing here gathers what is known of candidates, so no certificate can be issued 缺少考生考核情况"
        ) from None
    found: tuple[Case, ...] = source.cases_of(database, batch, rules, now)
    return found
