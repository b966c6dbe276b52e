"""flyaway.ps1: it can be parsed, and says and does what flyaway.sh does. No PowerShell runs it here.

Windows' own runner of .github/workflows/test.yml is to run it; nobody has yet.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

INSTALLER = Path(__file__).parents[2] / "installer"
SCRIPT = INSTALLER / "flyaway.ps1"


def parse(source: bytes) -> Node:
    return Parser(Language(tree_sitter_powershell.language())).parse(source).root_node


def nodes(node: Node, kind: str) -> list[str]:
    """The texts of all nodes of a kind."""
    own = [node.text.decode()] if node.type == kind and node.text else []
    return own + [text for child in node.children for text in nodes(child, kind)]


def test_parser_tells_wrong_from_right() -> None:
    assert parse(b"if ($x) { Say 'a' ").has_error
    assert not parse(b"if ($x) { Say 'a' }").has_error


def test_script_is_powershell() -> None:
    assert not parse(SCRIPT.read_bytes()).has_error


@pytest.mark.skipif(not shutil.which("pwsh"), reason="there is no PowerShell here")
def test_powershell_itself_can_parse_it() -> None:
    check = (
        "$errors = $null; [void][System.Management.Automation.Language.Parser]::ParseFile("
        f"'{SCRIPT}', [ref]$null, [ref]$errors); $errors; exit $errors.Count"
    )

    subprocess.run(["pwsh", "-NoProfile", "-Command", check], check=True)


def test_every_function_that_is_called_is_there() -> None:
    tree = parse(SCRIPT.read_bytes())
    made = set(nodes(tree, "function_name"))
    called = set(nodes(tree, "command_name"))
    own = {
        name
        for name in called
        if re.match(r"(Install|Uninstall|Test|Get|Invoke|Add|Select)-", name)
    }

    windows = {"Get-ChildItem", "Get-Command", "Get-Content", "Get-FileHash", "Invoke-WebRequest"}
    windows |= {"Test-Path", "Select-Object"}
    assert own - windows <= made
    assert made <= called


def test_both_scripts_bring_the_same_uv_and_python() -> None:
    shell, power = ((INSTALLER / name).read_text() for name in ("flyaway.sh", "flyaway.ps1"))

    for name, twin in (("uv_version", "UvVersion"), ("python_version", "PythonVersion")):
        (here,) = re.findall(rf"^{name}=(\S+)$", shell, re.MULTILINE)
        (there,) = re.findall(rf"^\${twin} = '(\S+)'$", power, re.MULTILINE)
        assert here == there


def test_both_scripts_say_the_same() -> None:
    shell, power = (
        (INSTALLER / name).read_text().replace("\\`", "`") for name in ("flyaway.sh", "flyaway.ps1")
    )

    for sentence in (
        "This copy does not know where releases lie.",
        "is not what the release lists. Try again later.",
        "this may take minutes, torch is large",
        "uv could not install Flyaway (above). Run this again: it goes on from here.",
        "A package could not be fetched, or is not the one that was tested (above). Run this again: it goes on from here.",
        "This release has no sum for $build on this system, so it comes unchecked.",
        "No plugin was installed. With Krita or GIMP 3 there, and started once, run `flyaway install`.",
        "Some plugins could not be removed (above). Mend that, then run this again.",
        "only it can take its plugins out. Install it once more, then run this again.",
        "Flyaway is removed. Your settings stay where they were.",
    ):
        assert sentence in shell, sentence
        assert sentence in power, sentence


def test_nothing_in_it_needs_another_encoding_than_ascii() -> None:
    # Windows PowerShell 5 reads a file without a byte order mark in the computer's own code page.
    assert SCRIPT.read_bytes().isascii()
