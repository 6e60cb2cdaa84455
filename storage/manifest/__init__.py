"""What is signed when a batch is closed: its form, the keys that sign it, taking it away, and checking it elsewhere.

``form`` turns values into bytes and back, ``keys`` says whose signature holds when, ``stamps`` what an outside
authority vouches for and ``authority`` how it is asked, ``keeping`` brings documents under lock, ``exporting`` writes
a batch into a folder or a ZIP, ``verifying`` checks one without server or database, ``trees`` is how both are read,
and ``stored`` checks a batch where it lies under lock. docs/evidence-format.md describes it all for those who write a
verifier of their own. Not here: what has to be true for a batch to be closed (``records.closing``).

    StorageError
    ├── FormRefused      bytes that are not in the one form that they should have
    ├── NotClosed        the batch was never closed, and nothing of it is signed
    ├── ExportRefused    an export would lack footage, or the clock is behind
    ├── StampRefused     a time stamp that does not hold
    ├── RootsRefused     a file without certificates to judge time stamps by
    ├── AuthoritySilent  the time stamp authority gives no stamp
    ├── TargetExists     something lies where an export was to be written
    └── NotVerified      the first thing of an export that does not hold, in both languages
        └── TreeRefused  a folder or ZIP that cannot be read as one of ours
"""
