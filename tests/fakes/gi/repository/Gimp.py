"""Images, layers, masks and procedures that behave as GIMP's do where the plugin looks.

An image counts its undo steps; items that are not attached yet may change without one.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gi.repository import Gegl, GLib, GObject


class PDBProcType(enum.Enum):
    PLUGIN = 1


class PDBStatusType(enum.Enum):
    EXECUTION_ERROR = 0
    SUCCESS = 3
    CANCEL = 4


class RunMode(enum.Enum):
    INTERACTIVE = 0
    NONINTERACTIVE = 1
    WITH_LAST_VALS = 2


class ProcedureSensitivityMask(enum.Flag):
    DRAWABLE = 1


class AddMaskType(enum.Enum):
    BLACK = 1


class ChannelOps(enum.Enum):
    REPLACE = 2


class MaskApplyMode(enum.Enum):
    APPLY = 0
    DISCARD = 1


PARASITE_PERSISTENT, PARASITE_UNDOABLE = 1, 2


class Parasite:
    def __init__(self, name: str, data: bytes) -> None:
        self.name, self._data = name, data

    @staticmethod
    def new(name: str, flags: int, data: bytes) -> Parasite:
        assert flags & PARASITE_PERSISTENT, "it would not be in the file"
        return Parasite(name, data)

    def get_data(self) -> list[int]:
        return list(self._data)


class Precision(enum.Enum):
    U8_NON_LINEAR = "u8-non-linear"
    U16_NON_LINEAR = "u16-non-linear"
    FLOAT_LINEAR = "float-linear"

    @property
    def value_nick(self) -> str:
        return self.value


class ImageBaseType(enum.Enum):
    RGB = 0


class ImageType(enum.Enum):
    RGB_IMAGE = 0
    RGBA_IMAGE = 1


class LayerMode(enum.Enum):
    NORMAL = 28


class Item:
    _all: ClassVar[list[Item]] = []

    def __init__(self, image: Image, name: str) -> None:
        Item._all.append(self)
        self._image = image
        self._name = name
        self.is_locked = False
        self.parent: Item | None = None
        self.exists = True
        self._parasites: dict[str, Parasite] = {}

    @staticmethod
    def get_by_id(item_id: int) -> Item | None:
        item = Item._all[item_id - 1]
        return item if item.exists else None

    def get_id(self) -> int:
        return Item._all.index(self) + 1

    def get_tattoo(self) -> int:
        return self.get_id()

    def attach_parasite(self, parasite: Parasite) -> bool:
        self._parasites[parasite.name] = parasite
        return True

    def get_parasite(self, name: str) -> Parasite | None:
        return self._parasites.get(name)

    def get_children(self) -> list[Layer]:
        return [one for one in self._image.layers if one.parent is self]

    def get_image(self) -> Image:
        return self._image

    def get_name(self) -> str:
        return self._name

    def set_name(self, name: str) -> None:
        self._name = name

    def get_parent(self) -> Item | None:
        return self.parent

    def get_lock_content(self) -> bool:
        return self.is_locked

    def set_lock_content(self, lock: bool) -> None:
        self.is_locked = lock

    def is_valid(self) -> bool:
        return self.exists

    def is_layer(self) -> bool:
        return isinstance(self, Layer)

    def is_layer_mask(self) -> bool:
        return isinstance(self, LayerMask)

    def is_group_layer(self) -> bool:
        return isinstance(self, GroupLayer)

    def is_text_layer(self) -> bool:
        return isinstance(self, TextLayer)


class Drawable(Item):
    def __init__(self, image: Image, name: str, pixels: NDArray[np.float64]) -> None:
        super().__init__(image, name)
        self._buffer = Gegl.Buffer(pixels)
        self.updates: list[tuple[int, int, int, int]] = []

    def get_buffer(self) -> Gegl.Buffer:
        return self._buffer

    def get_offsets(self) -> tuple[bool, int, int]:
        return True, 0, 0

    def get_width(self) -> int:
        return int(self._buffer.pixels.shape[1])

    def get_height(self) -> int:
        return int(self._buffer.pixels.shape[0])

    def get_bpp(self) -> int:
        deep = self._image.get_precision() is not Precision.U8_NON_LINEAR
        return int(self._buffer.pixels.shape[2]) * (2 if deep else 1)

    def is_gray(self) -> bool:
        return False

    def is_indexed(self) -> bool:
        return False

    def has_alpha(self) -> bool:
        return bool(self._buffer.pixels.shape[2] == 4)

    def type(self) -> ImageType:
        return ImageType.RGBA_IMAGE

    def update(self, x: int, y: int, width: int, height: int) -> bool:
        assert self._buffer.is_flushed, "what was written is not with GIMP yet"
        self.updates.append((x, y, width, height))
        return True


class Channel(Drawable):
    @staticmethod
    def new(
        image: Image, name: str, width: int, height: int, opacity: float, color: Gegl.Color
    ) -> Channel:
        return Channel(image, name, np.zeros((height, width, 1)))

    is_visible = True

    def set_visible(self, visible: bool) -> bool:
        self.is_visible = visible
        return True


class LayerMask(Channel): ...


class Layer(Drawable):
    def __init__(
        self,
        image: Image,
        name: str,
        pixels: NDArray[np.float64],
        offsets: tuple[int, int] = (0, 0),
    ) -> None:
        super().__init__(image, name, pixels)
        self._mask: LayerMask | None = None
        self._offsets = offsets
        self.is_visible = True
        self.is_linked = False
        self.shown_as = {"edit": False, "show": False, "apply": True}

    @staticmethod
    def new(
        image: Image,
        name: str,
        width: int,
        height: int,
        type: ImageType,
        opacity: float,
        mode: LayerMode,
    ) -> Layer:
        channels = 3 if type is ImageType.RGB_IMAGE else 4
        return Layer(image, name, np.zeros((height, width, channels)))

    @staticmethod
    def get_by_id(item_id: int) -> Layer | None:
        item = Item.get_by_id(item_id)
        return item if isinstance(item, Layer) else None

    @staticmethod
    def from_mask(mask: Drawable) -> Layer:
        return next(layer for layer in mask.get_image().layers if layer.get_mask() is mask)

    def get_mask(self) -> LayerMask | None:
        return self._mask

    def create_mask(self, mask_type: AddMaskType) -> LayerMask:
        blank = np.zeros((self.get_height(), self.get_width(), 1))
        return LayerMask(self._image, f"{self._name} mask", blank)

    def add_mask(self, mask: LayerMask) -> bool:
        assert self._mask is None, "GIMP refuses a second mask"
        self._image.record("add mask")
        self._mask = mask
        self.shown_as = {"edit": True, "show": False, "apply": True}
        return True

    def get_edit_mask(self) -> bool:
        return self.shown_as["edit"]

    def set_edit_mask(self, is_edited: bool) -> bool:
        self.shown_as["edit"] = is_edited
        return True

    def get_show_mask(self) -> bool:
        return self.shown_as["show"]

    def set_show_mask(self, is_shown: bool) -> bool:
        self.shown_as["show"] = is_shown
        return True

    def get_apply_mask(self) -> bool:
        return self.shown_as["apply"]

    def set_apply_mask(self, is_applied: bool) -> bool:
        self.shown_as["apply"] = is_applied
        return True

    def remove_mask(self, mode: MaskApplyMode) -> bool:
        assert self._mask is not None
        self._image.record("remove mask")
        if mode is MaskApplyMode.APPLY:
            self._buffer.pixels[..., 3:] *= self._mask.get_buffer().pixels
        self._mask = None
        return True

    def get_offsets(self) -> tuple[bool, int, int]:
        return (True, *self._offsets)

    def mask_intersect(self) -> tuple[bool, int, int, int, int]:
        x, y = self._offsets
        over = Gegl.Rectangle(x, y, self.get_width(), self.get_height())
        selection = self._image.get_selection().get_buffer()
        return (any(selection.get(over, 1.0, "Y u8", Gegl.AbyssPolicy.NONE)), 0, 0, 0, 0)

    def copy(self) -> Layer:
        twin = Layer(self._image, self._name, self._buffer.pixels.copy(), self._offsets)
        twin.is_locked, twin._mask = self.is_locked, self._mask
        twin.is_linked = self.is_linked
        return twin

    def rasterize(self) -> bool:
        self.is_linked = False
        return True

    def set_visible(self, visible: bool) -> bool:
        self._image.record("visibility")
        self.is_visible = visible
        return True


class GroupLayer(Layer): ...


class TextLayer(Layer): ...


class VectorLayer(Layer):
    """Since GIMP 3.2, as is the question for it."""

    def is_vector_layer(self) -> bool:
        return True


class Image:
    def __init__(
        self, width: int, height: int, precision: Precision = Precision.U8_NON_LINEAR
    ) -> None:
        self.layers: list[Layer] = []
        self.channels: list[Channel] = []
        self.selected: list[Drawable] = []
        self.is_open = True
        self.floating: Layer | None = None
        self.undo_steps: list[list[str]] = []
        self._open_groups = 0
        self._has_undo = True
        self._precision = precision
        self._selection = Selection(self, "Selection Mask", np.zeros((height, width, 1)))

    @staticmethod
    def new_with_precision(
        width: int, height: int, base_type: ImageBaseType, precision: Precision
    ) -> Image:
        return Image(width, height, precision)

    def undo_disable(self) -> bool:
        self._has_undo = False
        return True

    def undo_enable(self) -> bool:
        self._has_undo = True
        return True

    def delete(self) -> bool:
        self.layers.clear()
        return True

    def get_id(self) -> int:
        return id(self)

    def is_valid(self) -> bool:
        return self.is_open

    def get_width(self) -> int:
        return self._selection.get_width()

    def get_height(self) -> int:
        return self._selection.get_height()

    def insert_channel(self, channel: Channel, parent: Item | None, position: int) -> bool:
        self.record("insert channel")
        self.channels.append(channel)
        self.selected = [channel]
        return True

    def get_selected_drawables(self) -> list[Drawable]:
        return self.selected

    def set_selected_layers(self, layers: list[Layer]) -> bool:
        self.selected = list[Drawable](layers)
        return True

    def remove_channel(self, channel: Channel) -> bool:
        self.record("remove channel")
        self.channels.remove(channel)
        return True

    def select_item(self, operation: ChannelOps, item: Channel) -> bool:
        assert operation is ChannelOps.REPLACE and item in self.channels
        self.record("select")
        self._selection.get_buffer().pixels = item.get_buffer().pixels.copy()
        return True

    def get_base_type(self) -> ImageBaseType:
        return ImageBaseType.RGB

    def get_color_profile(self) -> object | None:
        return None

    def set_color_profile(self, profile: object) -> bool:
        return True

    def record(self, change: str) -> None:
        """Add a change to the undo history."""
        if not self._has_undo:
            return
        if not self._open_groups:
            self.undo_steps.append([])
        self.undo_steps[-1].append(change)

    def undo_group_start(self) -> bool:
        if not self._open_groups:
            self.undo_steps.append([])
        self._open_groups += 1
        return True

    def undo_group_end(self) -> bool:
        assert self._open_groups
        self._open_groups -= 1
        return True

    def insert_layer(self, layer: Layer, parent: Item | None, position: int) -> bool:
        self.record("insert layer")
        layer.parent = parent
        self.layers.insert(position, layer)
        return True

    def get_layers(self) -> list[Layer]:
        return [layer for layer in self.layers if layer.parent is None]

    def get_channels(self) -> list[Channel]:
        return self.channels

    def get_item_position(self, item: Layer) -> int:
        return self.layers.index(item)

    def get_precision(self) -> Precision:
        return self._precision

    def get_selection(self) -> Selection:
        return self._selection

    def get_floating_sel(self) -> Layer | None:
        return self.floating


class Display:
    shown: ClassVar[list[Image]] = []

    @staticmethod
    def new(image: Image) -> Display:
        Display.shown.append(image)
        return Display()


class Selection(Channel):
    @staticmethod
    def is_empty(image: Image) -> bool:
        return not image.get_selection().get_buffer().pixels.any()


class Choice:
    def __init__(self) -> None:
        self.nicks: list[str] = []

    @staticmethod
    def new() -> Choice:
        return Choice()

    def add(self, nick: str, id: int, label: str, help: str) -> None:
        self.nicks.append(nick)


class GType:
    """The type of an object, as GObject knows it."""

    def __init__(self, name: str) -> None:
        self.name = name


def directory() -> str:
    """Where GIMP keeps the user's settings: a test's own folder, which it sets."""
    return os.environ["FAKE_GIMP_DIRECTORY"]


class ProcedureConfig:
    __gtype__ = GType("GimpProcedureConfigRun-plug-in-flyaway-extract-foreground")

    def __init__(self, values: dict[str, object]) -> None:
        self._values = values
        self._watchers: list[tuple[str, Callable[..., object]]] = []

    @property
    def names(self) -> set[str]:
        return set(self._values)

    def get_property(self, name: str) -> Any:
        return self._values[name]

    def set_property(self, name: str, value: object) -> None:
        self._values[name] = value
        for signal, handler in self._watchers:
            if signal == f"notify::{name}":
                handler(self)

    def connect(self, signal: str, handler: Callable[..., object]) -> None:
        self._watchers.append((signal, handler))


class ValueArray:
    """A procedure's answer."""

    def __init__(
        self, status: PDBStatusType, error: GLib.Error | None, *more: GObject.Value
    ) -> None:
        self.status = status
        self.message = error.message if error else None
        self.more = [value.content for value in more]

    @staticmethod
    def new_from_values(values: list[GObject.Value]) -> ValueArray:
        status, *more = values
        return ValueArray(status.content, None, *more)


