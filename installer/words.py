"""Brings the catalogues of translations up to the texts in the code; `scripts/words` runs it.

Texts that came are added with nothing beside them, texts that went are dropped, translations stay as they are.
"""

from __future__ import annotations

import ast
import functools
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import flyaway
from flyaway_client import wording

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = ROOT / "plugins"
LANGUAGES = ("de", "es", "fr", "ja")


@dataclass(frozen=True)
class Shelf:
    """Some folders' texts, and where their catalogues are.

    Attributes:
        name: for people.
        sources: the folders with the code.
        catalogues: the folder with a .po file for each language.
        below: a shelf that is always at hand too: its texts are not kept twice.
    """

    name: str
    sources: tuple[Path, ...]
    catalogues: Path
    below: Shelf | None = None

    def texts(self) -> dict[str, list[str]]:
        """All texts, and the files where each is."""
        known = self.below.texts() if self.below else {}
        return {text: places for text, places in _found(self.sources) if text not in known}

    def file(self, language: str) -> Path:
        """The catalogue of a language."""
        return self.catalogues / f"{language}.po"

    def written(self, language: str, translations: dict[str, str]) -> str:
        """A catalogue as its file has it.

        Args:
            language: its code.
            translations: English -> the language; what is not there is left empty.
        """
        header = f"Language: {language}\nContent-Type: text/plain; charset=UTF-8\n"
        entries = [f"msgid {_quoted('')}\nmsgstr {_quoted(header)}\n"]
        for text, places in self.texts().items():
            translation = translations.get(text, "")
            entries.append(
                f"#: {' '.join(places)}\nmsgid {_quoted(text)}\nmsgstr {_quoted(translation)}\n"
            )
        return "\n".join(entries)


IN_PLUGINS = Shelf(
    "plugins",
    (PLUGINS / "common", PLUGINS / "gimp", PLUGINS / "krita"),
    wording.CATALOGUES,
)
IN_DAEMON = Shelf(
    "daemon",
    (ROOT / "daemon/flyaway", ROOT / "installer/flyaway_installer"),
    flyaway.CATALOGUES,
    below=IN_PLUGINS,
)
SHELVES = (IN_PLUGINS, IN_DAEMON)
"""The daemon has the plugins' shared words at hand, but not they its own: a plugin carries no words it never says."""


def marked(source: str) -> list[str]:
    """The texts inside `_()` of a module, in their order.

    Raises:
        ValueError: there is something else than one literal text.
    """
    calls = (
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
    )
    found = []
    for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
        match call.args:
            case [ast.Constant(value=str() as text)] if not call.keywords:
                found.append(text)
            case _:
                raise ValueError(f"line {call.lineno}: _() takes one text, written out")
    return found


@functools.cache
def _found(sources: tuple[Path, ...]) -> tuple[tuple[str, list[str]], ...]:
    """The texts in some folders, and the files where each is; read once."""
    found: dict[str, list[str]] = {}
    for source in sources:
        for file in sorted(source.rglob("*.py")):
            for text in marked(file.read_text(encoding="utf-8")):
                places = found.setdefault(text, [])
                name = file.relative_to(source.parent).as_posix()
                if name not in places:
                    places.append(name)
    return tuple(found.items())


def _quoted(text: str) -> str:
    """As gettext's files have it, which quote as JSON does."""
    return json.dumps(text, ensure_ascii=False)


def main() -> int:
    """Write all catalogues; 1 where something is still to be translated."""
    missing = 0
    for shelf in SHELVES:
        shelf.catalogues.mkdir(exist_ok=True)
        for language in LANGUAGES:
            file = shelf.file(language)
            known = wording.read(file) if file.is_file() else {}
            file.write_text(shelf.written(language, known), encoding="utf-8", newline="\n")
            empty = sum(not known.get(text) for text in shelf.texts())
            if empty:
                print(f"Translate the {empty} empty msgstr in {file}.")  # noqa: T201
            missing += empty
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main())
