"""replacing: whole or not at all, and nothing left lying."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flyaway.files.replacing import replacing

KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:] = sys.argv[2:]
from flyaway.files.replacing import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_what_a_killed_one_left_goes_with_the_next(tmp_path: Path) -> None:
    target = tmp_path / "cutout.png"
    target.write_bytes(b"old")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(target), *sys.path], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"old"
    assert len(names(tmp_path)) == 2
    with replacing(target) as file:
        file.write(b"new")
    assert names(tmp_path) == ["cutout.png"]
    assert target.read_bytes() == b"new"


def test_what_another_works_on_stays(tmp_path: Path) -> None:
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    with replacing(first) as one, replacing(second) as other:
        one.write(b"1")
        other.write(b"2")
    assert (first.read_bytes(), second.read_bytes()) == (b"1", b"2")
    assert names(tmp_path) == ["first.png", "second.png"]


def test_what_is_called_otherwise_or_is_no_file_stays(tmp_path: Path) -> None:
    for name in (".0123456789abcdef.flyaways", "0123456789abcdef.flyaway", ".photo.flyaway"):
        (tmp_path / name).write_bytes(b"a user's")
    (tmp_path / ".0123456789abcdef.flyaway").mkdir()
    before = names(tmp_path)
    with replacing(tmp_path / "cutout.png"):
        pass
    assert names(tmp_path) == sorted([*before, "cutout.png"])
