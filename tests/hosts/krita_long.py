"""Runs in Krita: what happens around an extraction that takes long.

args: "selection", HxW bytes in a file; "do": which story. Notes "started" once the daemon should be at work.
"""

# ruff: noqa: F821 - the driver gives krita, document, args, note, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps

layer = document.topLevelNodes()[0]
canvas = (0, 0, document.width(), document.height())


def is_solving():
    """Whether the daemon has told of its work."""
    return steps.status().endswith("…") and not steps.status().startswith("Starting")


def begin():
    steps.select(document, Path(args["selection"]).read_bytes(), *canvas)
    yield steps.is_active(document, layer)
    steps.extract()
    assert not steps.is_idle(), steps.status()
    yield is_solving


def killed():
    """The test kills the daemon at work; the next extraction starts a new one."""
    yield from begin()
    note("started")
    yield steps.is_idle
    first = [steps.status(), len(steps.masks(layer))]
    steps.select(document, b"\xff" * 64, 40, 40, 8, 8)
    steps.extract()
    yield steps.is_idle
    return {"first": first, "second": [steps.status(), len(steps.masks(layer))]}


def ticking():
    """A timer ticks on, a second click is refused, Cancel ends it."""
    yield from begin()
    ticker = steps.Ticker()
    yield lambda: ticker.count >= 100
    ticker.stop()
    steps.extract()
    refusal = steps.status()
    was_idle = steps.is_idle()
    krita.action("flyaway_cancel").trigger()
    yield steps.is_idle
    return {
        "longest_s": ticker.longest_s,
        "refusal": refusal,
        "was_idle": was_idle,
        "status": steps.status(),
        "masks": len(steps.masks(layer)),
    }


def closed():
    """The user closes the image; Krita and the plugin go on with another one."""
    yield from begin()
    other = steps.new_document(64, 48)
    steps.close(document)
    yield steps.is_idle
    status = steps.status()
    photo = steps.add_layer(other, b"\x10\x20\x30\xff" * (64 * 48), 0, 0, 64, 48)
    steps.select(other, b"\xff" * 64, 20, 20, 8, 8)
    yield steps.is_active(other, photo)
    steps.extract()
    yield steps.is_idle
    return {"status": status, "second": [steps.status(), len(steps.masks(photo))]}


def quit():
    """Krita is quit in the middle of it."""
    yield from begin()
    return steps.is_idle()


steps.play(
    {"killed": killed, "ticking": ticking, "closed": closed, "quit": quit}[args["do"]](),
    until,
    finish,
)
