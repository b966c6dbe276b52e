"""The command line in the user's language: what argparse says, what commands say, and what stays English."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import words
from flyaway.batch.manifest import Verdict
from flyaway.cli import doctor, terminal
from flyaway.cli.main import main
from flyaway.serving import lifetime
from flyaway_client import wording
from flyaway_client.errors import DaemonUnreachableError

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def german(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LANGUAGE", "de")
    yield
    wording.speak(())


def test_help_is_in_the_users_language(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as end:
        main(["extract", "--help"])

    told = capsys.readouterr().out
    assert end.value.code == 0
    assert told.startswith("Aufruf: flyaway extract")
    assert "diese Hilfe zeigen und enden" in told
    assert "Bild in der Größe des Fotos" in told
    assert "show this help" not in told


COMMANDS = (
    "extract",
    "compare",
    "batch",
    "refine",
    "models",
    "daemon",
    "remote",
    "install",
    "doctor",
)


@pytest.mark.parametrize("language", words.LANGUAGES)
@pytest.mark.parametrize("command", COMMANDS)
def test_each_commands_help_has_nothing_english(
    command: str, language: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", language)
    monkeypatch.setenv("COLUMNS", "1000")
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])

    told = capsys.readouterr().out
    assert end.value.code == 0
    known = [english for english in words.IN_DAEMON.texts() if len(english) > 20]
    assert [english for english in known if english.replace("%%", "%") in told] == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["extract"], "flyaway extract: Fehler: diese Argumente fehlen: IMAGE"),
        (["paint"], "flyaway: Fehler: Argument COMMAND: ungültige Wahl: 'paint'"),
        (["extract", "a.png", "--edge-width", "-1"], "muss eine ganze Zahl von Pixeln sein"),
        (["extract", "a.png", "--engine"], "ein Argument wird erwartet"),
        (["extract", "a.png", "--mask", "--keep-colors"], "nicht erlaubt zusammen mit"),
        (["remote", "allow", "name"], "diese Argumente fehlen: KEY"),
    ],
)
def test_what_is_asked_wrongly_is_said_in_the_users_language(
    arguments: list[str], sentence: str, capsys: Captured
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)

    assert end.value.code == 2
    assert sentence in capsys.readouterr().err


def test_a_problem_is_said_in_the_users_language(capsys: Captured) -> None:
    assert main(["extract", "/nowhere/photo.png"]) == 2

    told = capsys.readouterr().err
    assert told.startswith("flyaway: /nowhere/photo.png kann nicht geöffnet werden")


@pytest.mark.parametrize("language", ["", "C", "en", "xx", "../de", "nonsense:"])
def test_is_english_where_no_other_language_is_known(
    language: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("LANGUAGE", language)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    assert main(["extract", "/nowhere/photo.png"]) == 2
    assert "cannot be opened" in capsys.readouterr().err


def test_reads_the_environment_as_gettext_does(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    assert wording.of_environment() == []
    found = []
    for name in reversed(names):
        monkeypatch.setenv(name, f"{name}:fr")
        found.append(wording.of_environment())

    assert found == [[name, "fr"] for name in reversed(names)]


def test_lines_for_programs_are_english(tmp_path: Path, capsys: Captured) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(photos / "one.png")
    asked = ["batch", str(photos), "-o", str(tmp_path / "out"), "--dry-run"]

    assert main([*asked, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["why"] for line in lines if line["event"] == "planned"] == ["new"]

    assert main(asked) == 0
    told = capsys.readouterr()
    assert ": neu" in told.out
    assert "1 Foto, 1 zu tun." in told.err


def test_lines_for_programs_are_english_where_a_file_asks_for_them(
    tmp_path: Path, capsys: Captured
) -> None:
    photo = tmp_path / "one.png"
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(photo)
    (tmp_path / "flyaway-batch.toml").write_text(f'json = true\noutput = "{tmp_path / "out"}"\n')

    assert main(["batch", str(photo), "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert json.loads(lines[0])["why"] == Verdict.NEW


def test_the_daemon_is_english_in_its_own_terminal(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    spoken = []

    def be(*_arguments: object) -> int:
        spoken.append(wording.language())
        logging.getLogger("flyaway").warning(wording._("Waiting"))
        return 0

    monkeypatch.setattr(lifetime, "run", be)

    assert main(["daemon", "run"]) == 0
    assert spoken == [""]
    assert "Waiting" in caplog.text


def test_the_page_for_bug_reports_is_english(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def refuse() -> None:
        raise DaemonUnreachableError(wording._("No daemon is running."))

    monkeypatch.setattr(doctor, "connect", refuse)

    assert main(["doctor"]) == 1
    told = capsys.readouterr().out
    assert "not there yet" in told
    assert "No daemon is running." in told


def test_a_line_of_wide_letters_is_wiped_wholly(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    line = terminal.ProgressLine()
    line.show("待っています", 0.5)
    line.clear()

    assert capsys.readouterr().err.endswith("\r" + " " * (5 + 2 * 6) + "\r")
