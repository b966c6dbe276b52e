"""One module for each group of commands; `main.py` joins them.

Each has `add_to(commands)`, which describes its arguments, and functions that do the work and return an
exit status. What is slow to import is imported inside those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
