"""What was signed goes into the object store once, under lock, and is brought there later where it was away."""

from __future__ import annotations

import pytest

from storage.manifest.keeping import PREFIX, keep
from storage.manifest.keys import PublishedKeys
from storage.objects import AccessRefused, ObjectsUnavailable, S3Objects
from storage.seaweed import SeaweedServer
from tests.closed_batches import LOCKED_UNTIL, ClosedBatches
from tests.fakes.objects import MemoryObjects
from tests.objects_server import BUCKET


def test_a_real_store_holds_all_that_was_signed_under_the_lock_of_the_footage(
    site: ClosedBatches, object_server: SeaweedServer
) -> None:
    objects, closings = S3Objects(object_server.settings(BUCKET)), site.database.closings
    assert keep(closings, "sg-001", objects) == 9  # the keys; a link, its stamp, a manifest, a report for each batch
    assert keep(closings, "sg-001", objects) == 0
    for link in closings.links("sg-001"):
        key = f"{PREFIX}sg-001/{link.number:06d}-{link.digest}.json"
        assert objects.read(key) == link.data
        assert objects.read(f"{PREFIX}sg-001/documents/{link.manifest}.json") == closings.document(link.manifest)
        assert objects.stat(key).locked_until == link.retained_until
    for stamp in closings.stamps("sg-001"):
        key = f"{PREFIX}sg-001/stamps/{stamp.number:06d}-{stamp.sha256}.tsr"
        assert objects.read(key) == stamp.data
        assert objects.stat(key).locked_until == stamp.retained_until
    (key,) = objects.keys(f"{PREFIX}sg-001/keys/000002-")
    assert PublishedKeys.read(objects.read(key)).is_believed([site.signer.public])
    assert objects.stat(key).locked_until == LOCKED_UNTIL
    assert closings.links("sg-001")[1].retained_until == LOCKED_UNTIL
    objects.close()


def test_nobody_removes_a_link_through_the_interface(site: ClosedBatches) -> None:
    objects = MemoryObjects(clock=site.clock)
    keep(site.database.closings, "sg-001", objects)
    for key in objects.keys(PREFIX):
        with pytest.raises(AccessRefused):
            objects.delete(key, objects.stat(key).version_id)


def test_what_a_store_that_was_away_missed_is_brought_there_once_it_is_back(site: ClosedBatches) -> None:
    objects = MemoryObjects(clock=site.clock, down=True)
    with pytest.raises(ObjectsUnavailable):
        keep(site.database.closings, "sg-001", objects)
    objects.down = False
    assert keep(site.database.closings, "sg-001", objects) == 9
    assert len(objects.stored_keys) == 9


def test_a_site_whose_name_begins_with_another_s_has_its_own(site: ClosedBatches) -> None:
    objects = MemoryObjects(clock=site.clock)
    assert keep(site.database.closings, "sg-00", objects) == 0
    assert objects.keys(PREFIX) == set()
