"""The words that users read, in the editor's language: a catalogue of gettext's form for each, English where there is none.

Texts stay in the code in English, inside `_()`. Many are constants, so an editor's entry file calls `speak` before it
imports what has them. The daemon and the command line never do, and stay English.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterable
from pathlib import Path

CATALOGUES = Path(__file__).with_name("catalogues")
"""A .po file for each language, named by its code."""

_spoken: dict[str, str] = {}
"""English -> the language that is spoken; empty for English."""


def _(english: str) -> str:
    """A text in the user's language.

    Args:
        english: literally, so that `scripts/words` finds it; what is filled in stands as a name for `str.format`.
    """
    return _spoken.get(english, english)


def speak(languages: Iterable[str]) -> None:
    """Take the first of the user's languages that there is a catalogue for, or that is English.

    Args:
        languages: the best first, such as "de_AT.UTF-8", "de-AT", "de", "C".
    """
    _spoken.clear()
    for language in languages:
        code = language.replace("-", "_").partition("_")[0].partition(".")[0].lower()
        if code in {"c", "en", "posix"}:
            return
        file = CATALOGUES / f"{code}.po"
        # The name comes from outside, and must not lead out of the folder.
        if code.isalpha() and file.is_file():
            # English is better than a plugin that does not come up.
            with contextlib.suppress(OSError, ValueError):
                _spoken.update((key, text) for key, text in read(file).items() if key and text)
            return


def read(file: Path) -> dict[str, str]:
    """A catalogue: each English text and its translation; "" has the header. Contexts and plurals there are none.

    Raises:
        ValueError: a line is no line of a catalogue.
    """
    pairs: list[list[str]] = []
    place = 0
    for number, raw in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("msgid "):
            pairs.append(["", ""])
            place = 0
        elif line.startswith("msgstr "):
            place = 1
        literal = line[line.find('"') :]
        if not pairs or len(literal) < 2 or literal[0] != '"' or literal[-1] != '"':
            raise ValueError(f"{file.name}, line {number}: this is no line of a catalogue")
        try:
            pairs[-1][place] += str(ast.literal_eval(literal))
        except SyntaxError as error:
            raise ValueError(f"{file.name}, line {number}: {error.msg}") from error
    return {english: translation for english, translation in pairs}  # noqa: C416 - dict() wants tuples