Run = Callable[
    ["Procedure", RunMode, Image, Sequence[Drawable], ProcedureConfig, object], ValueArray
]


class Procedure:
    def __init__(self, name: str, run: Run) -> None:
        self.name = name
        self.label = ""
        self.menu_paths: list[str] = []
        self.choices: dict[str, list[str]] = {}
        self.defaults: dict[str, object] = {}
        self.returned: list[str] = []
        self._run = run

    def set_image_types(self, types: str) -> None: ...

    def set_sensitivity_mask(self, mask: ProcedureSensitivityMask) -> None: ...

    def set_menu_label(self, label: str) -> None:
        self.label = label

    def add_menu_path(self, path: str) -> None:
        self.menu_paths.append(path)

    def set_documentation(self, blurb: str, help: str | None, help_id: str | None) -> None: ...

    def set_attribution(self, authors: str, copyright: str, date: str) -> None: ...

    def add_string_argument(
        self, name: str, nick: str, blurb: str, value: str, flags: GObject.ParamFlags
    ) -> None:
        self.defaults[name] = value

    def add_int_aux_argument(
        self,
        name: str,
        nick: str,
        blurb: str,
        minimum: int,
        maximum: int,
        value: int,
        flags: GObject.ParamFlags,
    ) -> None:
        self.add_int_argument(name, nick, blurb, minimum, maximum, value, flags)

    def add_double_argument(
        self,
        name: str,
        nick: str,
        blurb: str,
        minimum: float,
        maximum: float,
        value: float,
        flags: GObject.ParamFlags,
    ) -> None:
        assert minimum <= value <= maximum
        self.defaults[name] = value

    def add_string_aux_argument(
        self, name: str, nick: str, blurb: str, value: str, flags: GObject.ParamFlags
    ) -> None:
        self.defaults[name] = value

    def add_boolean_argument(
        self, name: str, nick: str, blurb: str, value: bool, flags: GObject.ParamFlags
    ) -> None:
        self.defaults[name] = value

    def add_choice_argument(
        self,
        name: str,
        nick: str,
        blurb: str,
        choice: Choice,
        value: str,
        flags: GObject.ParamFlags,
    ) -> None:
        assert value in choice.nicks
        self.choices[name] = choice.nicks
        self.defaults[name] = value

    def add_int_argument(
        self,
        name: str,
        nick: str,
        blurb: str,
        minimum: int,
        maximum: int,
        value: int,
        flags: GObject.ParamFlags,
    ) -> None:
        self.defaults[name] = value

    def add_layer_argument(
        self, name: str, nick: str, blurb: str, none_ok: bool, flags: GObject.ParamFlags
    ) -> None:
        assert none_ok, "a script would have to give one"
        self.defaults[name] = None

    def add_drawable_argument(
        self, name: str, nick: str, blurb: str, none_ok: bool, flags: GObject.ParamFlags
    ) -> None:
        self.add_layer_argument(name, nick, blurb, none_ok, flags)

    def add_image_return_value(
        self, name: str, nick: str, blurb: str, none_ok: bool, flags: GObject.ParamFlags
    ) -> None:
        self.returned.append(name)

    def new_return_values(self, status: PDBStatusType, error: GLib.Error | None) -> ValueArray:
        return ValueArray(status, error)

    def run(
        self,
        image: Image,
        drawables: Sequence[Drawable],
        run_mode: RunMode = RunMode.NONINTERACTIVE,
        **settings: object,
    ) -> ValueArray:
        """Run with these settings in place of the defaults; for tests."""
        config = ProcedureConfig(self.defaults | settings)
        return self._run(self, run_mode, image, drawables, config, None)


class ImageProcedure(Procedure):
    @staticmethod
    def new(
        plug_in: PlugIn, name: str, proc_type: PDBProcType, run: Run, data: object
    ) -> ImageProcedure:
        return ImageProcedure(name, run)


class PlugIn:
    __gtype__: ClassVar[type[PlugIn]]

    def __init_subclass__(cls) -> None:
        cls.__gtype__ = cls


plug_ins: list[type[PlugIn]] = []
"""What was given to `main`."""
messages: list[str] = []
"""What the user was told."""
progress: list[str | float] = []
"""What the progress bar showed, texts and fractions."""


def main(plug_in: type[PlugIn], argv: Sequence[str]) -> int:
    plug_ins.append(plug_in)
    return 0


def version() -> str:
    return "3.0.0"


def message(text: str) -> bool:
    messages.append(text)
    return True


def displays_flush() -> None: ...


def progress_init(text: str) -> bool:
    progress.append(text)
    return True


def progress_set_text(text: str) -> bool:
    progress.append(text)
    return True


def progress_update(fraction: float) -> bool:
    progress.append(fraction)
    return True


def progress_end() -> bool:
    return True
