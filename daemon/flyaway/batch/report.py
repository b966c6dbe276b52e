"""What a person looks at after a batch: failures as a table, and a contact sheet of results, the least certain first."""

from __future__ import annotations

import csv
import html
import io
import os
import unicodedata
from collections.abc import Collection, Sequence
from urllib.parse import quote

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from flyaway.batch import publishing
from flyaway.batch.locations import Location, below
from flyaway.batch.manifest import Manifest, Record, State
from flyaway.batch.plan import FAILURES, PAGE, REPORTS, SHEET, Job
from flyaway.errors import RequestError
from flyaway.files.photos import Pixels
from flyaway_client.wording import _, language, said_in

_CLAIM = "report"
"""What runs claim that write reports."""

_HEADER = ("photo", "sentence", "when")
_MARKS = (",".join(_HEADER).encode(), b"<title>Flyaway:", b"Flyaway's contact sheet")
"""What the reports begin with."""

_LOOKED_AT_BYTES = 200

_COLUMNS, _ROWS = 10, 5
_CELL_PX, _LINE_PX, _SQUARE_PX = 160, 14, 10
_LETTERS = 26
"""Of a line."""

_LIGHT, _DARK = 220, 170
"""Grey levels of the checkerboard."""


def write(manifest: Manifest, names: Collection[str]) -> int:
    """Write all reports anew from the manifest.

    Args:
        manifest: what is known of photos.
        names: those that there are now; what failed of others is not told any more.

    Returns:
        How many photos have failed.

    Raises:
        RequestError: a report cannot be written.
    """
    records = list(manifest.records())
    failed = [one for one in records if one.state is State.FAILED and one.photo in names]
    done = least_certain_first(records)
    with publishing.writing(manifest.output), manifest.alone(_CLAIM):
        with manifest.replacing(_CLAIM, manifest.output / FAILURES) as file:
            file.write(_table(failed).encode("utf-8-sig", "surrogateescape"))
        with manifest.replacing(_CLAIM, manifest.output / PAGE) as file:
            file.write(_page(done, manifest).encode("utf-8", "surrogateescape"))
        with manifest.replacing(_CLAIM, manifest.output / SHEET) as file:
            sheet = _sheet(done[: _COLUMNS * _ROWS], manifest)
            sheet.save(file, "PNG", pnginfo=_marked())
    return len(failed)


def check(output: Location) -> None:
    """Refuse to write reports over files that are not ours.

    Raises:
        RequestError: there is one.
    """
    for name in REPORTS:
        file = output / name
        try:
            with file.open("rb") as opened:
                begin = opened.read(_LOOKED_AT_BYTES)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RequestError(
                _("{path} cannot be read: {why}.").format(path=file, why=error.strerror or error)
            ) from error
        if not any(mark in begin for mark in _MARKS):
            raise RequestError(
                _(
                    "{file} is not what a batch has made, and would be written over. Move it away, or name "
                    "another folder with -o."
                ).format(file=file)
            )


def least_certain_first(records: Sequence[Record]) -> list[Record]:
    """The photos that are done, those first that a person should look at: unsure subjects, then soft edges."""
    done = [record for record in records if record.state is not State.FAILED]
    return sorted(done, key=lambda record: (_certainty(record), -record.soft, record.photo))


def _certainty(record: Record) -> float:
    return 1.0 if record.confidence is None else record.confidence


