"""Memory by shape, by kind of file and by profile: each input through `flyaway extract` or the wire, and what it takes.

What is measured is the most memory that the daemon, and the command, hold meanwhile, beyond what they hold before.
Linux alone tells it.
"""

from __future__ import annotations

import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image
from tests.benchmarks.resident import peak_bytes, reset_peak
from tests.trust import rungs
from tests.trust.daemons import Running, running_daemon
from tests.trust.records import Finding
from tests.trust.rungs import Rung

from flyaway_client.client import Client, new_request_id
from flyaway_client.errors import ClientError
from flyaway_client.messages import ExtractRequest, ImageHeader, MessageError

MIB = 2**20

DAEMON_BASE_MIB, DAEMON_MIB_A_MEGAPIXEL = 192, 48
COMMAND_BASE_MIB, COMMAND_MIB_A_MEGAPIXEL = 48, 32
"""What is promised: so much beyond what both hold when idle, and so much for each megapixel, of any input."""

SETTINGS = 'log_level = "warning"\nidle_exit_minutes = 0\n'
PATIENCE_S = 900.0
LARGE = 6.0
"""Megapixels."""

_COMMAND = """
import sys
from pathlib import Path
from flyaway.cli.main import main
status = main()
sys.stderr.write(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
sys.exit(status)
"""
"""The command line, which says at last how much memory it has held: what the system tells of a child counts its parent's in."""


@dataclass(frozen=True)
class Taken:
    """What became of an input, and the most memory in bytes beyond that at rest.

    Attributes:
        said: a sentence where it was refused; "" where it was done.
        wrong: what is not as it should be; "" for nothing.
    """

    daemon: int
    command: int
    said: str = ""
    wrong: str = ""


def shapes(count: int, seconds: float, seed: int) -> Finding:
    """From one pixel to 50 megapixels."""
    return _climb(rungs.shapes(), count, seconds, seed)


def formats(count: int, seconds: float, seed: int) -> Finding:
    """Every kind of file and layout of samples."""
    return _climb(rungs.formats(), count, seconds, seed)


def profiles(count: int, seconds: float, seed: int) -> Finding:
    """Every kind of profile, whole and broken."""
    return _climb(rungs.profiles(), count, seconds, seed)


