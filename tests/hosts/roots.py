"""Which real editors this machine has, and how a command is run where one lives.

An editor lives either in the system itself or in a root folder made by `scripts/hosts`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HOSTS_SCRIPT = REPOSITORY / "scripts" / "hosts"
ROOTS = Path(
    os.environ.get("FLYAWAY_HOSTS")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flyaway-hosts"
)
SYSTEM_TOOLS = ("Xvfb", "openbox", "xdotool", "import")


@dataclass(frozen=True, slots=True)
class Installation:
    """One editor of one suite, whether it is there or not."""

    editor: str
    """"krita" or "gimp", the name of its package as well."""
    suite: str
    """"system", or the suite of a root of scripts/hosts."""

    @property
    def root(self) -> Path:
        """The folder it lives in."""
        return Path("/") if self.suite == "system" else ROOTS / self.suite

    @property
    def version(self) -> str:
        """Upstream's version, such as "5.2.9"; empty when it is not installed."""
        status = self.root / "var/lib/dpkg/status"
        if not status.is_file():
            return ""
        _, found, entry = status.read_text("utf-8").partition(f"\nPackage: {self.editor}\n")
        fields = dict(
            line.split(": ", 1) for line in entry.split("\n\n")[0].splitlines() if ": " in line
        )
        if not found or not fields["Status"].endswith(" installed"):
            return ""
        return fields["Version"].rpartition(":")[2].partition("+")[0].partition("-")[0]

    def missing(self) -> str:
        """Why it cannot be run here; empty when it can."""
        if sys.platform != "linux":
            return "the real editors are driven on Linux alone"
        if self.broken():
            return self.broken()
        lacking = [tool for tool in SYSTEM_TOOLS if not _is_program(tool)]
        if lacking:
            return f"{', '.join(lacking)} missing; run scripts/hosts"
        if self.suite == "system":
            return "" if _is_program(self.editor) else f"no {self.editor} here; run scripts/hosts"
        if os.geteuid() != 0:
            return f"entering the root of {self.suite} needs to be root"
        if not (self.root / ".whole").is_file():
            return f"no {self.editor} of Debian {self.suite} here; run scripts/hosts"
        return ""

    def broken(self) -> str:
        """What `scripts/hosts` says of a suite that Debian itself has broken; empty otherwise."""
        note = ROOTS / f"{self.suite}.broken"
        return note.read_text("utf-8").strip() if note.is_file() else ""

    def command(self, argv: Sequence[str], *, home: Path) -> list[str]:
        """The command line that runs `argv` where the editor lives.

        There, /tmp, `home` (writable), this checkout and the running Python (read-only) are found
        under their own names, so that a plugin can start the daemon by the same command as here.
        """
        if self.suite == "system":
            return list(argv)
        shown = [word for path in _shown(self.root) for word in ("--show", str(path))]
        enter = [str(HOSTS_SCRIPT), "enter", self.suite]
        return [*enter, *shown, "--bind", str(home), "--", *argv]


def _shown(root: Path) -> list[Path]:
    """What the daemon needs to run inside `root`: the checkout, the Python and its packages."""
    base = Path(sys.base_prefix)
    if base == Path("/usr"):
        library = base / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
        # Only what the root lacks: one of the same version has these of its own.
        python = [Path(sys.executable).resolve(), library]
        python = [path for path in python if _is_empty(root.joinpath(*path.parts[1:]))]
    else:
        python = [base]
    return [REPOSITORY, Path(sys.prefix), *python]


def _is_empty(path: Path) -> bool:
    """Whether there is nothing at a path, or only the empty place where something was shown before."""
    if path.is_dir():
        return not any(path.iterdir())
    return not path.exists() or path.stat().st_size == 0


def _is_program(name: str) -> bool:
    folders = ("/usr/local/bin", "/usr/bin", "/bin")
    return any(os.access(Path(folder, name), os.X_OK) for folder in folders)