def _table(records: Sequence[Record]) -> str:
    """The table: photo, sentence, when."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_HEADER)
    table.writerows((record.photo, record.sentence, record.when) for record in records)
    return text.getvalue()


def _page(records: Sequence[Record], manifest: Manifest) -> str:
    """A page that needs nothing but the files beside it."""
    cells = "\n".join(_figure(record, manifest) for record in records)
    count = len(records)
    return _HTML.format(
        language=language() or "en",
        title=_("{count} cut-outs").format(count=count),
        about=_("{count} photos, the least certain first. A click opens the result.").format(
            count=count
        ),
        cells=cells,
    )


def _figure(record: Record, manifest: Manifest) -> str:
    result = next(iter(record.outputs), "")
    thumbnail = below(manifest.thumbnail(Job.key_of(record.photo)), manifest.output)
    name, notes = html.escape(_shown(record.photo)), html.escape("\n".join(record.notes))
    return (
        f'<figure><a href="{_link(result)}" title="{notes}">'
        f'<img loading="lazy" src="{_link(thumbnail)}" alt="{name}"></a>'
        f"<figcaption>{name}<br>{_words(record)}</figcaption></figure>"
    )


def _words(record: Record) -> str:
    """How sure it is."""
    sure = (
        _("given")
        if record.confidence is None
        else _("{share:.0%} sure").format(share=record.confidence)
    )
    return _("{sure}, {share:.1%} soft").format(sure=sure, share=record.soft)


def _link(path: str) -> str:
    return quote(os.fsencode(path))


def _shown(name: str) -> str:
    """A name in letters that a page can hold."""
    return os.fsencode(name).decode("utf-8", "replace")


def _plain(name: str) -> str:
    """A name in the letters of Pillow's own font, ASCII: without accents, and with ? for other scripts."""
    letters = unicodedata.normalize("NFKD", _shown(name))
    return "".join(
        letter if " " <= letter <= "~" else "?"
        for letter in letters
        if not unicodedata.combining(letter)
    )


def _ending(path: str) -> str:
    """As much of a path's end as a cell has room for: in other folders, others may have the same name."""
    return path if len(path) <= _LETTERS else f"...{path[3 - _LETTERS :]}"


def _sheet(records: Sequence[Record], manifest: Manifest) -> Image.Image:
    """The least certain as one picture."""
    rows = max(1, -(-len(records) // _COLUMNS))
    columns = max(1, min(len(records), _COLUMNS))
    height = _CELL_PX + 2 * _LINE_PX
    sheet = Image.new("RGB", (columns * _CELL_PX, rows * height), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_LINE_PX - 3)
    board = Image.fromarray(_checkerboard(_CELL_PX))
    for index, record in enumerate(records):
        row, column = divmod(index, _COLUMNS)
        left, top = column * _CELL_PX, row * height
        sheet.paste(board, (left, top))
        english = said_in("", _words(record))  # Pillow's own font has no Japanese
        thumbnail = _thumbnail(manifest.thumbnail(Job.key_of(record.photo)))
        if thumbnail is not None:
            middle = (_CELL_PX - thumbnail.width) // 2, (_CELL_PX - thumbnail.height) // 2
            sheet.paste(thumbnail, (left + middle[0], top + middle[1]), thumbnail)
        for line, text in enumerate((_ending(_plain(record.photo)), english)):
            draw.text((left + 3, top + _CELL_PX + line * _LINE_PX), text, "black", font)
    return sheet


def _marked() -> PngInfo:
    """What tells the picture from others, at its beginning."""
    marked = PngInfo()
    marked.add_text("Title", "Flyaway's contact sheet")
    return marked


def _thumbnail(file: Location) -> Image.Image | None:
    """A small picture, RGBA, None where it is gone."""
    try:
        with file.open("rb") as opened, Image.open(opened) as image:
            shown = image.convert("RGBA")
    except OSError:
        return None
    shown.thumbnail((_CELL_PX - 4, _CELL_PX - 4))
    return shown


def _checkerboard(side: int) -> Pixels:
    squares = np.add(*np.indices((side, side)) // _SQUARE_PX) % 2
    return np.repeat(np.where(squares, _DARK, _LIGHT).astype(np.uint8)[..., None], 3, 2)


_HTML = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><title>Flyaway: {title}</title>
<style>
body {{ font: 13px sans-serif; margin: 1em }}
figure {{ display: inline-block; width: 200px; margin: 4px; vertical-align: top; overflow-wrap: anywhere }}
img {{ width: 200px; height: 200px; object-fit: contain;
  background: repeating-conic-gradient(#aaa 0 25%, #ddd 0 50%) 0 / 20px 20px }}
</style>
<p>{about}</p>
{cells}
</html>
"""
