"""Everything that can go wrong in storage, as one tree. No message here carries a password or a candidate's name.

    StorageError
    ├── DatabaseUnavailable        the database cannot be opened, does not answer or refuses to write
    │   └── SchemaUnknown          the database was written by a later version of Kaojian
    ├── SealRefused                an entry is in the database and cannot be sealed outside of it
    ├── CopyRefused                a folder is no copy of the records
    ├── KeyMissing                 a process that was given no key is to add to a record: a bug of ours
    ├── KeyRefused                 a file of a key holds none, or can be read by others, or opens nothing of ours
    ├── RowRefused                 the row breaks a rule of the schema: a bug, and no trying again will mend it
    ├── UnknownRow                 the call names something that was never written
    │   ├── UnknownSite
    │   ├── UnknownBatch
    │   ├── UnknownSitting
    │   ├── UnknownAccount
    │   ├── UnknownSession
    │   ├── UnknownHold
    │   ├── UnknownDisposal
    │   ├── UnknownWithholding
    │   ├── UnknownToken
    │   └── UnknownPermit
    ├── ConflictingRow             the call contradicts something already written, which stays as it is
    │   ├── ConflictingSegment
    │   ├── ConflictingCopy
    │   ├── CameraBelongsElsewhere
    │   ├── NameTaken
    │   ├── GlassIsBroken
    │   ├── FactorStands
    │   ├── IdentityTaken
    │   └── RevisedMeanwhile
    └── WrongState                 the act does not fit the state of the sitting or the permit
        ├── AlreadyOpen
        ├── NotOpen
        ├── AlreadyClosed
        ├── MarkStands
        ├── AlreadyDecided
        └── SetupChanged

The modules for media, objects, archive and manifests draw their own branches of StorageError where they stand.
"""

from __future__ import annotations


class StorageError(Exception):
    """Base of everything that goes wrong in storage. The message is one line for people and says what to do."""


class DatabaseUnavailable(StorageError):
    """The database cannot be opened, does not answer or refuses to write. Nothing of the call was written."""


class SchemaUnknown(DatabaseUnavailable):
    """The database carries a revision that this version does not know; it is left untouched."""


class SealRefused(StorageError):
    """The file of seals cannot be written. What was to be shown must not be shown."""


class CopyRefused(StorageError):
    """The folder is no copy of the records; says which line is not."""


class KeyMissing(StorageError):
    """The process was given no key to sign entries with, and unsigned ones are never written."""


class KeyRefused(StorageError):
    """A file of a key holds no such key, others may read it, or it is not the one that a secret was sealed with."""


class RowRefused(StorageError):
    """The database works and will never take this row. Nothing of the call was written."""


class UnknownRow(StorageError):
    """The call names something that was never written."""


class UnknownSite(UnknownRow):
    """No revision of that site is valid at the instant asked for."""


class UnknownBatch(UnknownRow):
    """No revision of that batch is valid at the instant asked for."""


class UnknownSitting(UnknownRow):
    """The batch is known and has no sitting of that number."""


class UnknownAccount(UnknownRow):
    """There is no account of that name."""


class UnknownSession(UnknownRow):
    """There is no such session, it has ended, or it is not of the account that asks."""


class UnknownHold(UnknownRow):
    """There is no hold of that number, or it was lifted."""


class UnknownDisposal(UnknownRow):
    """There is no disposal list of that number, or none that concerns who asks."""


class UnknownWithholding(UnknownRow):
    """There is no withholding of that number, or none that concerns who asks."""


class UnknownToken(UnknownRow):
    """There is no such token, or it is not of the account that asks."""


class UnknownPermit(UnknownRow):
    """There is no such permit, or none that concerns the account that asks."""


class ConflictingRow(StorageError):
    """The call contradicts something already written, which stays as it is."""


class ConflictingSegment(ConflictingRow):
    """A segment of that key was written before, with other content."""


class ConflictingCopy(ConflictingRow):
    """The copy's size or hash is not the segment's, or the same copy was written before with other content."""


class CameraBelongsElsewhere(ConflictingRow):
    """The camera's id is in use at another site: footage is found by camera and time alone."""


class NameTaken(ConflictingRow):
    """An account of that name exists or existed: a name stands for one person for ever."""


class GlassIsBroken(ConflictingRow):
    """An emergency account is open; there is never more than one."""


class FactorStands(ConflictingRow):
    """The account has a second factor; it is removed before another one takes its place."""


class IdentityTaken(ConflictingRow):
    """The account, or the subject of the provider, is linked already: one person, one account."""


class RevisedMeanwhile(ConflictingRow):
    """What was to be revised is not what the writer saw: somebody else was there first. Nothing was entered."""


class WrongState(StorageError):
    """The act does not fit the state of the sitting or the permit."""


class MarkStands(WrongState):
    """The sitting has that mark already, and nobody said why it is to be corrected. Nothing was written."""


class AlreadyOpen(WrongState):
    """The sitting was opened before."""


class NotOpen(WrongState):
    """The sitting was never opened."""


class AlreadyClosed(WrongState):
    """The sitting was closed before."""


class AlreadyDecided(WrongState):
    """What was decided on the permit before leaves nothing of that kind to decide."""


class SetupChanged(WrongState):
    """The set-up was changed between reading it and opening the sitting on it. Nothing was written; try again."""
