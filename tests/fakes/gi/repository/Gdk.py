"""Events as they reach the canvas, and what they are told apart by."""

from __future__ import annotations

import enum
from dataclasses import dataclass

BUTTON_PRIMARY, BUTTON_MIDDLE, BUTTON_SECONDARY = 1, 2, 3


class EventMask(enum.Flag):
    BUTTON_PRESS_MASK = 1
    BUTTON_RELEASE_MASK = 2
    POINTER_MOTION_MASK = 4
    LEAVE_NOTIFY_MASK = 8
    SCROLL_MASK = 16


class ModifierType(enum.Flag):
    NONE = 0
    CONTROL_MASK = 4
    MOD1_MASK = 8


class ScrollDirection(enum.Enum):
    UP = 0
    DOWN = 1
    LEFT = 2


@dataclass
class EventButton:
    x: float
    y: float
    button: int = BUTTON_PRIMARY
    state: ModifierType = ModifierType.NONE


@dataclass
class EventMotion:
    x: float
    y: float


@dataclass
class EventScroll:
    x: float
    y: float
    direction: ScrollDirection


@dataclass
class EventKey:
    keyval: str
    state: ModifierType = ModifierType.NONE


def keyval_name(keyval: str) -> str:
    """Keys are their names here."""
    return keyval


@dataclass
class Rectangle:
    width: int
    height: int


@dataclass
class RGBA:
    red: float
    green: float
    blue: float
    alpha: float


class Display: ...


class Cursor:
    @staticmethod
    def new_from_name(display: Display, name: str) -> Cursor:
        assert name in ("grabbing", "crosshair")
        return Cursor()


class Window:
    is_compressing = True

    def set_event_compression(self, is_compressing: bool) -> None:
        self.is_compressing = is_compressing

    def set_cursor(self, cursor: Cursor) -> None: ...

    def get_display(self) -> Display:
        return Display()
