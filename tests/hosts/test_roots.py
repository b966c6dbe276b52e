"""Which editors are said to be there, and how they are entered: no editor is needed for these."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tests.hosts import roots
from tests.hosts.roots import Installation

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the editors are driven on Linux alone"
)

STATUS = """\
Package: gimp
Status: install ok installed
Version: 3.0.4-3+deb13u10

Package: krita
Status: install ok installed
Maintainer: somebody
Version: 1:5.2.9+dfsg-1+deb13u1

Package: krita-l10n
Status: deinstall ok config-files
Version: 1:5.1
"""


@pytest.fixture
def trixie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole root, as far as anybody looks."""
    monkeypatch.setattr(roots, "ROOTS", tmp_path)
    monkeypatch.setattr(roots, "SYSTEM_TOOLS", ())
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    status = tmp_path / "trixie/var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    status.write_text("\n" + STATUS)
    (tmp_path / "trixie/.whole").touch()
    return tmp_path / "trixie"


@pytest.mark.parametrize(
    ("editor", "version"),
    [("gimp", "3.0.4"), ("krita", "5.2.9"), ("krita-l10n", ""), ("inkscape", "")],
)
def test_reads_upstreams_version(trixie: Path, editor: str, version: str) -> None:
    assert Installation(editor, "trixie").version == version


def test_a_whole_root_lacks_nothing(trixie: Path) -> None:
    assert Installation("krita", "trixie").missing() == ""


def test_a_half_made_root_names_the_script_that_mends_it(trixie: Path) -> None:
    (trixie / ".whole").unlink()
    assert "run scripts/hosts" in Installation("krita", "trixie").missing()


def test_a_missing_tool_is_named(trixie: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roots, "SYSTEM_TOOLS", ("sh", "no-such-tool"))
    assert Installation("krita", "trixie").missing().startswith("no-such-tool missing")


def test_an_ordinary_user_cannot_enter_a_root(
    trixie: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "needs to be root" in Installation("krita", "trixie").missing()


def test_a_suite_that_debian_broke_says_how(trixie: Path) -> None:
    (trixie.parent / "trixie.broken").write_text("E: krita has unmet dependencies\n")
    installation = Installation("krita", "trixie")
    assert installation.missing() == installation.broken() == "E: krita has unmet dependencies"


def test_the_systems_own_editor_is_started_as_it_is(tmp_path: Path) -> None:
    assert Installation("krita", "system").command(["krita"], home=tmp_path) == ["krita"]


def test_a_roots_editor_sees_its_home_and_this_checkout(trixie: Path, tmp_path: Path) -> None:
    command = Installation("krita", "trixie").command(["krita", "a b"], home=tmp_path)
    assert command[1:3] == ["enter", "trixie"]
    assert ["--bind", str(tmp_path), "--", "krita", "a b"] == command[-5:]
    assert command[command.index("--show") + 1] == str(roots.REPOSITORY)
