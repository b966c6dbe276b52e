"""wording.py: which language is spoken, and how catalogues are read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flyaway_client import wording
from flyaway_client.wording import _


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    wording.speak(())


@pytest.mark.parametrize(
    ("languages", "spoken"),
    [
        ((), "Selection"),
        (("C",), "Selection"),
        (("de_AT.UTF-8", "de_AT", "de", "C"), "Auswahl"),
        (("fr-CA", "fr"), "Sélection"),
        (("es",), "Selección"),
        (("ja_JP",), "選択範囲"),
        (("pt_BR", "de"), "Auswahl"),
        (("en-GB", "de"), "Selection"),
        (("C.UTF-8", "de"), "Selection"),
        (("../catalogues/de", "", "."), "Selection"),
    ],
)
def test_speaks_the_first_language_that_is_known(languages: tuple[str, ...], spoken: str) -> None:
    wording.speak(languages)

    assert _("Selection") == spoken


def test_is_english_where_a_text_is_not_translated() -> None:
    wording.speak(["de"])

    assert _("What nobody has translated") == "What nobody has translated"


def test_reads_texts_over_several_lines_as_editors_of_catalogues_write_them(
    tmp_path: Path,
) -> None:
    file = tmp_path / "xx.po"
    file.write_text(
        'msgid ""\nmsgstr "Language: xx\\n"\n\n#: a.py\nmsgid ""\n"one "\n"two"\nmsgstr "\\"eins\\" "\n"zwei"\n',
        encoding="utf-8",
    )

    assert wording.read(file) == {"": "Language: xx\n", "one two": '"eins" zwei'}


@pytest.mark.parametrize(
    "content",
    ['"stray"', "msgid broken", 'msgid "a"\nmsgstr "b', "nonsense", 'msgid "\\x"\nmsgstr ""'],
)
def test_a_corrupt_catalogue_says_where(tmp_path: Path, content: str) -> None:
    file = tmp_path / "xx.po"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(ValueError, match=r"xx\.po, line \d"):
        wording.read(file)


def test_a_corrupt_catalogue_leaves_an_editor_in_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "de.po").write_bytes(b"\xff\xfe broken")
    (tmp_path / "fr.po").write_text("nonsense")
    monkeypatch.setattr(wording, "CATALOGUES", tmp_path)

    for language in ("de", "fr"):
        wording.speak([language])
        assert _("Selection") == "Selection"
