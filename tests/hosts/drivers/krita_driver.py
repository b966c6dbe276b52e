"""Test-only Krita extension: once Krita is ready, run the script of a test, then quit.

The script sees:
    krita, document         Krita.instance() and the document it was started with (or None)
    args                    what the test gave it
    note(name, value)       tell the test something before the end
    signalled(name)         whether the test has given that signal
    after(seconds, call)    go on later; Krita's window lives meanwhile
    until(met, call)        go on as soon as met() is true
    finish(result)          end: the result (JSON) is what the test gets
It runs in the main thread and may return before it has finished. Any exception, also one in a slot, ends it.
"""

import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from krita import Extension, Krita

from .talk import Talk

if Krita.instance().version().startswith("6"):
    from PyQt6.QtCore import QTimer
else:
    from PyQt5.QtCore import QTimer

TICK_MS = 100


class Driver(Extension):
    """Runs one script."""

    def setup(self) -> None:
        """Take the job; without one, this Krita is left alone."""
        folder = os.environ.get("FLYAWAY_TALK")
        self.finished = folder is None
        self.started = False
        if folder is not None:
            self.talk = Talk(folder)
            self.job = self.talk.get("job")
            sys.excepthook = self.fail

    def createActions(self, window: object) -> None:
        """Start waiting; called for every window, of which there is one."""
        if self.finished or self.started:
            return
        self.started = True
        self.after(self.job["seconds"], lambda: self.end({"failure": "the script took too long"}))
        self.until(self.is_ready, self.run, self.job["seconds"])

    def is_ready(self) -> bool:
        """Whether the window is there, with the document if there is to be one."""
        if self.job["document"]:
            return Krita.instance().activeDocument() is not None
        return Krita.instance().activeWindow() is not None

    def run(self) -> None:
        """Run the script."""
        path = self.job["script"]
        names = {
            "__name__": "__krita__",
            "__file__": path,
            "krita": Krita.instance(),
            "document": Krita.instance().activeDocument(),
            "args": self.job["args"],
            "note": lambda name, value=None: self.talk.put(f"note-{name}", value),
            "signalled": lambda name: self.talk.has(f"signal-{name}"),
            "after": self.after,
            "until": self.until,
            "finish": self.finish,
        }
        script = Path(path).read_text("utf-8")
        exec(compile(script, path, "exec"), names)  # the test's own script

    def after(self, seconds: float, call: Callable[[], object]) -> None:
        """Call later, from the event loop."""
        QTimer.singleShot(int(seconds * 1000), call)

    def until(
        self, met: Callable[[], object], call: Callable[[], object], seconds: float = 30
    ) -> None:
        """Call as soon as met() is true; an error after `seconds`."""
        deadline = time.monotonic() + seconds

        def look() -> None:
            if met():
                call()
            elif time.monotonic() > deadline:
                raise TimeoutError(f"{named(met)} was not met in {seconds} s")
            elif not self.finished:
                QTimer.singleShot(TICK_MS, look)

        look()

    def fail(self, kind: type, error: BaseException, trace: object) -> None:
        """End with an exception that nobody caught."""
        self.end({"failure": "".join(traceback.format_exception(kind, error, trace))})

    def finish(self, result: object) -> None:
        """End with the result."""
        self.end({"result": result})

    def end(self, outcome: dict[str, object]) -> None:
        """Tell the test and quit without questions."""
        if self.finished:
            return
        self.finished = True
        self.talk.put("end", outcome)
        for document in Krita.instance().documents():
            document.waitForDone()
        # What the document was still busy with marks it as modified a moment later.
        QTimer.singleShot(500, self.quit)

    def quit(self) -> None:
        """Quit without being asked whether to save."""
        for document in Krita.instance().documents():
            document.setModified(False)
        Krita.instance().action("file_quit").trigger()


def named(met: Callable[[], object]) -> str:
    """A condition by the line it stands in: most have no name."""
    code = getattr(met, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else str(met)


Krita.instance().addExtension(Driver(Krita.instance()))
