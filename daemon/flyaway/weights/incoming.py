"""A file on its way from the hub: how its progress is reported, and what to say where it is another one."""

from __future__ import annotations

from collections.abc import Callable

from flyaway.engines.records import WeightsRecord
from flyaway.errors import DamagedWeightsError, WeightsError
from flyaway_client.wording import _

Report = Callable[[int, int], None]
"""Called with bytes done and bytes in all; what it raises ends the work."""


def another_file(weights: WeightsRecord) -> WeightsError:
    """What to say where a download is whole and not the file that was asked for."""
    return DamagedWeightsError(
        _(
            "What came is not {file} of {repository}, and was thrown away. Try again; if it stays "
            "so, something on the way answers in the hub's place (a login page, a mirror), or the "
            "file was changed: fetch it elsewhere and run `flyaway models import FILE`."
        ).format(file=weights.file, repository=weights.repository)
    )
