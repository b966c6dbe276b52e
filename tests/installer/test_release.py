"""release: the same commit gives the same bytes, and what stands against a release stops it."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.fakes import checkout
from tests.fakes.checkout import git

import flyaway

VERSION = flyaway.__version__
ADDRESS = "https://example.org/flyaway"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout whose changelog tells of this version as released."""
    folder = checkout.make(tmp_path / "first")
    changelog = folder / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    changelog.write_text(text.replace(f"## {VERSION}, unreleased", f"## {VERSION}, 2026-01-02"))
    checkout.commit(folder)
    return folder


def release(repository: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    script = repository / "installer" / "release.py"
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_same_commit_gives_the_same_bytes_wherever_and_whenever_it_is_built(
    repository: Path, tmp_path: Path
) -> None:
    second = tmp_path / "a second place"
    git(tmp_path, "clone", "--quiet", str(repository), str(second))
    (second / "daemon" / "flyaway" / "left_lying.py").write_text("")
    for path in second.rglob("*.py"):
        path.chmod(0o600)
        os.utime(path, (0, time.time()))

    for folder, umask, zone in ((repository, 0o022, "UTC"), (second, 0o077, "Asia/Tokyo")):
        before = os.umask(umask)
        try:
            built = release(
                folder, "--dry-run", "--address", ADDRESS, "-o", str(folder / "out"), TZ=zone
            )
        finally:
            os.umask(before)
        assert built.returncode == 0, built.stderr

    assert contents(repository / "out") == contents(second / "out")


def test_release_holds_all_that_is_handed_out_and_its_sums(
    repository: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"

    built = release(repository, "--address", ADDRESS, "-o", str(out))

    assert built.returncode == 0, built.stderr
    found = contents(out)
    listed = [line.split("  ") for line in found.pop("SHA256SUMS").decode().splitlines()]
    assert {name: digest for digest, name in listed} == {
        name: hashlib.sha256(data).hexdigest() for name, data in found.items()
    }
    assert sorted(found) == sorted(
        [
            f"flyaway-{VERSION}-py3-none-any.whl",
            f"flyaway_gimp-{VERSION}.zip",
            f"flyaway_krita-{VERSION}.zip",
            "CHANGELOG.md",
            "LICENSE",
            "README.md",
            "flyaway.cdx.json",
            "flyaway.ps1",
            "flyaway.sh",
            "install.md",
            "locked.txt",
            "torch.txt",
        ]
    )
    for name in ("flyaway.sh", "flyaway.ps1", "README.md"):
        assert ADDRESS in found[name].decode()
        assert "@ADDRESS@" not in found[name].decode()
    assert git(repository, "tag", "--list").split() == [f"v{VERSION}"]


def test_dry_run_says_what_stands_against_it_and_tags_nothing(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "tag", f"v{VERSION}")
    (repository / "CHANGELOG.md").write_text("## 0.0.1, unreleased\n")
    project = repository / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace(f'version = "{VERSION}"', 'version = "7.0.0"'))

    lock = repository / "installer" / "locked.txt"
    lock.write_text(re.sub(r"pillow==\S+", "pillow==10.0.0", lock.read_text()))

    tried = release(repository, "--dry-run", "-o", str(tmp_path / "out"))

    assert tried.returncode == 0
    assert "pyproject.toml says 7.0.0" in tried.stderr
    assert "CHANGELOG.md begins with '0.0.1, unreleased'" in tried.stderr
    assert "not committed" in tried.stderr
    assert "--address names no address" in tried.stderr
    assert "pillow 10.0.0 has CVE-2023-4863" in tried.stderr
    assert git(repository, "tag", "--list").split() == [f"v{VERSION}"]


def test_without_dry_run_each_of_that_stops_it(repository: Path, tmp_path: Path) -> None:
    git(repository, "tag", f"v{VERSION}")

    tried = release(repository, "--address", ADDRESS, "-o", str(tmp_path / "out"))

    assert tried.returncode == 1
    assert f"there is a tag v{VERSION} already" in tried.stderr
    assert not (tmp_path / "out").exists()
