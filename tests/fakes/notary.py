"""A notary whose key is kept nowhere, for tests in which acts are written down and nobody checks the record."""

from __future__ import annotations

from storage.audit.notary import Notary
from storage.signing import Signer

SIGNER = Signer.new()
NOTARY = Notary(SIGNER, None)
