"""wording.py: which language is spoken, and how catalogues are read."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from flyaway_client import wording
from flyaway_client.errors import ClientError
from flyaway_client.wording import Text, _, joined, said_in


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


class TestText:
    """A text that can be said in other languages than the one that is spoken."""

    def test_is_english_to_all_who_do_not_ask(self) -> None:
        layer = _("Layer “{name}”").format(name="hair")

        assert layer == "Layer “hair”"
        assert {"Layer “hair”": 1}[layer] == 1
        assert json.loads(json.dumps([layer])) == ["Layer “hair”"]
        assert f"{layer}!" == "Layer “hair”!"

    def test_is_said_in_another_language_with_what_is_filled_in(self) -> None:
        layer = _("Layer “{name}”").format(name=_("Selection"))

        assert layer.said_in("de") == "Ebene „Auswahl“"
        assert layer.said_in("fr_CA") == "Calque « Sélection »"
        assert layer.said_in("") == layer.said_in("xx") == layer

    def test_survives_an_error_and_what_the_error_is_filled_into(self) -> None:
        error = ClientError(_("Layer “{name}”").format(name=_("Selection")))
        told = _("Edge: {width}").format(width=error)

        assert said_in("de", error.message) == "Ebene „Auswahl“"
        assert told.said_in("de") == "Rand: Ebene „Auswahl“"
        assert isinstance((told.values or {})["width"], Text), (
            "not the error with all that hangs on it"
        )

    def test_keeps_braces_of_a_name_as_they_are(self) -> None:
        assert _("Layer “{name}”").format(name="{0}{name}").said_in("de") == "Ebene „{0}{name}“"

    def test_formats_numbers_of_all_kinds(self) -> None:
        done = _("Done in {seconds:.1f} s.")

        assert done.format(seconds=True).said_in("de") == "Fertig in 1.0 s."

    def test_has_names_for_all_that_is_filled_in(self) -> None:
        with pytest.raises(TypeError, match="has a name"):
            _("{}").format("x")

    def test_is_said_anew_in_a_process_of_another_language(self) -> None:
        layer = pickle.dumps(_("Layer “{name}”").format(name=_("Selection")))
        wording.speak(["de"])

        assert pickle.loads(layer) == "Ebene „Auswahl“"

    def test_in_a_row_each_is_said_in_its_language(self) -> None:
        both = joined(_(" and "), [_("Selection"), "{x}"])

        assert both == "Selection and {x}"
        assert both.said_in("de") == "Auswahl und {x}"
        assert joined(", ", []) == ""

    def test_what_nobody_marked_stays_as_it_is(self) -> None:
        assert said_in("de", "Selection") == "Selection"


def test_says_which_language_is_spoken() -> None:
    spoken = []
    for languages in (["de_AT"], ["en"], ["xx"]):
        wording.speak(languages)
        spoken.append(wording.language())

    assert spoken == ["de", "", ""]


def test_takes_more_catalogues_which_may_have_no_translation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wording, "_more_catalogues", [])
    (tmp_path / "de.po").write_text('msgid "own"\nmsgstr "eigen"\n', encoding="utf-8")
    for _time in range(2):
        wording.add_catalogues(tmp_path)

    assert said_in("de", _("own")) == "eigen"
    assert said_in("de", _("Selection")) == "Auswahl"
    assert said_in("fr", _("own")) == "own"
