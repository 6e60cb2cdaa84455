"""Bytes of what is signed, and back: canonical JSON of the values of ``domain.manifest``.

Reading is strict. A field too many or too few, a value of another type, or bytes that are not exactly those that
writing gives are refused, so that one content has one form and no byte can be changed unseen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from hashlib import sha256
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from domain import merkle
from domain.chain import canonical
from domain.manifest import Document, SegmentStatement
from domain.timeline import rfc3339_exact
from storage.errors import StorageError
from storage.signing import Signer, is_signed

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_Value = TypeVar("_Value")


class FormRefused(StorageError):
    """Bytes that are not in the form that they should have; says what is wrong."""


def plain(value: Any) -> Any:
    """A value as what JSON knows: objects by field name, lists, text, whole numbers, null."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return rfc3339_exact(value)
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return value.value if isinstance(value, StrEnum) else value


def written(value: Any) -> bytes:
    """The canonical bytes of a value."""
    return canonical(plain(value))


def read(kind: type[_Value], data: bytes) -> _Value:
    """The value of that kind that these bytes are the canonical form of. Raises FormRefused."""
    value: _Value = _built(kind, _parsed(data))
    if written(value) != data:
        raise FormRefused("not in canonical form")
    return value


def signed(signer: Signer, value: Any) -> bytes:
    """The canonical bytes of a value with its signature as one more field, ``signature``."""
    body = plain(value)
    return canonical({**body, "signature": signer.sign(canonical(body))})


def read_signed(kind: type[_Value], data: bytes) -> tuple[_Value, str]:
    """A value and its signature, which is not checked yet. Raises FormRefused."""
    told = _parsed(data)
    signature = told.pop("signature", None) if isinstance(told, dict) else None
    if not isinstance(signature, str):
        raise FormRefused("not signed")
    value: _Value = _built(kind, told)
    if canonical({**plain(value), "signature": signature}) != data:
        raise FormRefused("not in canonical form")
    return value, signature


def signature_holds(value: Any, signature: str, key: str) -> bool:
    """Whether a signature is that of a value by a public key."""
    return is_signed(written(value), signature, key)


def document_of(data: bytes) -> Document:
    """What bytes are known by."""
    return Document(sha256(data).hexdigest(), len(data))


def segments_root(segments: Iterable[SegmentStatement]) -> str:
    """The root, in hex, of the tree whose leaves are the canonical bytes of each segment, in the order given."""
    return merkle.root(written(each) for each in segments).hex()


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormRefused(f"no JSON ({error})") from None


def _built(kind: Any, told: Any) -> Any:
    """A value of a type from what JSON gave. Raises FormRefused."""
    if get_origin(kind) is UnionType:
        inner = next(each for each in get_args(kind) if each is not NoneType)
        return None if told is None else _built(inner, told)
    if get_origin(kind) is tuple:
        return tuple(_built(get_args(kind)[0], each) for each in _of(list, told))
    if is_dataclass(kind):
        return _record(kind, _of(dict, told))
    try:
        if kind is datetime:
            return _instant(_of(str, told))
        return kind(_of(str, told)) if issubclass(kind, StrEnum) else _of(kind, told)
    except ValueError as error:
        raise FormRefused(str(error)) from None


def _record(kind: Any, told: dict[str, Any]) -> Any:
    hints = _hints(kind)
    if told.keys() != hints.keys():
        wrong = sorted(told.keys() ^ hints.keys())
        raise FormRefused(f"{kind.__name__}: fields too many or too few: {', '.join(wrong)}")
    try:
        return kind(**{name: _built(hint, told[name]) for name, hint in hints.items()})
    except ValueError as error:  # an interval that ends before it begins
        raise FormRefused(str(error)) from None


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _of(kind: Any, told: Any) -> Any:
    if type(told) is not kind:
        raise FormRefused(f"{type(told).__name__} where {kind.__name__} is due")
    return told


def _instant(text: str) -> datetime:
    if not _INSTANT.fullmatch(text):
        raise FormRefused(f"{text!r} is no instant")
    return datetime.fromisoformat(text)
