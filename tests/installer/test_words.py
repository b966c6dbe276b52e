"""Every text in the plugins' windows is marked, and every catalogue has all of them, and no others."""

from __future__ import annotations

import ast
import re
import string
import symtable
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import words
from flyaway import engines, errors
from flyaway_client import wording

ENGLISH = {"doctor.py", "repairs.py"}
"""The page for bug reports, which whoever mends things shall read."""

FILES = sorted(
    file
    for shelf in words.SHELVES
    for root in shelf.sources
    for file in root.rglob("*.py")
    if file.name not in ENGLISH
)

SHOWING = {
    "setToolTip", "setText", "setWindowTitle", "setPrefix", "setSpecialValueText", "QPushButton", "QCheckBox", "QLabel",
    "addRow", "_button", "write_result", "write_remark", "confirm", "say", "set_tooltip_text", "set_text", "set_label", "set_ok_label", "set_menu_label", "set_documentation",
    "add_button", "_labelled", "icon_button", "Slider",
}  # fmt: skip
"""What is called with what users read."""

ERRORS = {
    "DocumentError", "ArgumentTypeError", "DaemonUnreachableError", "DaemonLostError", "VersionError", "InstallError", "AssemblyError",
    *(kind.__name__ for kind in errors.all_kinds()),
}  # fmt: skip
"""Whose words users read. Those of a message or a line that is not as it should be are for who writes a client."""

SHOWN = {"label", "tooltip_text", "title", "placeholder_text", "purpose", "help", "description"}
"""Arguments by name that users read."""

ICON = re.compile("[a-z]+(-[a-z]+)+")
"""The name of one in GIMP's theme."""

NAMES = {"Flyaway", "RMBG-2.0", "flyaway: ", "GIMP "}
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
    if name in SHOWING | ERRORS:
        yield from call.args
    if name == "Station":
        yield from call.args[1:2]
    if name == "report":
        yield from call.args[:1]
    if name == "MenuEntry":
        yield from call.args[1:]
    if name not in {"EngineRecord", "Place", "Entry"}:  # whose titles are names
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
    assert bare == []


def test_what_engines_say_of_themselves_is_marked() -> None:
    records = [engines.record(name) for name in engines.names()]

    assert [one.name for one in records if not isinstance(one.purpose, wording.Text)] == []


def test_a_text_that_is_not_marked_is_seen() -> None:
    assert unmarked('box.setText("Some words" if x else f"and {y} more")') == [
        "Some words",
        "and ",
        " more",
    ]
    assert unmarked('Button(label=_("Some words"), tooltip_text="Others")') == ["Others"]
    assert unmarked('raise RequestError(f"{x} is wrong") from error') == [" is wrong"]
    assert unmarked('task.report("Some work", 0.5)') == ["Some work"]


def test_a_mark_around_what_cannot_be_found_is_refused() -> None:
    with pytest.raises(ValueError, match="line 1: "):
        words.marked('_(f"Layer {name}")')


def spoilt(source: str) -> list[str]:
    """Where a name of a function's own takes the place of `_()`, which then fails where it is called."""
    found = []
    tables = [symtable.symtable(source, "", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        if table.get_type() == "function" and "_" in table.get_identifiers():
            mark = table.lookup("_")
            if mark.is_local() and mark.is_referenced():
                found.append(table.get_name())
    return found


def test_no_function_has_another_meaning_for_the_mark() -> None:
    assert spoilt("def f():\n    for _ in x: pass\n    return _('word')") == ["f"]
    assert spoilt("def f():\n    return [1 for _ in x], _('word')") == []

    bad = {file.name: spoilt(file.read_text(encoding="utf-8")) for file in FILES}
    assert {name: functions for name, functions in bad.items() if functions} == {}


@pytest.fixture(params=words.SHELVES, ids=lambda shelf: shelf.name)
def shelf(request: pytest.FixtureRequest) -> words.Shelf:
    found: words.Shelf = request.param
    return found


@pytest.fixture
def texts(shelf: words.Shelf) -> Iterable[str]:
    return shelf.texts()


@pytest.fixture(params=words.LANGUAGES)
def catalogue(request: pytest.FixtureRequest, shelf: words.Shelf) -> dict[str, str]:
    return wording.read(shelf.file(request.param))


def test_catalogues_are_those_of_the_languages(shelf: words.Shelf) -> None:
    assert {file.name for file in shelf.catalogues.iterdir()} == {
        f"{language}.po" for language in words.LANGUAGES
    }


def test_a_catalogue_has_all_texts_and_no_others(
    texts: Iterable[str], catalogue: dict[str, str]
) -> None:
    wanted, known = set(texts), catalogue.keys() - {""}

    assert (wanted - known, known - wanted) == (set(), set()), "run scripts/words"
    assert [text for text in texts if not catalogue[text]] == [], "translate these"


def test_a_translation_has_the_names_that_are_filled_in(
    texts: Iterable[str], catalogue: dict[str, str]
) -> None:
    assert [text for text in texts if _names(text) != _names(catalogue[text])] == []


def test_a_translation_has_the_commands_that_are_to_be_typed(
    texts: Iterable[str], catalogue: dict[str, str]
) -> None:
    assert [text for text in texts if _commands(text) != _commands(catalogue[text])] == []


def test_a_translation_has_a_key_where_the_label_has_one(
    texts: Iterable[str], catalogue: dict[str, str]
) -> None:
    assert [text for text in texts if _keys(text) != _keys(catalogue[text])] == []


def test_a_translation_ends_and_begins_with_blanks_as_the_text_does(
    texts: Iterable[str], catalogue: dict[str, str]
) -> None:
    def rims(text: str) -> tuple[bool, bool]:
        return text.startswith(" "), text.endswith(" ")

    assert [text for text in texts if rims(text) != rims(catalogue[text])] == []


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_catalogue_is_as_the_script_writes_it(language: str, shelf: words.Shelf) -> None:
    file = shelf.file(language)

    written = shelf.written(language, wording.read(file))

    assert written == file.read_text(encoding="utf-8"), "run scripts/words"


def test_no_text_is_kept_twice() -> None:
    assert not words.IN_PLUGINS.texts().keys() & words.IN_DAEMON.texts().keys()


def _names(text: str) -> list[tuple[str | None, str | None, str | None]]:
    """What is filled in, and how."""
    fields = [field[1:] for field in string.Formatter().parse(text) if field[1] is not None]
    fields += [
        (old, "%", None) for old in re.findall(r"%(?:\(\w+\))?[a-z%]", text)
    ]  # argparse's own
    return sorted(fields, key=str)


def _keys(text: str) -> int:
    return len(re.findall(r"_(?=[^\W\d_])", re.sub(r"\{.*?\}", "", text)))


def _commands(text: str) -> Counter[str]:
    """What stands in a terminal's quotes."""
    return Counter(re.findall(r"`.*?`", text))
