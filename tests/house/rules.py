"""The rules of the house as pure functions over source text; ``test_layout`` runs them over the tree.

Every function takes parsed sources and returns the violations it found, one line for people each, so that the tests
can show a rule its own bad example. Not here: what ruff, mypy and import-linter check (``test_tools``).
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("domain", "config", "storage", "ingest", "analysis", "records", "dashboard", "kaojian")
BESIDE_THE_ROOMS = ("tests", "bench")

DOORS: Mapping[str, tuple[str, ...]] = {
    "fastapi": ("dashboard.app", "dashboard.api", "dashboard.live"),
    "starlette": ("dashboard.app", "dashboard.api", "dashboard.live"),
    "prometheus_client": ("dashboard.metrics",),
    "sqlalchemy": ("storage",),
    "alembic": ("storage",),
    "minio": ("storage",),
    "av": ("ingest", "analysis", "dashboard.live"),
    "aiortc": ("dashboard.live.peers",),
    "aioice": ("dashboard.live.peers",),
    "pylibsrtp": ("dashboard.live.peers",),
    "cv2": ("analysis", "ingest.simulator"),
    "cryptography": (
        "config.certificates",
        "config.sealing",
        "storage.signing",
        "storage.backup.envelope",
        "storage.manifest.stamps",
        "dashboard.access.tickets",
        "kaojian.tls",
    ),
    "chinese_calendar": ("records.holidays",),
    "rfc3161_client": ("storage.manifest.stamps",),
    "authlib": ("dashboard.access.provider",),
    "joserfc": ("dashboard.access.provider",),
    "urllib3": ("dashboard.access.provider", "storage"),
    "argon2": ("dashboard.access.passwords",),
    "zxcvbn": ("dashboard.access.passwords",),
    "pyotp": ("dashboard.access.totp",),
    "segno": ("dashboard.access.totp", "dashboard.papers.printing"),
    "typst": ("dashboard.papers.printing",),
    "pylopdf_fonts_zh_cn": ("dashboard.papers.printing",),
    "shapely": ("analysis.floorplan",),
    "openpyxl": ("records.sheets",),
    "openvino": ("analysis.people.openvino_network",),
    "onnxruntime": ("analysis.people.onnx_network",),
    "ultralytics": ("analysis.people.ultralytics_detector",),
    "torch": ("analysis.people.ultralytics_detector",),
}
"""A library and the only parts of the rooms that may import it."""

FORBIDDEN_NAMES = frozenset({"utils", "util", "common", "helpers", "helper", "manager", "base", "models", "misc"})
"""Module names that say nothing of what is inside."""

STANDARD_NAMES_ALLOWED = frozenset({"domain.calendar", "config.secrets"})
"""No other word says it better, and imports are absolute, so that neither hides the library's."""

GETTERS_ALLOWED = frozenset({"get_buffer", "get_map"})
"""Names that others chose: asyncio.BufferedProtocol, selectors.BaseSelector."""

_NOT_OURS = frozenset({"node_modules", "__pycache__", "dist"})
_ADDRESS = re.compile(r"https?://([^/\s\"']+)")
_DELETING_SQL = re.compile(r"\b(delete\s+from|truncate\s+table|drop\s+table)\b", re.IGNORECASE)
_SCHEMA_COMMENT = re.compile(r"^\s*(#|//|;|\"\$schema\")")


@dataclass(frozen=True, slots=True)
class Source:
    """One module of ours: its dotted name and what it says."""

    module: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def lies_in(self, parts: Iterable[str]) -> bool:
        """Whether the module is one of ``parts`` or below one of them."""
        return any(self.module == part or self.module.startswith(part + ".") for part in parts)


def sources(*folders: str) -> Iterator[Source]:
    """The Python modules below these folders of the repository."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            inside = path.relative_to(ROOT)
            if not _NOT_OURS & set(inside.parts):
                name = ".".join(inside.with_suffix("").parts).removesuffix(".__init__")
                yield Source(name, path.read_text(encoding="utf-8"))


def imports(source: Source) -> Iterator[str]:
    """Dotted names of everything a module imports, wherever in it; ``from a import b`` gives ``a`` and ``a.b``."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def library(imported: str) -> str:
    """The top-level package of an import."""
    return imported.partition(".")[0]


def wrong_doors(found: Iterable[Source]) -> Iterator[str]:
    """Libraries that are imported past their door."""
    for source in found:
        for name in sorted({library(each) for each in imports(source)} & DOORS.keys()):
            if not source.lies_in(DOORS[name]):
                yield f"{source.module} imports {name}, whose door is {' or '.join(DOORS[name])}"


