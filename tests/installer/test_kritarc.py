"""kritarc: one line is switched, every other byte stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyaway_installer.kritarc import is_on, switch_off, switch_on

PLUGIN = "flyaway_krita"
ON = b"enable_flyaway_krita=true"

LINES = st.sampled_from(
    [
        b"[python]",
        b"[General]",
        b"[python][sub]",
        b"",
        b"enable_tenbrushes=true",
        b"enable_flyaway_krita_too=true",
        b"colour=\xc3\xb6\xff",
        b"enable_flyaway_krita=false",
    ]
)
FILES = st.tuples(st.lists(LINES), st.sampled_from([b"\n", b"\r\n"]), st.booleans()).map(
    lambda parts: parts[1].join(parts[0]) + (parts[1] if parts[2] else b"")
)


def test_new_file_gets_the_group_and_the_line() -> None:
    assert switch_on(b"", PLUGIN) == b"[python]\n" + ON + b"\n"


def test_line_joins_an_existing_group_and_all_else_stays() -> None:
    rc = b"[General]\nname=J\xc3\xb6rg\n\n[python]\nenable_tenbrushes=true\n\n[theme]\nTheme=Dark\n"

    switched = switch_on(rc, PLUGIN)

    assert switched == rc.replace(b"[python]\n", b"[python]\n" + ON + b"\n")


def test_plugin_switched_off_by_hand_is_switched_on_in_its_place() -> None:
    rc = b"[python]\nenable_a=true\nenable_flyaway_krita = false\nenable_b=true\n"

    assert switch_on(rc, PLUGIN) == b"[python]\nenable_a=true\n" + ON + b"\nenable_b=true\n"


def test_line_of_another_group_is_not_taken_for_the_plugins() -> None:
    rc = b"[other]\nenable_flyaway_krita=false\n"

    switched = switch_on(rc, PLUGIN)

    assert switched.startswith(rc)
    assert is_on(switched, PLUGIN)


def test_windows_line_ends_are_kept() -> None:
    assert switch_on(b"[python]\r\na=b\r\n", PLUGIN) == b"[python]\r\n" + ON + b"\r\na=b\r\n"


def test_file_without_a_last_line_end_is_continued_on_a_line_of_its_own() -> None:
    assert switch_on(b"[python]\na=b", PLUGIN) == b"[python]\n" + ON + b"\na=b\n"
    assert switch_on(b"[python]", PLUGIN) == b"[python]\n" + ON + b"\n"


@pytest.mark.parametrize(
    "rc",
    [b"", b"[General]\na=b\n", b"[python]\nenable_a=true\n", b"[python]\r\nx=y\r\n\r\n[z]\r\n"],
)
def test_switching_off_undoes_switching_on(rc: bytes) -> None:
    assert switch_off(switch_on(rc, PLUGIN), PLUGIN) == rc


@given(FILES)
def test_plugin_is_on_after_switching_on_and_again_changes_nothing(rc: bytes) -> None:
    switched = switch_on(rc, PLUGIN)

    assert is_on(switched, PLUGIN)
    assert switch_on(switched, PLUGIN) == switched


@given(FILES)
def test_plugin_is_off_after_switching_off_and_again_changes_nothing(rc: bytes) -> None:
    switched = switch_off(rc, PLUGIN)

    assert not is_on(switched, PLUGIN)
    assert switch_off(switched, PLUGIN) == switched


@given(FILES)
def test_lines_of_others_are_never_lost(rc: bytes) -> None:
    def others(text: bytes) -> list[bytes]:
        lines = [line.strip() for line in text.splitlines()]
        mine = b"enable_flyaway_krita="
        return [line for line in lines if line not in (b"", b"[python]") and mine not in line]

    assert others(switch_on(rc, PLUGIN)) == others(rc)
    assert others(switch_off(rc, PLUGIN)) == others(rc)
