"""settings: the same options in two places, and sentences for those that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flyaway.batch.settings import FILE_NAME, Pad, filled, read_file, settle
from flyaway.cli import batch
from flyaway.errors import RequestError

OUT = {"output": "out"}


def test_defaults_are_a_cut_out_as_png_for_each_photo() -> None:
    settings = settle(OUT, {})

    assert (settings.kinds, settings.format, settings.name) == (("cutout",), "png", "{stem}-{kind}")
    assert (settings.engine, settings.selection_is, settings.shard) == ("auto", "automatic", (1, 1))


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        ({"mask": True}, "kinds", ("mask",)),
        ({"both": True}, "kinds", ("cutout", "mask")),
        ({"pad": "20"}, "pad", Pad(20)),
        ({"pad": 20}, "pad", Pad(20)),
        ({"pad": "20px"}, "pad", Pad(20)),
        ({"pad": "7.5%"}, "pad", Pad(0, 0.075)),
        ({"shard": "3/8"}, "shard", (3, 8)),
        ({"workers": "4"}, "workers", 4),
        ({"workers": 4}, "workers", 4),
        ({"trimap-pattern": "{stem}_t.png"}, "selection_is", "trimap"),
        ({"region-pattern": "{stem}_t.png"}, "selection_pattern", "{stem}_t.png"),
        ({"name": "{kind}\\{stem}"}, "name", "{kind}/{stem}"),
        ({"background": "white"}, "background_file", None),
        ({"background": "#fff"}, "background_file", None),
        ({"background": "wall.jpg"}, "background_file", Path("wall.jpg")),
        ({"transparent": True}, "is_transparent", True),
        ({"retry-failed": True}, "retries_failed", True),
    ],
)
def test_each_option_is_read(options: dict[str, Any], field: str, value: object) -> None:
    assert getattr(settle(OUT | options, {}), field) == value


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"pad": "wide"}, "pad must be pixels"),
        ({"pad": "-3"}, "pad must be pixels"),
        ({"pad": "2000%"}, "pad must be pixels"),
        ({"shard": "0/3"}, "shard must be a part"),
        ({"shard": "4/3"}, "shard must be a part"),
        ({"shard": "a/b"}, "shard must be a part"),
        ({"workers": "0"}, "workers must be a whole number"),
        ({"workers": True}, "workers must be a whole number"),
        ({"format": "jpeg"}, "format must be one of png, tiff, webp"),
        ({"name": "same"}, "name must hold"),
        ({"name": "../{stem}"}, "stay in its folder"),
        ({"name": "/tmp/{stem}"}, "stay in its folder"),
        ({"name": "{stem}{size}"}, "has a field {size}"),
        ({"name": "{stem}{}"}, "has a field {}"),
        ({"name": "{stem.__class__}"}, "has a field"),
        ({"trimap-pattern": "t.png"}, "must hold {stem}"),
        ({"trimap-pattern": "{kind}.png"}, "has a field {kind}"),
        ({"plate": "{kind}.png"}, "has a field {kind}"),
        ({"trimap-pattern": "{stem}", "region-pattern": "{stem}"}, "do not go together"),
        ({"mask": True, "both": True}, "do not go together"),
        ({"both": True, "name": "{stem}"}, "hold {kind}"),
        ({"mask": True, "background": "white"}, "A mask has no background"),
        ({"trim": "yes"}, "trim must be true or false"),
        ({"engine": 7}, "engine must be text"),
        ({"output": ""}, "Say where the results go"),
    ],
)
def test_what_cannot_be_is_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError) as caught:
        settle(OUT | options, {})
    assert told in str(caught.value)


def test_the_command_line_wins_option_by_option() -> None:
    in_file = {"output": "there", "both": True, "trimap-pattern": "{stem}", "pad": 5, "trim": True}

    settings = settle(
        {"output": "here", "mask": True, "region-pattern": "{name}", "trim": False}, in_file
    )

    assert settings.output == Path("here")
    assert (settings.kinds, settings.selection_is, settings.pad) == (("mask",), "region", Pad(5))
    assert not settings.is_trimmed


def test_paths_in_the_file_are_taken_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(
        'output = "out"\nplate = "empty/{name}"\nbackground = "wall.png"\n', encoding="utf-8-sig"
    )
    found = read_file(tmp_path)
    assert found == {
        "output": str(tmp_path / "out"),
        "plate": str(tmp_path / "empty/{name}"),
        "background": str(tmp_path / "wall.png"),
    }


def test_a_colour_in_the_file_is_no_path(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('background = "white"')
    assert read_file(tmp_path) == {"background": "white"}


@pytest.mark.parametrize(
    ("content", "told"),
    [("colour = 1", "no option 'colour'"), ("= 1", "cannot be read"), ("pad = ", "cannot be read")],
)
def test_a_file_with_mistakes_is_refused_by_its_name(
    content: str, told: str, tmp_path: Path
) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    with pytest.raises(RequestError) as caught:
        read_file(tmp_path)
    assert told in str(caught.value)
    assert FILE_NAME in str(caught.value)


def test_no_file_is_no_options(tmp_path: Path) -> None:
    assert read_file(tmp_path) == {}


def test_the_command_line_has_the_options_that_can_be_read(tmp_path: Path) -> None:
    offered = {name for name, *_ in (*batch._TEXTS, *batch._SWITCHES)}
    (tmp_path / FILE_NAME).write_text("none-such = 1")
    with pytest.raises(RequestError) as caught:
        read_file(tmp_path)
    assert set(str(caught.value).partition("There are ")[2].rstrip(".").split(", ")) == offered


def test_a_pattern_is_filled_once() -> None:
    assert filled("{stem}-{kind}", stem="{kind}", kind="mask") == "{kind}-mask"