def foreign_to_domain(found: Iterable[Source]) -> Iterator[str]:
    """Imports of the domain that are neither its own nor the standard library's."""
    for source in found:
        for name in sorted({library(each) for each in imports(source)}):
            if name != "domain" and name not in sys.stdlib_module_names:
                yield f"{source.module} imports {name}; the domain knows the standard library only"


def settings_outside_wiring(found: Iterable[Source]) -> Iterator[str]:
    """Rooms that reach for the whole Settings instead of being handed what they need."""
    for source in found:
        if "config.settings" in imports(source) and not source.lies_in(("kaojian", "config")):
            yield f"{source.module} imports config.settings; only the wiring in kaojian does"


def without_docstring(found: Iterable[Source]) -> Iterator[str]:
    """Modules that do not open with what they are."""
    for source in found:
        if not ast.get_docstring(source.tree):
            yield f"{source.module} has no docstring; open it with what it is and what it is not"


def empty_names(found: Iterable[Source]) -> Iterator[str]:
    """Modules or packages whose name says nothing or is the standard library's."""
    for source in found:
        for part in source.module.split("."):
            if part in FORBIDDEN_NAMES:
                yield f"{source.module}: a module named {part} says nothing of what is inside"
            elif part in sys.stdlib_module_names and source.module not in STANDARD_NAMES_ALLOWED:
                yield f"{source.module}: {part} is a name of the standard library"


def getters(found: Iterable[Source]) -> Iterator[str]:
    """Functions named ``get_...``: a verb that says nothing, where a noun or a true verb would."""
    for source in found:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name in GETTERS_ALLOWED:
                continue
            if node.name.lstrip("_").startswith("get_"):
                yield f"{source.module}:{node.lineno} {node.name}: say what it gives, without get_"


def deletions(found: Iterable[Source]) -> Iterator[str]:
    """Ways to make rows vanish: SQLAlchemy's delete, a session's delete, SQL text that deletes, drops or empties."""
    for source in found:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
                deleting = any(alias.name == "delete" for alias in node.names)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                deleting = node.func.attr in {"delete", "drop_all", "drop_table"}
            else:
                text = node.value if isinstance(node, ast.Constant) else None
                deleting = isinstance(text, str) and bool(_DELETING_SQL.search(text))
            if deleting:
                line = getattr(node, "lineno", 0)
                yield f"{source.module}:{line} deletes; rows get a tombstone"


def telegrams(found: Iterable[Source], fewest_words: int = 2) -> Iterator[str]:
    """Tests whose name is too short to be a sentence."""
    for source in found:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                words = node.name.removeprefix("test_").split("_")
                if len(words) < fewest_words:
                    yield f"{source.module}:{node.lineno} {node.name} is no sentence; say what holds, and when"


def addresses(name: str, text: str) -> Iterator[str]:
    """Hosts that a lock file or a registry's configuration names, comments about a schema aside."""
    for number, line in enumerate(text.splitlines(), 1):
        if _SCHEMA_COMMENT.match(line):
            continue
        for match in _ADDRESS.finditer(line):
            yield f"{name}:{number} names {match[1]}; where packages come from is the machine's affair"


def not_locked(pins: Iterable[str], lock: str) -> Iterator[str]:
    """Pinned dependencies that a lock file lacks, holds in another version, or keeps for another system."""
    for pin in pins:
        name, _, version = pin.partition("==")
        plain = re.escape(name.partition("[")[0])
        wanted = re.escape(version).replace(r"\*", r"[\w.]*")
        if not re.search(rf"^{plain}(\[[\w,]+\])?=={wanted} \\$", lock, re.MULTILINE | re.IGNORECASE):
            yield f"{pin} is not locked; run make lock"


def homepages_removed(package_lock: str) -> str:
    """An npm lock file without the addresses where authors take donations: no package ever comes from there."""
    return re.sub(r'"funding":\s*(\{[^{}]*\}|\[[^\[\]]*\]|"[^"]*")', "", package_lock)


def strayed(origins: Mapping[str, str | None], root: Path) -> Iterator[str]:
    """Packages of ours that Python finds somewhere else. ``origins`` maps a name to the file it resolves to."""
    for name, origin in origins.items():
        if origin is None:
            yield f"{name} is not found at all"
        elif Path(origin).resolve().parent != root / name:
            yield f"{name} is taken from {origin}, not from the repository"
