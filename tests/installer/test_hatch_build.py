"""hatch_build: the wheel carries the assembled plugins, and installs them without the sources."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import flyaway
from flyaway_installer.assemble import PACKAGES, assemble

REPOSITORY = Path(__file__).parents[2]
DATA = "flyaway_installer/_plugins/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_holds_what_assemble_makes(wheel: Path, tmp_path: Path) -> None:
    for host in PACKAGES:
        assemble(host, tmp_path / host)

    with zipfile.ZipFile(wheel) as archive:
        files = [name for name in archive.namelist() if name.startswith(DATA)]
        packed = {name.removeprefix(DATA): archive.read(name) for name in files}

    assembled = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert packed == assembled


def test_wheel_holds_all_three_packages_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    expected = {
        "flyaway/cli/main.py",
        "flyaway/py.typed",
        "flyaway_client/protocol.py",
        "flyaway_installer/install.py",
        f"flyaway-{flyaway.__version__}.dist-info/licenses/LICENSE",
    }
    assert expected <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


def test_unpacked_wheel_puts_plugins_together_without_the_sources(
    wheel: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from flyaway_installer.assemble import assemble, is_checkout\n"
        "assert not is_checkout()\n"
        "for host in sys.argv[3:]: assemble(host, Path(sys.argv[2]))\n"
    )
    dest = tmp_path / "dest"

    arguments = [sys.executable, "-I", "-S", "-c", script, str(site), str(dest), *PACKAGES]
    subprocess.run(arguments, check=True)

    for host, package in PACKAGES.items():
        assert (dest / package / "flyaway_client" / "protocol.py").is_file(), host
