"""Brings the catalogues of translations up to the texts in the code; `scripts/words` runs it.

Texts that came are added with nothing beside them, texts that went are dropped, translations stay as they are.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

from flyaway_client import wording

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"
LANGUAGES = ("de", "es", "fr", "ja")


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


def texts() -> dict[str, list[str]]:
    """All texts of the plugins, and the files where each is."""
    found: dict[str, list[str]] = {}
    for file in sorted(PLUGINS.rglob("*.py")):
        for text in marked(file.read_text(encoding="utf-8")):
            places = found.setdefault(text, [])
            name = file.relative_to(PLUGINS).as_posix()
            if name not in places:
                places.append(name)
    return found


def written(language: str, translations: dict[str, str]) -> str:
    """A catalogue as its file has it.

    Args:
        language: its code.
        translations: English -> the language; what is not there is left empty.
    """
    header = f"Language: {language}\nContent-Type: text/plain; charset=UTF-8\n"
    entries = [f"msgid {_quoted('')}\nmsgstr {_quoted(header)}\n"]
    for text, places in texts().items():
        translation = translations.get(text, "")
        entries.append(
            f"#: {' '.join(places)}\nmsgid {_quoted(text)}\nmsgstr {_quoted(translation)}\n"
        )
    return "\n".join(entries)


def _quoted(text: str) -> str:
    """As gettext's files have it, which quote as JSON does."""
    return json.dumps(text, ensure_ascii=False)


def main() -> int:
    """Write all catalogues; 1 where something is still to be translated."""
    wording.CATALOGUES.mkdir(exist_ok=True)
    missing = 0
    for language in LANGUAGES:
        file = wording.CATALOGUES / f"{language}.po"
        known = wording.read(file) if file.is_file() else {}
        file.write_text(written(language, known), encoding="utf-8", newline="\n")
        missing += sum(not known.get(text) for text in texts())
    if missing:
        print(f"Translate the {missing} empty msgstr in {wording.CATALOGUES}.")  # noqa: T201
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main())
