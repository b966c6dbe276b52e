"""photos: every kind of image file comes in upright and whole, or is refused with a sentence."""

from __future__ import annotations

import random
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageOps, PngImagePlugin, TiffImagePlugin

from flyaway.errors import RequestError, TooLargeError
from flyaway.files import photos
from flyaway.files.photos import read_photo, read_selection

LIMIT = 1_000_000
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY_ICC = SRGB[:16] + b"GRAY" + SRGB[20:]


def picture(dtype: type = np.uint8, channels: int = 3) -> NDArray[Any]:
    """A 4x6 picture, every sample of which is different enough to find out where it went."""
    full = np.iinfo(dtype).max
    return (np.arange(4 * 6 * channels).reshape(4, 6, channels) * (full // 100)).astype(dtype)


def save_deep(path: Path, rgb: NDArray[np.uint16]) -> None:
    """Write 16-bit RGB or RGBA through OpenCV."""
    order = [2, 1, 0, 3][: rgb.shape[2]]
    done, encoded = cv2.imencode(path.suffix, rgb[..., order])
    assert done
    encoded.tofile(path)


def save_deep_tiff(path: Path, rgb: NDArray[np.uint16], orientation: int) -> None:
    """Write an uncompressed 16-bit RGB TIFF with an orientation, byte by byte."""
    height, width, channels = rgb.shape
    pixels = rgb.astype("<u2").tobytes()
    after = 8 + 2 + 12 * 10 + 4
    tags = [
        (256, 3, 1, width),
        (257, 3, 1, height),
        (258, 3, channels, after),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, after + 2 * channels),
        (274, 3, 1, orientation),
        (277, 3, 1, channels),
        (278, 3, 1, height),
        (279, 4, 1, len(pixels)),
    ]
    directory = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    depths = struct.pack(f"<{channels}H", *[16] * channels)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    path.write_bytes(head + directory + bytes(4) + depths + pixels)


@pytest.mark.parametrize(
    ("mode", "suffix", "channels"),
    [
        ("RGB", ".png", "rgb"),
        ("RGBA", ".png", "rgba"),
        ("L", ".png", "gray"),
        ("LA", ".png", "graya"),
        ("1", ".png", "gray"),
        ("P", ".png", "rgb"),
        ("PA", ".tif", "rgba"),
        ("YCbCr", ".tif", "rgb"),
        ("RGB", ".webp", "rgb"),
        ("RGB", ".bmp", "rgb"),
    ],
)
def test_reads_eight_bit_modes_as_plain_channels(
    mode: str, suffix: str, channels: str, tmp_path: Path
) -> None:
    path = tmp_path / f"ein Photo ü{suffix}"
    original = Image.fromarray(picture()).convert(mode)
    original.save(path, lossless=True)

    photo = read_photo(path, LIMIT)

    assert photo.header.channels == channels
    assert (photo.header.width, photo.header.height, photo.dtype) == (6, 4, "u8")
    plain = {"gray": "L", "graya": "LA", "rgb": "RGB", "rgba": "RGBA"}[channels]
    expected = np.array(Image.open(path).convert(plain)).reshape(photo.pixels.shape)
    assert np.array_equal(photo.pixels, expected)


def test_palette_with_a_transparent_entry_has_alpha(tmp_path: Path) -> None:
    path = tmp_path / "palette.png"
    Image.fromarray(picture()).quantize(8).save(path, transparency=0)

    photo = read_photo(path, LIMIT)

    assert photo.header.channels == "rgba"
    assert photo.pixels[..., 3].min() == 0


@pytest.mark.parametrize(("mode", "channels"), [("L", "graya"), ("RGB", "rgba")])
def test_single_transparent_colour_becomes_alpha(mode: str, channels: str, tmp_path: Path) -> None:
    path = tmp_path / "keyed.png"
    image = Image.fromarray(picture()).convert(mode)
    key: Any = image.getpixel((0, 0))
    image.save(path, transparency=key)

    photo = read_photo(path, LIMIT)

    assert photo.header.channels == channels
    assert photo.pixels[0, 0, -1] == 0
    assert photo.pixels[3, 5, -1] == 255


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [3, 4])
def test_keeps_sixteen_bit_colour(suffix: str, channels: int, tmp_path: Path) -> None:
    path = tmp_path / f"tief é{suffix}"
    save_deep(path, picture(np.uint16, channels))

    photo = read_photo(path, LIMIT)

    assert photo.dtype == "u16"
    assert np.array_equal(photo.pixels, picture(np.uint16, channels))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_keeps_sixteen_bit_grey(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"grey{suffix}"
    Image.fromarray(picture(np.uint16, 1)[..., 0]).save(path)

    photo = read_photo(path, LIMIT)

    assert photo.header.channels == "gray"
    assert np.array_equal(photo.pixels, picture(np.uint16, 1))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_turns_photos_upright_and_forgets_the_orientation(
    suffix: str, orientation: int, tmp_path: Path
) -> None:
    path = tmp_path / f"turned{suffix}"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Artist] = "Ann"
    Image.fromarray(picture()).save(path, exif=exif, quality=95)

    photo = read_photo(path, LIMIT)

    kept = Image.Exif()
    kept.load(photo.exif)
    assert np.array_equal(photo.pixels, np.array(ImageOps.exif_transpose(Image.open(path))))
    assert ExifTags.Base.Orientation not in kept
    assert kept[ExifTags.Base.Artist] == "Ann"


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """What Pillow makes of one channel after another, which it can turn at 16 bits."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    turned = []
    for channel in range(pixels.shape[2]):
        image = Image.fromarray(pixels[..., channel])
        image.info["exif"] = exif.tobytes()
        image.getexif()[ExifTags.Base.Orientation] = orientation
        turned.append(np.array(ImageOps.exif_transpose(image)))
    return np.stack(turned, axis=-1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_sixteen_bit_png_upright(orientation: int, tmp_path: Path) -> None:
    path = tmp_path / "turned.png"
    save_deep(path, picture(np.uint16))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    insert_chunk(path, b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))

    photo = read_photo(path, LIMIT)

    assert np.array_equal(photo.pixels, upright(picture(np.uint16), orientation))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_sixteen_bit_tiff_upright(orientation: int, tmp_path: Path) -> None:
    path = tmp_path / "turned.tif"
    save_deep_tiff(path, picture(np.uint16), orientation)

    photo = read_photo(path, LIMIT)

    assert np.array_equal(photo.pixels, upright(picture(np.uint16), orientation))


def insert_chunk(path: Path, kind: bytes, data: bytes) -> None:
    """Put a chunk right behind a PNG's header."""
    import zlib

    png = path.read_bytes()
    chunk = struct.pack(">I", len(data)) + kind + data
    chunk += struct.pack(">I", zlib.crc32(kind + data))
    path.write_bytes(png[:33] + chunk + png[33:])


