"""The talk between a test and its script inside an editor: files in one folder. Both sides use this.

`job.json` tells the script what to do; `note-NAME.json` is from the script, `signal-NAME.json` from the
test; `end.json` holds the script's "result", or its "failure" as text.
"""

import json
from pathlib import Path
from typing import Any


class Talk:
    """One side of the talk."""

    def __init__(self, folder: str | Path) -> None:
        """`folder` is there already, and the same for both sides."""
        self.folder = Path(folder)

    def put(self, name: str, value: object) -> None:
        """Write NAME.json in one step, so that the other side never reads half of it."""
        part = self.folder / f"{name}.part"
        part.write_text(json.dumps(value), "utf-8")
        part.replace(self.folder / f"{name}.json")

    def has(self, name: str) -> bool:
        """Whether NAME.json is there."""
        return (self.folder / f"{name}.json").exists()

    def get(self, name: str) -> Any:
        """The value in NAME.json, which is there."""
        return json.loads((self.folder / f"{name}.json").read_text("utf-8"))