def _climb(ladder: list[Rung], count: int, seconds: float, seed: int) -> Finding:
    """Try this many rungs, chosen by the seed; all where there are no more."""
    finding, begun_s = Finding(seed), time.monotonic()
    chosen = finding.some_of(ladder, count)
    taken: dict[str, Taken] = {}
    with TemporaryDirectory() as folder, running_daemon(Path(folder), SETTINGS) as running:
        bench = Bench(Path(folder), running)
        for rung in chosen:
            if time.monotonic() > begun_s + seconds:
                break
            taken[rung.name] = found = bench.try_out(rung)
            for sentence in _broken(rung, found):
                finding.require(False, f"{rung.name}: {sentence}")
        finding.broken += running.tracebacks()
        finding.require(not running.has_ended(), "the daemon has ended")
    finding.figures = {
        "inputs": len(taken),
        "possible": len(ladder),
        "refused": {name: one.said for name, one in taken.items() if one.said},
        "peak_mib": {
            name: [one.daemon // MIB, one.command // MIB]
            for name, one in taken.items()
            if not one.said
        },
        "most_mib_a_megapixel": _most_a_megapixel(chosen, taken),
    }
    finding.seconds = round(time.monotonic() - begun_s, 1)
    return finding


def _broken(rung: Rung, found: Taken) -> list[str]:
    """Which promises an input has shown to be broken."""
    sentences = [found.wrong] if found.wrong else []
    for who, peak, base, each in (
        ("the daemon", found.daemon, DAEMON_BASE_MIB, DAEMON_MIB_A_MEGAPIXEL),
        ("the command", found.command, COMMAND_BASE_MIB, COMMAND_MIB_A_MEGAPIXEL),
    ):
        if peak > (base + each * rung.megapixels) * MIB:
            sentences.append(f"{who} took {peak // MIB} MiB for {rung.megapixels:.3g} megapixels")
    return sentences


def _most_a_megapixel(chosen: list[Rung], taken: dict[str, Taken]) -> list[float]:
    """Of the daemon and of the command, among inputs so large that what comes with the first photo counts for little."""
    large = [one for one in chosen if one.megapixels >= LARGE and one.name in taken]
    each = [
        (taken[one.name].daemon / one.megapixels, taken[one.name].command / one.megapixels)
        for one in large
    ]
    return [round(max(column) / MIB, 1) for column in zip(*each, strict=True)] if each else []


class Bench:
    """A daemon that is warm, and a folder for photos and cut-outs."""

    def __init__(self, folder: Path, running: Running) -> None:
        self._running = running
        self._folder = folder / "bench"
        self._folder.mkdir()
        self._command_rest = 0
        warm = Rung("warm", 17, 9, rungs.shapes()[0].save)
        automatic = Rung("warm", 64, 48, warm.save, unknown=0)
        for rung in (warm, automatic):
            self.try_out(rung)
        self._command_rest = self.try_out(warm).command
        self._rest = self._running.rest().resident_bytes

    def try_out(self, rung: Rung) -> Taken:
        """Have one input extracted."""
        photo, trimap = rungs.picture(rung.width, rung.height, rung.unknown)
        reset_peak(self._running.process.pid)
        asked: Callable[[Any, Any, Rung], Taken] = self._command if rung.save else self._request
        found = asked(photo, trimap, rung)
        peak = peak_bytes(self._running.process.pid) - getattr(self, "_rest", 0)
        return Taken(peak, max(0, found.command - self._command_rest), found.said, found.wrong)

    def _command(self, photo: Any, trimap: Any, rung: Rung) -> Taken:
        """By the command line, whose own memory is told by the system when it has ended."""
        assert rung.save is not None
        for old in self._folder.iterdir():
            old.unlink()
        file, edge = rung.save(photo, self._folder / "photo"), self._folder / "trimap.png"
        cutout = self._folder / "cutout.png"
        options = ["--engine", "builtin", "-o", str(cutout)]
        if rung.unknown:
            Image.fromarray(trimap).save(edge)
            options += ["--trimap", str(edge)]
        argv = [sys.executable, "-c", _COMMAND, "extract", str(file), *options]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S)
        *told, peak_kib = done.stderr.splitlines()
        sentence, peak = "\n".join(told), int(peak_kib) * 1024
        if "Traceback" in sentence or done.returncode not in (0, 1, 2):
            return Taken(0, peak, sentence, f"status {done.returncode}: {sentence[-500:]}")
        if done.returncode:
            return Taken(0, peak, sentence, "" if sentence else "refused without a sentence")
        # As its header says: Pillow opens no PNG with a profile beyond 1 MiB.
        fits = struct.unpack(">II", cutout.read_bytes()[16:24]) == (rung.width, rung.height)
        return Taken(0, peak, "", "" if fits else "a cut-out of another size")

    def _request(self, photo: Any, trimap: Any, rung: Rung) -> Taken:
        """By the wire, as editors do."""
        assert rung.header is not None
        parts = {"image": rungs.samples(rung, photo), "icc": rung.profile}
        parts["selection"] = trimap.tobytes()
        try:
            request = ExtractRequest(
                new_request_id(),
                rung.header,
                rung.colour,
                len(rung.profile),
                ImageHeader(rung.width, rung.height, "gray", "u8"),
                "trimap",
                engine="builtin",
                wants_foreground=True,
            )
            with Client.connect("ladder", start=False, timeout_s=PATIENCE_S) as client:
                client.extract(request, {name: one for name, one in parts.items() if one})
        except ClientError as error:
            return Taken(0, 0, error.message, "" if error.message else "refused without a sentence")
        except MessageError as error:  # the message itself refuses what there is no room for
            return Taken(0, 0, str(error))
        return Taken(0, 0)
