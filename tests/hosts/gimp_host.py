"""GIMP under test: its settings, where its plug-ins lie, how it is started."""

from __future__ import annotations

from pathlib import Path

from tests.hosts.editor import DRIVERS, Editor
from tests.hosts.running import Running

DIALOG = "^Flyaway: Extract Foreground$"
REFINE_DIALOG = "^Flyaway: Refine Edge$"
POINT_DIALOG = "^Flyaway: Extract by Clicking$"
COMPARE_DIALOG = "^Flyaway: Compare Engines$"

_WORDS = {
    DIALOG: "remove background",
    REFINE_DIALOG: "refine hair",
    POINT_DIALOG: "pick subject",
    COMPARE_DIALOG: "compare models",
}
"""What finds each in GIMP's action search."""
SEARCH = "^Search Actions$"
"""Titles of windows."""

# Without its own version in it, gimprc does not keep the welcome dialog away.
SETTINGS = """\
(config-version "{version}")
(show-welcome-dialog no)
(check-updates no)
(restore-session no)
(color-profile-policy keep)
(metadata-rotation-policy keep)
"""


class Gimp(Editor):
    """A real GIMP 3; its scripts are run by drivers/gimp_driver.py."""

    @property
    def plugin_folder(self) -> Path:
        """Where GIMP looks for plug-ins."""
        return self._settings_folder / "plug-ins"

    @property
    def _settings_folder(self) -> Path:
        major_minor = ".".join(self.installation.version.split(".")[:2])
        return self.home / ".config" / "GIMP" / major_minor

    def forget_choices(self) -> None:
        """Have our dialogs begin as they do for a new user."""
        for file in (self._settings_folder / "plug-in-settings").glob("*flyaway*"):
            file.unlink()

    def open_dialog(self, running: Running, title: str, dialog: str = DIALOG) -> None:
        """Open one of our dialogs by GIMP's action search, from the window of that title."""
        self.ask_for_dialog(running, title, dialog)
        running.display.activate(running.display.wait_for_window(dialog))

    def ask_for_dialog(self, running: Running, title: str, dialog: str = DIALOG) -> None:
        """The same, without a wait until it is there."""
        running.display.activate(running.display.wait_for_window(title))
        self.search_action(running, _WORDS[dialog])

    def search_action(self, running: Running, words: str) -> None:
        """Find an action by GIMP's action search, from the window that has the keyboard, and start it."""
        display = running.display
        display.press_until(["slash"], lambda: display.windows(SEARCH), "no action search")
        for is_last in (False, True):
            display.key("ctrl+a")  # a slash that was pressed once too often
            display.type(
                words
            )  # on a busy machine, letters that are no keys come as others at times
            try:
                # The search takes Return only once it has found something, and then closes.
                display.press_until(
                    ["Return"], lambda: not display.windows(SEARCH), "nothing is found"
                )
            except TimeoutError:
                if is_last:
                    raise
            else:
                return

    def _settle(self) -> None:
        self.plugin_folder.mkdir(parents=True, exist_ok=True)
        gimprc = self._settings_folder / "gimprc"
        if not gimprc.exists():  # else it is GIMP's own, from the last time, with ours in it
            gimprc.write_text(SETTINGS.format(version=self.installation.version), "utf-8")

    def _argv(self, document: Path | None, *, window: bool) -> list[str]:
        driver = DRIVERS / "gimp_driver.py"
        batch = (
            f"import sys; sys.path.insert(0, {str(DRIVERS)!r}); exec(open({str(driver)!r}).read())"
        )
        batch_words = ["--batch-interpreter=python-fu-eval", "--batch", batch, "--quit"]
        if not window:
            return ["gimp-console-3", "-i", "-d", "-s", "-f", *batch_words]
        # gimp-console opens no image by itself (the driver does); the window does.
        image = [str(document)] if document else []
        return ["dbus-run-session", "--", "gimp-3", "-n", "-s", *image, *batch_words]
