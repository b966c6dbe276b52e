"""Flags and types that GIMP's procedures are described with."""

import enum
from typing import Any


class ParamFlags(enum.Flag):
    READWRITE = enum.auto()


class Value:
    def __init__(self, kind: type, content: object) -> None:
        assert isinstance(content, kind)
        self.content: Any = content


TYPE_NONE = object()
