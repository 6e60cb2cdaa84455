"""What is staged stays on its stage."""

from __future__ import annotations

from pathlib import Path

import pytest

from kaojian.staging import bare_settings, environment


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
