"""Pictures as GTK shows them: HxWx3 or HxWx4 bytes, and what GdkPixbuf does with them."""

from __future__ import annotations

import enum

import numpy as np
from numpy.typing import NDArray

from gi.repository import GLib


class Colorspace(enum.Enum):
    RGB = 0


class InterpType(enum.Enum):
    NEAREST = 0
    BILINEAR = 2


class Pixbuf:
    def __init__(self, content: bytes, width: int, height: int) -> None:
        self.content, self.size = content, (width, height)

    @staticmethod
    def new(
        colorspace: Colorspace, has_alpha: bool, bits_per_sample: int, width: int, height: int
    ) -> Pixbuf:
        assert width > 0 and height > 0 and bits_per_sample == 8
        return Pixbuf(bytes((4 if has_alpha else 3) * width * height), width, height)

    @staticmethod
    def new_from_bytes(
        data: GLib.Bytes,
        colorspace: Colorspace,
        has_alpha: bool,
        bits_per_sample: int,
        width: int,
        height: int,
        rowstride: int,
    ) -> Pixbuf:
        assert colorspace is Colorspace.RGB and bits_per_sample == 8
        assert rowstride == (4 if has_alpha else 3) * width
        assert len(data.content) == rowstride * height
        return Pixbuf(data.content, width, height)

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """HxWxC uint8; for tests, too."""
        width, height = self.size
        return np.frombuffer(self.content, np.uint8).reshape(height, width, -1)

    def get_pixels(self) -> bytes:
        return self.content

    def fill(self, pixel: int) -> None:
        width, height = self.size
        colour = pixel.to_bytes(4, "big")[: self.pixels.shape[2]]
        self.content = colour * (width * height)

    def scale_simple(self, width: int, height: int, interp_type: InterpType) -> Pixbuf:
        assert interp_type is InterpType.BILINEAR
        return Pixbuf(self.content, width, height)

    def composite(
        self,
        dest: Pixbuf,
        dest_x: int,
        dest_y: int,
        dest_width: int,
        dest_height: int,
        offset_x: float,
        offset_y: float,
        scale_x: float,
        scale_y: float,
        interp_type: InterpType,
        overall_alpha: int,
    ) -> None:
        place = (slice(dest_y, dest_y + dest_height), slice(dest_x, dest_x + dest_width))
        ground = dest.pixels[place][..., :3]
        self._lay(dest, place, scale_x, ground)

    def composite_color(
        self,
        dest: Pixbuf,
        dest_x: int,
        dest_y: int,
        dest_width: int,
        dest_height: int,
        offset_x: float,
        offset_y: float,
        scale_x: float,
        scale_y: float,
        interp_type: InterpType,
        overall_alpha: int,
        check_x: int,
        check_y: int,
        check_size: int,
        color1: int,
        color2: int,
    ) -> None:
        assert (offset_x, offset_y) == (dest_x, dest_y) and scale_x == scale_y
        place = (slice(dest_y, dest_y + dest_height), slice(dest_x, dest_x + dest_width))
        y, x = np.mgrid[0:dest_height, 0:dest_width]
        is_first = ((x + check_x) // check_size + (y + check_y) // check_size) % 2 == 0
        ground = np.where(is_first[..., None], _colour(color1), _colour(color2)).astype(np.uint8)
        self._lay(dest, place, scale_x, ground)

    def _lay(
        self, dest: Pixbuf, place: tuple[slice, slice], by: float, ground: NDArray[np.uint8]
    ) -> None:
        times = int(by)
        source = self.pixels.repeat(times, axis=0).repeat(times, axis=1).astype(float)
        alpha = source[..., 3:] / 255
        result = dest.pixels.copy()
        assert result[place].shape[:2] == source.shape[:2], (
            "GdkPixbuf would write beyond the picture"
        )
        result[place][..., :3] = np.round(alpha * source[..., :3] + (1 - alpha) * ground)
        result[place][..., 3:] = 255
        dest.content = result.tobytes()


def _colour(packed: int) -> list[int]:
    return list(packed.to_bytes(3, "big"))
