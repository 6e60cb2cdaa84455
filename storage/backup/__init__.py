"""The backup of an installation: database, keys and set-up in one sealed file, and the machine made anew from it.

``envelope`` seals a file so that only the recovery key opens it, ``contents`` says what lies in one and signs it,
``writing`` and ``reading`` make and open one, ``shelf`` brings it under lock and finds it there, ``restoring`` puts
its parts in their places, and ``comparing`` says what the object store knows beyond a database. Not here: footage,
which lies in the object store itself (``records.rebuilding`` brings its rows back), and when backups are made
(``kaojian.backup``).

    StorageError
    ├── RecoveryKeyRefused   text that is no recovery key, or was copied with a mistake
    ├── EnvelopeRefused      a file that is no backup, was sealed for another key, was changed or is cut short
    ├── BackupRefused        what was opened is not what was signed, or by a key that nobody named
    ├── BackupFailed         the backup cannot be made now; says why
    └── RestoreRefused       something lies where the backup would go, or a program that is needed is missing
"""
