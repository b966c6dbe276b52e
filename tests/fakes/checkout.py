"""The checkout as a repository of its own, whose one commit holds the files as they lie here now."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

_PARTS = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "daemon",
    "plugins",
    "installer",
    "docs/install.md",
    ".gitignore",
)
_DATE = "2026-01-02T03:04:05Z"


def make(folder: Path) -> Path:
    """Put what a release is made of into `folder` and commit it."""
    listed = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *_PARTS)
    for name in filter(None, git(REPOSITORY, *listed).split("\0")):
        if (REPOSITORY / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name)
    git(folder, "init", "--quiet")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit all that lies there, at a time that is always the same."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "As it is")


def git(folder: Path, *arguments: str) -> str:
    """Run git without the user's settings."""
    environ = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_DATE": _DATE,
        "GIT_COMMITTER_DATE": _DATE,
        **{f"GIT_{who}_NAME": "Test" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "test@localhost" for who in ("AUTHOR", "COMMITTER")},
    }
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout
