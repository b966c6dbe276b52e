"""Every text in the plugins' windows is marked, and every catalogue has all of them, and no others."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import words
from flyaway_client import wording

FILES = sorted(words.PLUGINS.rglob("*.py"))

SHOWING = {
    "setToolTip", "setText", "setWindowTitle", "setPrefix", "setSpecialValueText", "QPushButton", "QCheckBox", "QLabel",
    "addRow", "_button", "set_tooltip_text", "set_text", "set_label", "set_ok_label", "set_menu_label", "set_documentation",
    "add_button", "_labelled", "icon_button", "Slider",
}  # fmt: skip
"""What is called with what users read."""

SHOWN = {"label", "tooltip_text", "title", "placeholder_text"}
"""Arguments by name that users read."""

ICON = re.compile("[a-z]+(-[a-z]+)+")
"""The name of one in GIMP's theme."""

NAMES = {"Flyaway"}
"""The same in every language."""


def unmarked(source: str) -> list[str]:
    """Texts at the known places that are not inside `_()`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            found += [text for shown in _shown(node) for text in _bare(shown)]
    return [text for text in found if text not in NAMES and not ICON.fullmatch(text)]


def _shown(call: ast.Call) -> Iterator[ast.expr]:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name in SHOWING:
        yield from call.args
    if name == "MenuEntry":
        yield from call.args[1:]
    yield from (one.value for one in call.keywords if one.arg in SHOWN)


def _bare(node: ast.expr) -> Iterator[str]:
    """Texts with words in them, wherever they stand in an expression, but for arguments of calls."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and re.search(r"[^\W\d_]{3}", node.value):
            yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield from (text for part in node.values for text in _bare(part))
    elif isinstance(node, ast.IfExp):
        yield from (*_bare(node.body), *_bare(node.orelse))
    elif isinstance(node, ast.BinOp):
        yield from (*_bare(node.left), *_bare(node.right))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_each_text_in_a_window_is_marked(file: Path) -> None:
    bare = unmarked(file.read_text(encoding="utf-8"))

    assert bare == [], "put _() of wording.py around these, then run scripts/words"


@pytest.mark.parametrize("name", ["texts", "views"])
def test_each_constant_of_shared_words_is_marked(name: str) -> None:
    tree = ast.parse((words.PLUGINS / "common/flyaway_client" / f"{name}.py").read_text("utf-8"))
    marked = {
        id(argument)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for argument in call.args
    }
    spoken = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)  # docstrings
    }

    bare = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and " " in node.value
        and id(node) not in marked | spoken
    ]
    # What follows "is not installed" stands in sentences of errors, which are English as yet.
    assert [text for text in bare if not text.startswith("If Flyaway itself")] == []


def test_a_text_that_is_not_marked_is_seen() -> None:
    assert unmarked('box.setText("Some words" if x else f"and {y} more")') == [
        "Some words",
        "and ",
        " more",
    ]
    assert unmarked('Button(label=_("Some words"), tooltip_text="Others")') == ["Others"]


def test_a_mark_around_what_cannot_be_found_is_refused() -> None:
    with pytest.raises(ValueError, match="line 1: "):
        words.marked('_(f"Layer {name}")')


@pytest.fixture(params=words.LANGUAGES)
def catalogue(request: pytest.FixtureRequest) -> dict[str, str]:
    return wording.read(wording.CATALOGUES / f"{request.param}.po")


def test_catalogues_are_those_of_the_languages() -> None:
    assert {file.name for file in wording.CATALOGUES.iterdir()} == {
        f"{language}.po" for language in words.LANGUAGES
    }


def test_a_catalogue_has_all_texts_and_no_others(catalogue: dict[str, str]) -> None:
    texts = words.texts().keys()
    known = catalogue.keys() - {""}

    assert (texts - known, known - texts) == (set(), set()), "run scripts/words"
    assert [text for text in texts if not catalogue[text]] == [], "translate these"


def test_a_translation_has_the_names_that_are_filled_in(catalogue: dict[str, str]) -> None:
    assert [text for text in words.texts() if _names(text) != _names(catalogue[text])] == []


def test_a_translation_has_a_key_where_the_label_has_one(catalogue: dict[str, str]) -> None:
    assert [text for text in words.texts() if _keys(text) != _keys(catalogue[text])] == []


def test_a_translation_ends_and_begins_with_blanks_as_the_text_does(
    catalogue: dict[str, str],
) -> None:
    def rims(text: str) -> tuple[bool, bool]:
        return text.startswith(" "), text.endswith(" ")

    assert [text for text in words.texts() if rims(text) != rims(catalogue[text])] == []


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_catalogue_is_as_the_script_writes_it(language: str) -> None:
    file = wording.CATALOGUES / f"{language}.po"

    written = words.written(language, wording.read(file))

    assert written == file.read_text(encoding="utf-8"), "run scripts/words"


def _names(text: str) -> list[tuple[str | None, str | None, str | None]]:
    """What is filled in, and how."""
    fields = (field[1:] for field in string.Formatter().parse(text) if field[1] is not None)
    return sorted(fields, key=str)


def _keys(text: str) -> int:
    return len(re.findall(r"_(?=[^\W\d_])", re.sub(r"\{.*?\}", "", text)))
