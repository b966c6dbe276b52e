"""Makes a release of a commit, byte for byte the same each time; `scripts/release` runs it."""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

import locks

REPOSITORY = Path(__file__).resolve().parents[1]

SUMS = "SHA256SUMS"
BILL = "flyaway.cdx.json"
"""What it is installed with, as the tools that look for it expect it to be named: cyclonedx.org."""

PLACEHOLDER = "@ADDRESS@"
"""Stands in the installers and the manual for the address of the release that they come with."""

_FILLED = ("installer/flyaway.sh", "installer/flyaway.ps1", "README.md", "docs/install.md")
_COPIED = ("installer/locked.txt", "installer/torch.txt", "LICENSE", "CHANGELOG.md")
_ZIP = """
import sys
from pathlib import Path
from flyaway_installer.archive import make_zip
make_zip(sys.argv[1], Path(sys.argv[2]))
"""


def main() -> int:
    """Check, build, and tag; exit status 1 where something stands against the release."""
    parser = argparse.ArgumentParser(prog="scripts/release", description=__doc__)
    parser.add_argument("--address", default="", help="where the folder will be reached")
    parser.add_argument("--dry-run", action="store_true", help="say what stands against it; no tag")
    parser.add_argument("-o", "--output", type=Path, default=REPOSITORY / "build" / "release")
    arguments = parser.parse_args()
    version = _project_version()
    found = problems(version)
    if not arguments.address.startswith(("http://", "https://")):
        found.append("--address names no address, so that installers must be told theirs by --from")
    for problem in found:
        _say(problem)
    if found and not arguments.dry_run:
        return 1
    build(arguments.output, arguments.address, version)
    if not arguments.dry_run:
        _git("tag", "--annotate", f"v{version}", "--message", f"Flyaway {version}")
        _say(f"tagged v{version}; push that, and put the folder where {arguments.address} is")
    _say(f"Flyaway {version} is in {arguments.output}")
    return 0


def problems(version: str) -> list[str]:
    """What stands against a release of the checked out commit, as sentences without a point."""
    found = []
    release = REPOSITORY / "plugins" / "common" / "flyaway_client" / "release.py"
    if f'RELEASE = "{version}"' not in release.read_text(encoding="utf-8"):
        found.append(f"pyproject.toml says {version}, {release.relative_to(REPOSITORY)} another")
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    top = next(iter(re.findall(r"^## (.*)$", changelog, re.MULTILINE)), "")
    if not re.fullmatch(rf"{re.escape(version)}, \d{{4}}-\d\d-\d\d", top):
        found.append(f"CHANGELOG.md begins with {top!r}, not with {version} and the date")
    if _git("tag", "--list", f"v{version}"):
        found.append(f"there is a tag v{version} already")
    found += locks.audit(locks.read(_installers("locked.txt")), _installers("advisories.json"))
    if _git("status", "--porcelain"):
        found.append("there are changes that are not committed; they would not be in it")
    return found


def build(target: Path, address: str, version: str) -> None:
    """Put the release into the folder `target`, whose old content goes.

    All is made of the commit, in a folder of its own: what lies around in the checkout gets nowhere.
    """
    with tempfile.TemporaryDirectory(prefix="flyaway-release-") as temporary:
        source, fresh = Path(temporary) / "source", Path(temporary) / "release"
        _export(source, Path(temporary) / "source.tar")
        fresh.mkdir()
        for name in _FILLED if address else ():  # the README goes into the wheel, too
            text = (source / name).read_bytes()
            (source / name).write_bytes(text.replace(PLACEHOLDER.encode(), address.encode()))
        made_s = _git("log", "-1", "--format=%ct")
        environ = {**os.environ, "SOURCE_DATE_EPOCH": made_s}
        wheel = ("-m", "hatchling", "build", "--target", "wheel", "--directory", str(fresh))
        _python(wheel, source, environ)
        environ["PYTHONPATH"] = str(source / "installer")
        for host in ("krita", "gimp"):
            made = fresh / f"flyaway_{host}-{version}.zip"
            _python(("-c", _ZIP, host, str(made)), source, environ)
        for name in (*_FILLED, *_COPIED):
            shutil.copyfile(source / name, fresh / Path(name).name)
        locked = locks.read((source / "installer" / "locked.txt").read_text(encoding="utf-8"))
        bill = locks.bill_of_materials(version, int(made_s), locked)
        (fresh / BILL).write_text(bill, encoding="utf-8", newline="\n")
        sums = [f"{_sha256(path)}  {path.name}\n" for path in sorted(fresh.iterdir())]
        (fresh / SUMS).write_text("".join(sums), encoding="ascii", newline="\n")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(fresh, target)


def _export(folder: Path, archive: Path) -> None:
    _git("archive", "--format=tar", f"--output={archive}", "HEAD")
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")


def _python(arguments: tuple[str, ...], folder: Path, environ: dict[str, str]) -> None:
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"scripts/release: {' '.join(arguments[:3])} failed:\n{done.stderr}")


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(REPOSITORY), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _project_version() -> str:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    version: str = project["project"]["version"]
    return version


def _installers(name: str) -> str:
    return (REPOSITORY / "installer" / name).read_text(encoding="utf-8")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _say(sentence: str) -> None:
    sys.stderr.write(f"release: {sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
