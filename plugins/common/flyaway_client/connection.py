"""Where the daemon and its clients meet: the home folder, and the file in it that says how to connect.

The daemon writes the file, clients read it. Whoever can read it may use the daemon: it is for its
owner's eyes alone. That a file exists does not mean that its daemon lives; only `hello` proves that.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import hmac
import json
import os
import secrets
import stat
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import messages
from .errors import DaemonUnreachableError
from .protocol import VERSION
from .wording import _

HOME_VARIABLE = "FLYAWAY_HOME"
CONNECTION_NAME = "connection.json"
LOCK_NAME = "daemon.lock"
LAUNCH_NAME = "launch.json"
LOG_NAME = "daemon.log"
USERNAME = "flyaway"

_MAX_FILE_BYTES = 64 * 1024


def home(
    platform: str = sys.platform,
    environ: Mapping[str, str] | None = None,
    user_home: Path | None = None,
) -> Path:
    """The daemon's folder, the same for every program of this user; it may not exist yet.

    No XDG variable is read: Flatpak points them into the sandbox, while the real home folder is the
    same inside and outside. Snap moves HOME too, and says where the real one is.

    Raises:
        DaemonUnreachableError: the system does not say where this user's home folder is, or the variable names
            none that can be.
    """
    environ = os.environ if environ is None else environ
    if environ.get(HOME_VARIABLE):
        return _named(environ[HOME_VARIABLE])
    if platform == "win32" and environ.get("LOCALAPPDATA"):
        return Path(environ["LOCALAPPDATA"]) / "flyaway"
    user_home = user_home or _user_home(environ)
    if platform == "win32":
        return user_home / "AppData" / "Local" / "flyaway"
    if platform == "darwin":
        return user_home / "Library" / "Application Support" / "flyaway"
    return user_home / ".local" / "share" / "flyaway"


def unusable(folder: Path, error: OSError) -> str:
    """The sentence for a home folder, or something in it, that cannot be written."""
    return _(
        "Flyaway's folder {folder} cannot be used: {why}. Make it writable, or set "
        "{variable} to another folder."
    ).format(folder=folder, why=error.strerror or error, variable=HOME_VARIABLE)


def make_folder(folder: Path) -> None:
    """Make the home folder, for its owner alone whatever the umask; one that is there stays as it is.

    So are those above it that are missing: who can write into one of them can exchange it.

    Raises:
        OSError: it cannot be made.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        with contextlib.suppress(FileExistsError):  # somebody else has just made it
            one.mkdir(mode=0o700)
            one.chmod(0o700)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def refusal(folder: Path) -> str | None:
    """Why a home folder is not to be trusted, as a sentence; None where it is, or is not there yet.

    What lies in it is run and believed. Windows keeps folders of the profile to their owner by itself.
    """
    try:
        found = folder.stat()
    except OSError:
        return None
    if sys.platform == "win32":
        return None
    if found.st_uid != os.geteuid():
        whose = _("belongs to another user")
    elif found.st_mode & stat.S_IWOTH:
        whose = _("can be written by every user of this computer")
    else:
        return None
    return _(
        "Flyaway's folder {folder} {whose}, so what is in it cannot be trusted. Set "
        "{variable} to a folder that only you can write."
    ).format(folder=folder, whose=whose, variable=HOME_VARIABLE)


def read_file(path: Path, limit_bytes: int = _MAX_FILE_BYTES) -> bytes:
    """The beginning of a file; never waits, as opening a pipe of that name would.

    Raises:
        OSError: it is not there, is no file, or cannot be read.
    """
    with os.fdopen(os.open(path, _READ), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no file", str(path))
        return file.read(limit_bytes)


_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def proof(secret: str, nonce: str) -> str:
    """What only somebody who can read the connection file can answer to `nonce`."""
    return hmac.new(secret.encode(), nonce.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class ConnectionFile(messages.Message):
    """How to reach the daemon that wrote this.

    `password` opens the connection (PLAIN); `secret` never travels, it signs nonces, so that a
    program that took over a dead daemon's port is found out before it sees a picture.
    """

    address: str
    password: str
    secret: str
    pid: int
    protocol: tuple[int, ...]

    @classmethod
    def create(cls, address: str, protocol: tuple[int, ...] = VERSION) -> ConnectionFile:
        """A file for this process, with new random secrets."""
        return cls(
            address=address,
            password=secrets.token_hex(32),
            secret=secrets.token_hex(32),
            pid=os.getpid(),
            protocol=protocol,
        )

    @classmethod
    def read(cls, folder: Path) -> ConnectionFile | None:
        """The file in `folder`; None where there is none that makes sense."""
        try:
            return cls.from_header(json.loads(read_file(folder / CONNECTION_NAME)))
        except (OSError, ValueError, RecursionError):
            return None

    def write(self, folder: Path) -> None:
        """Put the file into `folder` in one step, readable by its owner alone.

        Raises:
            OSError: the folder cannot be made or written.
        """
        make_folder(folder)
        content = json.dumps(self.to_header(), indent=2).encode()
        write_private(folder / CONNECTION_NAME, content)

    def remove(self, folder: Path) -> None:
        """Delete the file if it is still this one and this process wrote it."""
        if self.pid == os.getpid() and self.read(folder) == self:
            with contextlib.suppress(OSError):
                (folder / CONNECTION_NAME).unlink()


def write_private(path: Path, content: bytes) -> None:
    """Write a file in one step, so that a reader sees the old or the new one; mode 0600.

    Raises:
        OSError: it cannot be written.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(fresh, _CREATE, 0o600), "wb") as file:
            file.write(content)
        _replace(fresh, path)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise


_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def _replace(fresh: Path, path: Path) -> None:
    """Rename over `path`; Windows refuses while a reader has it open, so try a few times."""
    for _attempt in range(10):
        try:
            fresh.replace(path)
            return
        except PermissionError:
            time.sleep(0.02)
    fresh.replace(path)


def _named(folder: str) -> Path:
    """The folder that the variable names."""
    try:
        return Path(folder).expanduser().absolute()
    except RuntimeError as error:  # ~ of a user who is not there
        raise DaemonUnreachableError(
            _(
                "{variable} is set to {folder}, and there is no such home folder. Set it to a "
                "folder that only you can write, or to nothing."
            ).format(variable=HOME_VARIABLE, folder=folder)
        ) from error


def _user_home(environ: Mapping[str, str]) -> Path:
    """This user's real home folder."""
    if environ.get("SNAP_REAL_HOME"):
        return Path(environ["SNAP_REAL_HOME"])
    try:
        return Path.home()
    except RuntimeError as error:
        raise DaemonUnreachableError(
            _(
                "Flyaway cannot tell where your home folder is. Set {variable} to a folder that "
                "only you can read, then try again."
            ).format(variable=HOME_VARIABLE)
        ) from error
