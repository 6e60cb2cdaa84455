"""Brings back from the object stores what an empty or restored database does not know of the footage in them.

One store after the other is asked, the first one first, so that each fills in what those before it have lost; one
that does not answer is told and left out.

1. The public keys come from the store, where one of them is believed, or are those of the database.
2. The links of each site's chain are read in their order, and every signature is checked. What the manifest of a link
   states that the database has not is written down as it stands there: segments, what opening them had shown, runs,
   gaps with their causes. Its link is written last: one that is in the database was taken in whole.
3. Papers of disposals and of withheld footage are checked, and what they attest is written down
   (``records.attesting``): footage that went by order is disposed of and not lost, withheld footage is withheld.
4. Objects outside of every manifest are read whole: hash, head, the times of their pictures, what they tell missing.
   Nobody has opened them; the analysis will.
5. A copy is written down only after its bytes were read back and compared, in each store, whatever was stated.

What nobody states and no file tells stays unknown: time of which no footage is found, and in which no recorder was
seen alive, gets the cause ``unexplained``. Rows that come back this way hang on recorders whose ids begin with
``ADOPTED``, which says of them that nobody saw them alive. Killed at any point, the next run goes on; one that finds
nothing new changes nothing.

Not here: files in a spool, which the recorder takes in when it starts (``ingest.reconcile``: run this first, so that
it finds the runs), set-up, people and scores, which only a backup has (``kaojian.backup``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress

from domain.chain import Seal
from domain.manifest import BEFORE_THE_FIRST_LINK, Link, Manifest, lost_by_amending
from domain.timeline import Clock
from records.adopting import Adopting, Progress, Rebuilt
from records.attesting import Attesting, named_bytes
from records.restating import Restating
from storage.backup.comparing import stored_batches
from storage.database import Database
from storage.database.closings import KeptKey, KeptLink, KeptStamp
from storage.errors import ConflictingRow, KeyRefused, StorageError, UnknownRow
from storage.manifest import keeping
from storage.manifest.form import FormRefused, read, read_signed, segments_root
from storage.manifest.keys import PublishedKeys, published
from storage.manifest.stamps import StampRefused, read_unjudged
from storage.objects import STORE_LOST, Objects


class _NotTaken(Exception):
    """A link, or what it names, does not hold; the chain is taken in up to the one before it."""


def rebuild(
    database: Database, stores: Sequence[Objects], clock: Clock, *, keys: Collection[str] = (), tell: Progress = str
) -> Rebuilt:
    """Bring back what the stores know. ``keys`` are public keys that are believed besides those of the database.

    Raises DatabaseUnavailable, OSError, and ObjectsUnavailable, AccessRefused where no store answers or one breaks
    off: then it goes on when it is called again.
    """
    asked = [(each, _lost(each)) for each in stores]
    work = Adopting(database, [each for each, lost in asked if lost is None], clock, tell)
    for store, lost in asked:
        if lost is None:
            _take_in(work, store, keys)
        elif not work.stores:
            raise lost
        else:
            said = f"{store.target} does not answer, and what lies there alone did not come back: {lost}"
            work.done.problems.append(said)
    went = work.evidence.disposed(work.lost)
    work.done.problems += [
        f"{key} is stated and is in no store with its bytes any more" for key in work.lost if key not in went
    ]
    return work.done


def _lost(store: Objects) -> StorageError | None:
    try:
        store.ping()
    except STORE_LOST as error:
        return error
    return None


def _take_in(work: Adopting, store: Objects, keys: Collection[str]) -> None:
    chains = _Chains(work, store)
    trusted = chains.take_keys(keys)
    if trusted is not None:
        for site, links in sorted(keeping.links_in(store).items()):
            chains.take_chain(site, links, trusted)
            chains.take_stamps(site)
        attesting = Attesting(work, store, trusted)
        attesting.take_disposals()
        attesting.take_withholdings()
    for batch, listed in stored_batches(store):
        work.take_found(store, batch, listed)


class _Chains:
    """The chains of all sites in one store, and the keys by which they are checked."""

    def __init__(self, work: Adopting, store: Objects) -> None:
        self._work = work
        self._closings = work.database.closings
        self._objects = store
        self.done = work.done

    def take_keys(self, believed: Collection[str]) -> PublishedKeys | None:
        """The keys by which links are checked, written down where the database lacks them; None where none is."""
        here = published(self._closings)
        trusted = {*believed, *(each.key for each in here.keys)}
        lists = sorted(self._lists(), key=lambda each: len(each.keys), reverse=True)
        best = next((each for each in lists if each.is_believed(trusted)), None)
        if best is None:
            if lists:
                self.done.problems.append(
                    "the public keys in the store are none that you named, so no manifest is believed; name one with "
                    f"--key: {', '.join(each.key for each in lists[0].keys)} are there"
                )
            return here if here.keys else None
        names = [each.key for each in best.keys]
        if names[: len(here.keys)] != [each.key for each in here.keys][: len(names)]:
            self.done.problems.append("the keys in the store and in the database went on differently; none was taken")
            return here
        for number, each in enumerate(best.keys[len(here.keys) :], len(here.keys) + 1):
            self._closings.add_key(number, KeptKey(each.key, each.valid_from, each.endorsement, each.signature))
            self.done.keys += 1
        return best if len(best.keys) > len(here.keys) else here

    def _lists(self) -> Iterator[PublishedKeys]:
        for key, digest in keeping.key_lists_in(self._objects).items():
            try:
                yield PublishedKeys.read(self._bytes(key, digest))
            except (KeyRefused, _NotTaken) as error:
                self.done.problems.append(f"{key}: {error}")

    def take_chain(self, site: str, links: Mapping[Seal, str], keys: PublishedKeys) -> None:
        """Take in the links of a site that the database has not, one after the other."""
        known = {each.number: each for each in self._closings.links(site)}
        last = known[max(known)] if known else None
        for number in range(1, max(each.number for each in links) + 1):
            stored = [seal for seal in links if seal.number == number]
            if number in known:
                others = [seal for seal in stored if seal.digest != known[number].digest]
                if others:
                    self.done.problems.append(
                        f"link {others[0]} of site {site} in the store is not the one in the database "
                        f"({known[number].digest}): the chain went on twice; neither was changed"
                    )
                    return
                continue
            try:
                last = self._take_link(site, number, {links[seal]: seal.digest for seal in stored}, last, keys)
            except _NotTaken as error:
                self.done.problems.append(
                    f"link {number} of site {site}: {error}; it and those after it were not taken"
                )
                return

    def _take_link(
        self, site: str, number: int, stored: Mapping[str, str], last: KeptLink | None, keys: PublishedKeys
    ) -> KeptLink:
        """Raises _NotTaken."""
        if len(stored) != 1:
            raise _NotTaken("it is missing in the store" if not stored else "there are two of it in the store")
        ((key, digest),) = stored.items()
        data = self._bytes(key, digest)
        try:
            link, signature = read_signed(Link, data)
        except FormRefused as error:
            raise _NotTaken(f"it is not in the form that it should have ({error})") from error
        previous = BEFORE_THE_FIRST_LINK if last is None else last.digest
        if (link.site, link.number, link.previous) != (site, number, previous):
            raise _NotTaken("it does not follow the one before it")
        if not keys.holds(link, signature, link.key, link.signed_at):
            raise _NotTaken("it is not signed by the key that signed at that time")
        documents, manifest = self._documents(site, link)
        kept = KeptLink(
            site=site,
            number=number,
            batch=link.batch,
            signed_at=link.signed_at,
            retained_until=manifest.retained_until,
            digest=digest,
            segments_root=link.segments_root,
            manifest=link.manifest.sha256,
            data=data,
        )
        self._refuse_what_takes_back(link, manifest)
        Restating(self._work, link, manifest).take_in()
        self._closings.add(site, lambda before: _following(before, last, kept), documents)
        self.done.links += 1
        return kept

    def take_stamps(self, site: str) -> None:
        """Take in the stamps of links that have none here. Whose they are is asked by who checks a batch."""
        links = {each.number: each for each in self._closings.unstamped(site)}
        for key, (number, digest) in keeping.stamps_in(self._objects, site).items():
            link = links.get(number)
            if link is None:
                continue
            try:
                data = self._bytes(key, digest)
                at = read_unjudged(data, link.data).time
            except (StampRefused, _NotTaken) as error:
                self.done.problems.append(f"{key}: {error}")
                continue
            self._closings.add_stamp(KeptStamp(site, number, digest, at, link.retained_until, data))
            self.done.stamps += 1

    def _documents(self, site: str, link: Link) -> tuple[dict[str, bytes], Manifest]:
        """The manifest of a link and the reports that it names, by their hash. Raises _NotTaken."""
        data = self._document(site, link.manifest.sha256)
        try:
            manifest = read(Manifest, data)
        except FormRefused as error:
            raise _NotTaken(f"its manifest is not in the form that it should have ({error})") from error
        told = (manifest.site, manifest.batch, manifest.segments_root, len(manifest.segments))
        if told != (link.site, link.batch, link.segments_root, link.segments):
            raise _NotTaken("its manifest tells otherwise than the link")
        if segments_root(manifest.segments) != manifest.segments_root:
            raise _NotTaken("the segments of its manifest do not give the root")
        reports = {each.report.sha256: self._document(site, each.report.sha256) for each in manifest.sittings}
        return {link.manifest.sha256: data, **reports}, manifest

    def _refuse_what_takes_back(self, link: Link, manifest: Manifest) -> None:
        """Raises _NotTaken where an amendment leaves out what was stated before it."""
        before = self._closings.latest(link.batch)
        if before is None:
            return
        with suppress(UnknownRow, FormRefused):
            earlier = read(Manifest, self._closings.document(before.manifest))
            if (key := lost_by_amending(earlier, manifest)) is not None:
                raise _NotTaken(f"it leaves out or changes {key}")

    def _document(self, site: str, digest: str) -> bytes:
        return self._bytes(keeping.document_key(site, digest), digest)

    def _bytes(self, key: str, digest: str) -> bytes:
        """Of all versions under a key the one that its name means, whatever was put over it. Raises _NotTaken."""
        data = named_bytes(self._objects, key, digest)
        if data is None:
            raise _NotTaken(f"{key} is gone or was changed in the store")
        return data


def _following(before: KeptLink | None, last: KeptLink | None, link: KeptLink) -> KeptLink:
    """Raises ConflictingRow where somebody closed a batch of the site in between."""
    if before != last:
        raise ConflictingRow(f"a batch of site {link.site} was closed meanwhile; run `kaojian rebuild` again")
    return link
