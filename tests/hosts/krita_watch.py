"""Runs in Krita: tells what it sees each time that the test asks, so that the test can use mouse and keys.

args: "selection", HxW bytes in a file, or "" to select nothing; "docker", whether it is shown; "engine", to
be chosen in it once the daemon, which runs, has told of it, or "". Notes "ready" once; then for each signal
look-N the note seen-N, for each glance-N glanced-N, and for each place-N placed-N; signal "end" ends it.
"""

# ruff: noqa: F821 - the driver gives krita, document, args, note, signalled, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps

layer = document.topLevelNodes()[0]
canvas = (0, 0, document.width(), document.height())


def see():
    document.waitForDone()
    return {
        "masks": [
            [mask.name(), steps.digest(steps.pixels(mask, canvas))] for mask in steps.masks(layer)
        ],
        "pixels": steps.digest(steps.pixels(layer, canvas)),
        "selection": steps.digest(steps.selected(document)),
        "alpha": steps.digest(document.pixelData(*canvas).data()[3::4]),
        "history": steps.history(),
        "is_idle": steps.is_idle(),
        "status": steps.status(),
        "download": steps.download(),
    }


def glance():
    """What a large image does not make slow."""
    return {
        "is_idle": steps.is_idle(),
        "status": steps.status(),
        "double_click_s": steps.double_click_s(),
    }


def place():
    buttons = {"button": steps.button(), "download": steps.download_button()}
    return steps.menu_path() | {name: steps.centre_of(one) for name, one in buttons.items()}


def story():
    if args["selection"]:
        steps.select(document, Path(args["selection"]).read_bytes(), *canvas)
    steps.show_only("KisLayerBox", *(["flyaway"] if args["docker"] else []))
    yield steps.is_active(document, layer)
    if args["engine"]:
        yield from steps.pick_engine(args["engine"])
        yield steps.a_moment()
    note("ready")
    answers = {
        "look": ("seen", see),
        "glance": ("glanced", glance),
        "place": ("placed", place),
    }
    asked = dict.fromkeys(answers, 1)

    def questions():
        return [what for what, count in asked.items() if signalled(f"{what}-{count}")]

    while not signalled("end"):
        yield lambda: questions() or signalled("end")
        for what in questions():
            name, answer = answers[what]
            note(f"{name}-{asked[what]}", answer())
            asked[what] += 1
    action = krita.action("flyaway_extract")
    return {"tooltip": action.toolTip(), "shortcut": action.shortcut().toString()}


steps.play(story(), until, finish)
