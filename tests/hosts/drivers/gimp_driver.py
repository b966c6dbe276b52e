"""Runs the script of a test inside GIMP 3, as its batch command, in a process of its own.

The script sees:
    Gimp, Gegl, Gio, GObject
    image                        the image GIMP was started with (or None)
    args                         what the test gave it
    note(name, value)            tell the test something before the end
    wait_for_signal(name)        block until the test gives that signal; GIMP's window lives meanwhile
    finish(result)               the result (JSON) is what the test gets; the script should end then
The script runs from top to bottom; an exception in it is the result.
"""

import os
import time
import traceback
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, Gio, GObject  # noqa: E402 -- the versions come first
from talk import Talk  # noqa: E402 -- the same folder, put on the path by the batch command


def main() -> None:
    """Run the job's script."""
    talk = Talk(os.environ["FLYAWAY_TALK"])
    job = talk.get("job")

    def wait_for_signal(name: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not talk.has(f"signal-{name}"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no signal {name!r} in {seconds} s")
            time.sleep(0.05)

    try:
        names = {
            "__name__": "__gimp__",
            "__file__": job["script"],
            "Gimp": Gimp,
            "Gegl": Gegl,
            "Gio": Gio,
            "GObject": GObject,
            "image": _image(job),
            "args": job["args"],
            "note": lambda name, value=None: talk.put(f"note-{name}", value),
            "wait_for_signal": wait_for_signal,
            "finish": lambda result: talk.put("end", {"result": result}),
        }
        script = Path(job["script"]).read_text("utf-8")
        exec(compile(script, job["script"], "exec"), names)  # the test's own script
    except Exception:  # noqa: BLE001 -- whatever it is, the test is to see it
        talk.put("end", {"failure": traceback.format_exc()})
    if not talk.has("end"):
        talk.put("end", {"failure": "the script ended without finish(result)"})


def _image(job: dict[str, Any]) -> "Gimp.Image | None":
    if not job["document"]:
        return None
    if not job["window"]:
        file = Gio.File.new_for_path(job["document"])
        return Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    deadline = time.monotonic() + job["seconds"]
    while not Gimp.get_images():
        if time.monotonic() > deadline:
            raise TimeoutError("GIMP did not open the image")
        time.sleep(0.1)
    return Gimp.get_images()[0]


main()
