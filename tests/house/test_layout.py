"""Names, doors and addresses: the rules of the house that no off-the-shelf tool checks, each with a bad example."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.house import rules
from tests.house.rules import BESIDE_THE_ROOMS, ROOMS, ROOT, Source

_LOCKS = ("requirements*.lock", "package-lock.json", ".npmrc", "pip.conf", "uv.toml", "uv.lock")


def none(violations: Iterable[str]) -> None:
    """Fail with one line for each violation, and without the traceback, which would tell nothing."""
    found = list(violations)
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def one(text: str, module: str) -> list[Source]:
    return [Source(module, text)]


def test_every_library_is_imported_through_its_one_door() -> None:
    none(rules.wrong_doors(rules.sources(*ROOMS)))


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("records.conduct", "from sqlalchemy import select"),
        ("dashboard.papers.report", "import fastapi"),
        ("storage.media.reading", "import av"),
        ("ingest.recorder", "from minio.error import S3Error"),
        ("records.room_plan", "import shapely"),
        ("analysis.picture", "def load():\n    import ultralytics\n"),
        ("dashboard.application", "from fastapi import FastAPI"),
    ],
)
def test_a_library_past_its_door_is_found_even_inside_a_function(module: str, line: str) -> None:
    assert len(list(rules.wrong_doors(one(line, module)))) == 1


def test_a_library_at_its_door_is_not_complained_of() -> None:
    assert not list(rules.wrong_doors(one("import av\nfrom av.video import frame", "analysis.decoding")))
    assert not list(rules.wrong_doors(one("from fastapi import APIRouter", "dashboard.api.batches")))


def test_the_domain_imports_the_standard_library_only() -> None:
    none(rules.foreign_to_domain(rules.sources("domain")))


def test_a_foreign_import_of_the_domain_is_found() -> None:
    assert list(rules.foreign_to_domain(one("import numpy", "domain.timeline")))
    assert list(rules.foreign_to_domain(one("from config.rule_pack import RulePack", "domain.law")))
    assert not list(rules.foreign_to_domain(one("import math\nfrom domain.law import fold", "domain.people")))


def test_only_the_wiring_sees_the_whole_settings() -> None:
    none(rules.settings_outside_wiring(rules.sources(*ROOMS)))


def test_a_room_that_reads_the_settings_is_found() -> None:
    assert list(rules.settings_outside_wiring(one("from config.settings import Settings", "storage.objects")))
    assert list(rules.settings_outside_wiring(one("from config import settings", "ingest.recorder")))
    assert not list(rules.settings_outside_wiring(one("from config import settings", "kaojian.wiring")))


def test_rows_of_the_database_are_never_deleted() -> None:
    none(rules.deletions(rules.sources("storage/database")))


@pytest.mark.parametrize(
    "text",
    [
        "from sqlalchemy import delete",
        "session.delete(row)",
        "connection.execute(copies.delete())",
        "connection.execute(text('DELETE FROM copies'))",
        "op.drop_table('copies')",
    ],
)
def test_every_way_to_delete_a_row_is_found(text: str) -> None:
    assert list(rules.deletions(one(text, "storage.database.evidence")))


def test_every_module_opens_with_what_it_is() -> None:
    none(rules.without_docstring(rules.sources(*ROOMS, *BESIDE_THE_ROOMS)))


def test_a_module_that_opens_with_code_is_found() -> None:
    assert list(rules.without_docstring(one("import os\n'''too late'''", "ingest.spool")))


def test_no_module_has_an_empty_or_a_borrowed_name() -> None:
    none(rules.empty_names(rules.sources(*ROOMS)))


@pytest.mark.parametrize("module", ["storage.utils", "records.models", "ingest.manager.queue", "config.logging"])
def test_an_empty_or_a_borrowed_name_is_found(module: str) -> None:
    assert list(rules.empty_names(one("", module)))


def test_no_function_is_named_as_a_getter() -> None:
    none(rules.getters(rules.sources(*ROOMS)))


def test_a_getter_is_found_in_a_class_too() -> None:
    assert list(rules.getters(one("class A:\n    def _get_row(self): ...", "storage.archive")))


def test_names_of_tests_are_sentences() -> None:
    none(rules.telegrams(rules.sources("tests")))


def test_a_test_named_like_a_telegram_is_found() -> None:
    assert list(rules.telegrams(one("def test_read(): ...", "tests.storage.test_media")))


def test_every_room_resolves_inside_the_repository() -> None:
    """``config``, ``storage``, ``records``, ``dashboard`` and ``analysis`` are also names on PyPI."""
    ask = (
        "import importlib.util, json, sys\n"
        "specs = {name: importlib.util.find_spec(name) for name in sys.argv[1:]}\n"
        "print(json.dumps({name: spec and spec.origin for name, spec in specs.items()}))"
    )
    command = [sys.executable, "-c", ask, *ROOMS]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    none(rules.strayed(json.loads(answer), ROOT))


def test_no_installed_package_shadows_a_room() -> None:
    installed = packages_distributions()
    none(f"{name} is also installed, by {installed[name]}" for name in ROOMS if name in installed)


def test_a_room_taken_from_elsewhere_is_found(tmp_path: Path) -> None:
    elsewhere = str(tmp_path / "site-packages" / "config" / "__init__.py")
    assert list(rules.strayed({"config": elsewhere}, ROOT))
    assert list(rules.strayed({"config": None}, ROOT))
    assert not list(rules.strayed({"config": str(ROOT / "config" / "__init__.py")}, ROOT))


def test_no_lock_file_names_a_registry() -> None:
    ours = [path for pattern in _LOCKS for path in ROOT.rglob(pattern) if not _foreign(path)]
    assert {path.name for path in ours} >= {"requirements.lock", "requirements-dev.lock"}
    for path in ours:
        text = path.read_text(encoding="utf-8")
        if path.name == "package-lock.json":
            text = rules.homepages_removed(text)
        none(rules.addresses(str(path.relative_to(ROOT)), text))


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://mirror.example.cn/simple",
        '      "resolved": "https://registry.example.org/vue/-/vue-3.5.45.tgz",',
        "registry=http://127.0.0.1:4873/",
    ],
)
def test_a_registry_in_a_lock_file_is_found(line: str) -> None:
    assert list(rules.addresses("some.lock", line))


def test_a_donation_page_is_no_registry() -> None:
    entry = '{"funding": {"type": "github", "url": "https://github.com/sponsors/someone"}, "license": "MIT"}'
    assert not list(rules.addresses("package-lock.json", rules.homepages_removed(entry)))
    assert "MIT" in rules.homepages_removed(entry)


def test_the_lock_files_hold_what_the_project_asks_for() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = document["project"]
    runtime, extras = project["dependencies"], project["optional-dependencies"]
    asked = {"": runtime, "-dev": [*runtime, *extras["dev"]], "-node": [*runtime, *extras["node"]]}
    asked |= {f"-{group}": pins for group, pins in document["dependency-groups"].items()}
    for suffix, pins in asked.items():
        name = f"requirements{suffix}.lock"
        none(f"{name}: {each}" for each in rules.not_locked(pins, (ROOT / name).read_text(encoding="utf-8")))


def test_a_dependency_that_is_not_locked_for_this_system_is_found() -> None:
    lock = "alembic==1.20.1 \\\n    --hash=sha256:00\ntzdata==2026.6 ; sys_platform == 'win32' \\\n"
    assert not list(rules.not_locked(["alembic==1.20.1"], lock))
    assert list(rules.not_locked(["alembic==1.20.2"], lock))
    assert list(rules.not_locked(["tzdata==2026.*"], lock))
    assert list(rules.not_locked(["jinja2==3.1.6"], lock))


def _foreign(path: Path) -> bool:
    return bool({".venv", "node_modules", ".git", "var"} & set(path.relative_to(ROOT).parts))
