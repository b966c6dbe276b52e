"""scripts/bootstrap.sh, with a stand-in for Python that notes what it is asked to install."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("flock")), reason="the script needs bash and flock"
)

PYTHON = """#!/bin/sh
# Has no torch, finds no build of it, and can make environments that are copies of itself.
case "$*" in
  *importlib.metadata*) exit 1 ;;
  *"-m venv"*) for folder; do :; done; mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python" ;;
  *"-m uv "*)
    # As uv does, for as long as it installs.
    flock --nonblock "$PWD/.venv/.lock" true || echo "the environment is locked" >>"$PWD/calls"
    echo "uv $*" >>"$PWD/calls" ;;
  *"-m pip"*) echo "pip $*" >>"$PWD/calls" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the script needs of a checkout, and the stand-in."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(REPOSITORY / "scripts" / "bootstrap.sh", tmp_path / "scripts")
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def bootstrap(checkout: Path) -> list[str]:
    """Run it; the calls of pip and uv that it made."""
    calls = checkout / "calls"
    calls.write_text("")
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": str(checkout / "python")}
    subprocess.run(
        ["bash", "scripts/bootstrap.sh"], cwd=checkout, env=environment, check=True, timeout=60
    )
    return calls.read_text().splitlines()


@pytest.mark.skipif(
    Path("/proc/driver/nvidia/version").exists() or Path("/dev/dxg").exists(),
    reason="the script takes pip's own torch where there is a graphics card",
)
def test_without_a_card_uv_brings_torch_for_the_processor_and_waits_for_no_lock(
    checkout: Path,
) -> None:
    calls = bootstrap(checkout)

    assert "the environment is locked" not in calls
    assert any("--torch-backend cpu" in call for call in calls if call.startswith("uv "))
    assert "--editable" in calls[-1]


def test_nothing_is_done_where_all_is_ready(checkout: Path) -> None:
    bootstrap(checkout)

    assert bootstrap(checkout) == []
