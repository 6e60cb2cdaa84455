"""What acts and viewings are written down with, from the settings. Apart from ``kaojian.audit``, which loads all that
a check needs: at the bell a command must not take long to begin."""

from __future__ import annotations

from config.settings import Settings
from storage.audit.notary import Notary
from storage.signing import Signer


def notary_of(settings: Settings) -> Notary:
    """What a process that writes acts or viewings down connects with; the key is made where there is none yet.

    Raises KeyRefused, OSError.
    """
    return Notary(Signer.kept(settings.signing_key_file), settings.data_dir)