def test_keeps_profile_resolution_and_camera_but_not_a_tiffs_layout(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[ExifTags.Base.Model] = "Camera 1"
    Image.fromarray(picture()).save(path, tiffinfo=tags, icc_profile=SRGB, dpi=(300, 300))

    photo = read_photo(path, LIMIT)

    kept = Image.Exif()
    kept.load(photo.exif)
    assert photo.icc == SRGB
    assert photo.dpi == (300.0, 300.0)
    assert dict(kept) == {ExifTags.Base.Model: "Camera 1"}


@pytest.mark.parametrize("icc", [b"", b"not a profile"], ids=["no profile", "damaged profile"])
def test_reads_cmyk_without_a_usable_profile_and_says_that_colours_are_approximate(
    icc: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "print.jpg"
    Image.new("CMYK", (6, 4), (255, 0, 0, 0)).save(path, icc_profile=icc or None)

    photo = read_photo(path, LIMIT)

    assert photo.header.channels == "rgb"
    assert photo.icc == b""
    assert photo.pixels[0, 0, 0] < 60 < 200 < photo.pixels[0, 0, 2]
    assert "approximate" in photo.notes[0]


def test_converts_lab_to_srgb_and_gives_it_that_profile(tmp_path: Path) -> None:
    path = tmp_path / "lab.tif"
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = to_lab.apply(Image.new("RGB", (6, 4), (200, 100, 50)))
    lab.save(path)

    photo = read_photo(path, LIMIT)

    assert np.abs(photo.pixels[0, 0].astype(int) - (200, 100, 50)).max() <= 3
    assert photo.icc[16:20] == b"RGB "
    assert "LAB" in photo.notes[0]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_photo_with_an_rgb_profile_becomes_rgb(dtype: type, tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    Image.fromarray(picture(dtype, 1)[..., 0]).save(path, icc_profile=SRGB)

    photo = read_photo(path, LIMIT)

    assert photo.header.channels == "rgb"
    assert photo.icc == SRGB
    assert np.array_equal(photo.pixels, picture(dtype, 1).repeat(3, axis=2))
    assert photo.pixels.flags.c_contiguous


def test_profile_of_another_kind_of_colour_is_left_out_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.fromarray(picture()).save(path, icc_profile=GREY_ICC)

    photo = read_photo(path, LIMIT)

    assert photo.icc == b""
    assert "does not fit" in photo.notes[0]


@pytest.mark.parametrize("dpi", [(0, 0), (float("nan"), 72.0), (1e12, 72.0), ("a", "b"), 72])
def test_senseless_resolution_is_none(dpi: Any) -> None:
    image = Image.fromarray(picture())
    image.info["dpi"] = dpi

    assert photos._dpi(image) is None


def test_takes_the_first_of_several_frames_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "film.tif"
    first, second = Image.fromarray(picture()), Image.new("RGB", (6, 4))
    first.save(path, save_all=True, append_images=[second])

    photo = read_photo(path, LIMIT)

    assert np.array_equal(photo.pixels, picture())
    assert "Only the first of its pages" in photo.notes[0]


def test_pages_are_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "film.tif"
    pages = [Image.new("RGB", (6, 4), (number, 0, 0)) for number in range(9)]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    read = []
    seek = TiffImagePlugin.TiffImageFile._seek

    def seek_and_note(image: TiffImagePlugin.TiffImageFile, frame: int) -> None:
        read.append(frame)
        seek(image, frame)

    monkeypatch.setattr(TiffImagePlugin.TiffImageFile, "_seek", seek_and_note)

    assert read_photo(path, LIMIT).notes

    assert max(read) <= 1


@pytest.mark.parametrize("kind", ["EPS", "DDS", "SPIDER"])
def test_opens_only_the_kinds_that_are_meant(kind: str, tmp_path: Path) -> None:
    """Whatever a file is called: PostScript would be run as a program by Ghostscript."""
    made, path = tmp_path / f"made.{kind.lower()}", tmp_path / "photo.jpg"
    image = Image.fromarray(picture())
    # Not by the other's name: Pillow would write all files called so as SPIDER from then on.
    (image.convert("F") if kind == "SPIDER" else image).save(made, kind)
    made.rename(path)

    with pytest.raises(RequestError, match="is not an image that Flyaway can read"):
        read_photo(path, LIMIT)


@pytest.mark.parametrize(
    "kind", ["PNG", "JPEG", "TIFF", "WEBP", "AVIF", "GIF", "BMP", "PPM", "TGA"]
)
def test_a_damaged_file_of_any_kind_ends_in_a_sentence(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "photo"
    Image.fromarray(picture()).save(path, kind)
    whole, generator = path.read_bytes(), random.Random(0)
    for _ in range(200):
        damaged = bytearray(whole)
        for place in generator.sample(range(len(damaged)), 4):
            damaged[place] = generator.choice((0, 127, 255, generator.randrange(256)))
        path.write_bytes(damaged[: generator.choice((len(damaged), len(damaged) // 2))])
        with suppress(RequestError, TooLargeError):
            read_photo(path, LIMIT)


def write_nothing(path: Path) -> None:
    path.write_bytes(b"")


def write_text(path: Path) -> None:
    path.write_text("This is no image.")


def write_folder(path: Path) -> None:
    path.mkdir()


def write_half(path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def write_half_of_a_deep_one(path: Path) -> None:
    save_deep(path, np.random.default_rng(1).integers(0, 65536, (64, 64, 3)).astype(np.uint16))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def write_damaged(path: Path) -> None:
    Image.fromarray(picture()).save(path)
    data = bytearray(path.read_bytes())
    data[45:60] = bytes(15)
    path.write_bytes(data)


def write_floats(path: Path) -> None:
    Image.fromarray(np.ones((4, 6), np.float32)).save(path, "TIFF")


def write_float_colours(path: Path) -> None:
    """A TIFF as editors save it at 32 bits a channel, whose layout Pillow does not know at all."""
    encoded = cv2.imencode(".tif", np.ones((4, 6, 3), np.float32))[1]
    path.write_bytes(encoded.tobytes())


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        (lambda path: None, "cannot be opened: No such file"),
        (write_folder, "cannot be opened: Is a directory"),
        (write_nothing, "not an image"),
        (write_text, "not an image"),
        (write_half, "damaged or cut short"),
        (write_half_of_a_deep_one, "damaged or cut short"),
        (write_damaged, "damaged or cut short"),
        (write_floats, "Save it with 8 or 16 bits"),
        (write_float_colours, "with 8 or 16 bits"),
    ],
    ids=[
        "missing",
        "folder",
        "empty",
        "text",
        "half",
        "half deep",
        "damaged",
        "floats",
        "float colours",
    ],
)
def test_refuses_what_is_no_whole_image_with_a_sentence(
    write: Callable[[Path], None], sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "kein Bild ü.png"
    write(path)

    with pytest.raises(RequestError, match=sentence) as caught:
        read_photo(path, LIMIT)

    assert str(path) in str(caught.value)


def test_refuses_a_decompression_bomb_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(path)

    with pytest.raises(
        TooLargeError, match="20000 × 20000 pixels, 400 megapixels; the limit is 150"
    ):
        read_photo(path, 150_000_000)


def test_small_limits_are_told_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "small.png"
    Image.new("1", (600, 400)).save(path)

    with pytest.raises(TooLargeError, match=r"0\.24 megapixels; the limit is 0\.2\."):
        read_photo(path, 200_000)


def test_side_longer_than_the_wire_allows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "panorama.png"
    Image.new("1", (1_000_001, 1)).save(path)

    with pytest.raises(TooLargeError, match="1000001 × 1 pixels; the limit is 1000000 on a side"):
        read_photo(path, 150_000_000)


@pytest.mark.parametrize(("mebibytes", "is_kept"), [(7, True), (9, False)])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_large_profiles_are_kept_as_far_as_the_protocol_allows(
    tmp_path: Path, suffix: str, mebibytes: int, is_kept: bool
) -> None:
    path, profile = tmp_path / f"photo.{suffix}", SRGB + bytes(mebibytes * 2**20)
    Image.fromarray(picture()).save(path, icc_profile=profile)
    before = PngImagePlugin.MAX_TEXT_CHUNK

    photo = read_photo(path, LIMIT)
    assert photo.icc == (profile if is_kept else b"")
    assert is_kept or "profile is too large" in photo.notes[0]
    assert before == PngImagePlugin.MAX_TEXT_CHUNK


def test_limit_is_the_settings_not_pillows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.png"
    Image.fromarray(picture()).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4)

    assert read_photo(path, LIMIT).header.pixels == 24
    assert Image.MAX_IMAGE_PIXELS == 4


# Selections


def selection(path: Path, image: Image.Image, *, is_trimap: bool = False, **options: Any) -> Any:
    image.save(path, **options)
    return read_selection(path, LIMIT, is_trimap=is_trimap)


LEVELS = np.array([[0, 102, 128], [200, 254, 255]], np.uint8)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
def test_selection_is_how_bright_the_file_is(mode: str, tmp_path: Path) -> None:
    image = Image.fromarray(LEVELS).convert(mode)

    assert np.array_equal(selection(tmp_path / "s.png", image), LEVELS)
    assert np.array_equal(selection(tmp_path / "t.png", image, is_trimap=True), LEVELS)


def test_sixteen_bit_selection_is_cut_down_to_eight(tmp_path: Path) -> None:
    image = Image.fromarray(LEVELS.astype(np.uint16) * 257)

    assert np.array_equal(selection(tmp_path / "s.png", image), LEVELS)


def test_selection_file_with_transparency_selects_what_is_opaque(tmp_path: Path) -> None:
    image = Image.new("RGBA", (3, 2), (10, 20, 30, 255))
    image.putalpha(Image.fromarray(LEVELS))

    assert np.array_equal(selection(tmp_path / "s.png", image), LEVELS)


def test_transparent_parts_of_a_trimap_are_background(tmp_path: Path) -> None:
    image = Image.fromarray(np.full((2, 3), 128, np.uint8)).convert("RGBA")
    image.putalpha(Image.fromarray(np.array([[0, 255, 255], [255, 0, 255]], np.uint8)))

    trimap = selection(tmp_path / "t.png", image, is_trimap=True)

    assert trimap.tolist() == [[0, 128, 128], [128, 0, 128]]


def test_selection_that_is_no_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.png"
    write_text(path)

    with pytest.raises(RequestError, match="not an image"):
        read_selection(path, LIMIT, is_trimap=False)


@pytest.mark.parametrize("suffix", [".DNG", ".nef", ".cr3"])
def test_camera_raw_is_refused_with_what_to_do(suffix: str, tmp_path: Path) -> None:
    """Such a file can be opened as a TIFF, and would give its thumbnail."""
    path = tmp_path / f"photo{suffix}"
    Image.new("RGB", (16, 12)).save(path, "TIFF")

    with pytest.raises(RequestError, match=r"raw file.*16 bits a channel"):
        read_photo(path, LIMIT)


def test_threads_that_read_do_not_take_the_limit_from_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    Image.new("L", (64, 64)).save(tmp_path / "large.png")
    has_begun, may_end = threading.Event(), threading.Event()

    def read_slowly() -> None:
        with photos._opened(tmp_path / "large.png", LIMIT):
            has_begun.set()
            may_end.wait(30)

    slow = threading.Thread(target=read_slowly)
    slow.start()
    assert has_begun.wait(30)
    read_photo(tmp_path / "large.png", LIMIT)
    with Image.open(tmp_path / "large.png") as image:
        assert image.size == (64, 64)  # the slow one still reads: no limit of Pillow's
    may_end.set()
    slow.join()

    assert Image.MAX_IMAGE_PIXELS == 10
    with pytest.raises(Image.DecompressionBombError), Image.open(tmp_path / "large.png"):
        pass
