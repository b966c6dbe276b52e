"""Flags and types that GIMP's procedures are described with."""

import enum


class ParamFlags(enum.Flag):
    READWRITE = enum.auto()


TYPE_NONE = object()
