"""The words that users read, in their language: a catalogue of gettext's form for each, English where there is none.

Texts stay in the code in English, inside `_()`. Who has one user, a plugin or a command, calls `speak`; a plugin does
so before it imports what has texts as constants, which go into widgets as they are. The daemon has many and never does:
its texts are English, also in its log, and each client is told them in its own language, which `Text.said_in` finds.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import numbers
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

CATALOGUES = Path(__file__).with_name("catalogues")
"""A .po file for each language, named by its code."""

_more_catalogues: list[Path] = []
_language = ""
_spoken: dict[str, str] = {}
"""English -> the language that is spoken; empty for English."""


class Text(str):
    """A text in the language that is spoken, which can still be said in others.

    Attributes:
        english: as it stands in the code, with names where something is filled in.
        values: what is filled in; None where nothing was.
    """

    __slots__ = ("english", "values")
    english: str
    values: Mapping[str, object] | None

    def __new__(cls, english: str, values: Mapping[str, object] | None = None) -> Text:
        """Say it in the language that is spoken."""
        text = super().__new__(cls, _filled(english, values, _spoken))
        text.english, text.values = english, values
        return text

    def __str__(self) -> str:
        """Itself: an error made of a text has it as its words, and loses nothing."""
        return self

    def __format__(self, specification: str) -> str:
        """The text as part of another, in the language that is spoken by then: it may be older than that."""
        return format(_filled(self.english, self.values, _spoken), specification)

    def __reduce__(self) -> tuple[type[Text], tuple[str, Mapping[str, object] | None]]:
        """How it is sent to another process, which may speak another language."""
        return Text, (self.english, self.values)

    def format(self, *args: object, **values: object) -> Text:
        """The text with its names filled in, which may be with other texts.

        Raises:
            TypeError: something is to be filled in that has no name.
        """
        if args:
            raise TypeError("what is filled into a text has a name")
        return Text(self.english, {name: _kept(value) for name, value in values.items()})

    def said_in(self, language: str) -> str:
        """The text in another language, English where there is no catalogue of it."""
        return _filled(self.english, self.values, _known(language))


def _(english: str) -> Text:
    """A text in the user's language.

    Args:
        english: literally, so that `scripts/words` finds it; what is filled in stands as a name for `format`.
    """
    return Text(english)


def joined(between: str, parts: Iterable[str]) -> Text:
    """Texts in a row, each to be said in its language, and so what stands between them."""
    values = {f"part{number}": part for number, part in enumerate(parts)}
    return Text("{between}".join(f"{{{name}}}" for name in values), {**values, "between": between})


def said_in(language: str, text: str) -> str:
    """A text in a language; what nobody has marked as one stays as it is."""
    return text.said_in(language) if isinstance(text, Text) else text


def of_environment() -> list[str]:
    """The user's languages as gettext finds them in the environment, the best first."""
    named = (os.environ.get(name, "") for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))
    return next((value.split(":") for value in named if value), [])


def speak(languages: Iterable[str]) -> None:
    """Take the first of the user's languages that there is a catalogue for, or that is English.

    Args:
        languages: the best first, such as "de_AT.UTF-8", "de-AT", "de", "C".
    """
    global _language
    _language = ""
    _spoken.clear()
    for language in languages:
        code = _code(language)
        if code in {"c", "en", "posix"}:
            return
        if _files(code):
            _language = code
            _spoken.update(_known(code))
            return


def language() -> str:
    """The code of the language that is spoken, "" for English."""
    return _language


def add_catalogues(folder: Path) -> None:
    """Use a folder's catalogues too: those of texts that stand elsewhere than in this package."""
    if folder not in _more_catalogues:
        _more_catalogues.append(folder)


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


def _code(language: str) -> str:
    """The code of a language in one of the forms that systems have for it."""
    return language.replace("-", "_").partition("_")[0].partition(".")[0].lower()


def _files(code: str) -> list[Path]:
    """The catalogues of a language. Its name comes from outside, and must not lead out of the folders."""
    if not (code.isascii() and code.isalpha()):
        return []
    files = (folder / f"{code}.po" for folder in (CATALOGUES, *_more_catalogues))
    return [file for file in files if file.is_file()]


def _known(language: str) -> dict[str, str]:
    """English -> a language, of all its catalogues."""
    known: dict[str, str] = {}
    for file in _files(_code(language)):
        known.update(_translations(file))
    return known


@functools.lru_cache(maxsize=32)
def _translations(file: Path) -> dict[str, str]:
    """What a catalogue has translated; nothing where it is damaged: English is better than no words at all."""
    with contextlib.suppress(OSError, ValueError):
        return {key: text for key, text in read(file).items() if key and text}
    return {}


def _filled(
    english: str, values: Mapping[str, object] | None, translations: Mapping[str, str]
) -> str:
    """A text by some translations, with its values by the same."""
    text = translations.get(english, english)
    if values is None:
        return text
    said = {
        name: _filled(value.english, value.values, translations)
        if isinstance(value, Text)
        else value
        for name, value in values.items()
    }
    return text.format_map(said)


def _kept(value: object) -> object:
    """A value as a text may keep it: no error with all that hangs on it, and nothing that changes."""
    return value if isinstance(value, (str, numbers.Number)) else str(value)
