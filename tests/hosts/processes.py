"""Starting programs for a test, and ending them with all they started, the daemon included."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

Process = subprocess.Popen[bytes]


def start(
    argv: Sequence[str],
    environ: Mapping[str, str],
    log: Path,
    *,
    folder: Path | None = None,
    keep_open: tuple[int, ...] = (),
) -> Process:
    """Start a program in a process group of its own, its output appended to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            argv,
            env=dict(environ),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=keep_open,
            start_new_session=True,
        )


def end(process: Process, patience_s: float = 3) -> None:
    """End a program started by `start` and the rest of its group; kill it when it does not listen."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end_all_of(home: Path, patience_s: float = 3) -> None:
    """End every process whose HOME, or FLYAWAY_HOME, is in `home`, also those that detached themselves."""
    start_s = time.monotonic()
    while pids := list(pids_of(home)):
        passed_s = time.monotonic() - start_s
        if passed_s > 5 * patience_s:
            raise TimeoutError(f"processes {pids} of {home} cannot be killed")
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM if passed_s < patience_s else signal.SIGKILL)
        time.sleep(0.05)


def pids_of(home: Path) -> Iterator[int]:
    """Every process whose HOME, or FLYAWAY_HOME, is in `home`."""
    marks = tuple(name + os.fsencode(home) for name in (b"HOME=", b"FLYAWAY_HOME="))
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile, or is another user's
            # A process that has ended but was not waited for has an empty environment.
            variables = (folder / "environ").read_bytes().split(b"\0")
            if any(variable.startswith(marks) for variable in variables):
                yield int(folder.name)
