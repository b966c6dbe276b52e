"""Records that write themselves as a JSON header and read themselves back, checking every field.

Unknown fields are ignored, missing or misshapen ones raise `MessageError`. What the records of the
protocol are stands in messages.py.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from . import protocol
from .wording import said_in


class MessageError(ValueError):
    """A header that is not what PROTOCOL.md says; the text names the field."""


M = TypeVar("M", bound="Message")


@dataclass(frozen=True)
class Message:
    """Base of all messages: turns itself into a header and back."""

    TYPE: ClassVar[str] = ""

    def to_header(self, language: str = "") -> dict[str, Any]:
        """The header as a dict that json.dumps takes, `type` first, fields that are None left out.

        Args:
            language: in which texts for people are said; "" for English.
        """
        header = _plain(self, language)
        return {"type": self.TYPE, **header} if self.TYPE else header

    @classmethod
    def from_header(cls: type[M], header: Mapping[str, Any]) -> M:
        """Read a header, ignoring fields this version does not know.

        Raises:
            MessageError: a field is missing or of another type than its record says.
        """
        if not isinstance(header, Mapping):
            raise MessageError(f"{cls.__name__} must be an object")
        hints = _field_types(cls)
        values = {}
        for field in dataclasses.fields(cls):
            if field.name in header:
                values[field.name] = _checked(header[field.name], hints[field.name], field.name)
            elif (
                field.default is dataclasses.MISSING
                and field.default_factory is dataclasses.MISSING
            ):
                raise MessageError(f"{cls.TYPE or cls.__name__} lacks the field {field.name!r}")
        return cls(**values)


def encode(message: Message, language: str = "") -> bytes:
    """The header frame: compact UTF-8 JSON, its texts for people in a language."""
    return json.dumps(message.to_header(language), separators=(",", ":")).encode()


def read_header(frame: bytes) -> dict[str, Any]:
    """A header frame as a dict with a `type`.

    Raises:
        MessageError: not UTF-8 JSON, not an object, too long, or without a type.
    """
    if len(frame) > protocol.MAX_HEADER_BYTES:
        raise MessageError(f"a header of {len(frame)} bytes is too long")
    try:
        header = json.loads(frame.decode())
    except (ValueError, RecursionError) as error:
        raise MessageError("the header is not JSON") from error
    if not isinstance(header, dict) or not isinstance(header.get("type"), str):
        raise MessageError("the header has no type")
    return header


def one_of(value: str, names: Iterable[str], field: str) -> None:
    """Refuse a value that is not in the field's list."""
    if value not in names:
        raise MessageError(f"{field} must be one of {', '.join(names)}, not {value[:40]!r}")


_FIELD_TYPES: dict[type[Message], dict[str, Any]] = {}


def _field_types(kind: type[Message]) -> dict[str, Any]:
    """The types of a record's fields, worked out once: asked for each strip, and slow."""
    if kind not in _FIELD_TYPES:
        _FIELD_TYPES[kind] = typing.get_type_hints(kind)
    return _FIELD_TYPES[kind]


def _plain(value: Any, language: str) -> Any:
    """Turn records, tuples and plain values into what json.dumps takes."""
    if isinstance(value, Message):
        items = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: _plain(item, language) for name, item in items if item is not None}
    if isinstance(value, (tuple, list)):
        return [_plain(item, language) for item in value]
    return said_in(language, value) if isinstance(value, str) else value


def _checked(value: Any, kind: Any, name: str) -> Any:
    """Bring one JSON value to the type its field names, or raise."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        (kind,) = (option for option in typing.get_args(kind) if option is not type(None))
        return _checked(value, kind, name)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise MessageError(f"{name} must be a list")
        return tuple(_checked(item, typing.get_args(kind)[0], name) for item in value)
    if isinstance(kind, type) and issubclass(kind, Message):
        return kind.from_header(value)
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise MessageError(f"{name} must be a finite number")
        return number
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise MessageError(f"{name} must be of type {kind.__name__}")
    if kind is str and not is_unicode(value):
        raise MessageError(f"{name} must be Unicode text")
    return value


def is_unicode(text: str) -> bool:
    """Whether a text can be written out: JSON lets half a surrogate pair through."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
