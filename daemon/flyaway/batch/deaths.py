"""Photos that whoever works on them dies of: known by a mark that is there while one is worked on.

Where the dead are replaced at once, as on a cluster, such a photo would otherwise be begun for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from flyaway.batch import publishing
from flyaway.batch.locations import Location
from flyaway.batch.manifest import Manifest
from flyaway.batch.plan import Job
from flyaway.errors import RequestError
from flyaway_client.wording import _

_TRIES = 3
"""How often a photo is begun. Those at whose work somebody died are done one at a time, so that the others that were in
hand then do not come near it."""


class Deaths:
    """Counts, in one process of many, how often the work on a photo was begun and did not end.

    Args:
        manifest: where the marks are, until a next run begins; prepared.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._alone = threading.Lock()

    @contextmanager
    def watched(self, job: Job) -> Iterator[None]:
        """Work on a photo in this; it is claimed.

        Raises:
            RequestError: too many have died at it.
            OutputError: the disk is full or gone.
        """
        mark = self._manifest.mark(job.key)
        with ExitStack() as stack:
            begun = _size(mark)
            if begun:
                stack.enter_context(self._alone)
            stack.callback(_remove, mark)
            if begun >= _TRIES:
                raise RequestError(
                    _(
                        "The workers on it died {begun} times, so it was given up. Is it too large for their "
                        "memory? Ray's logs and `ray status` may tell why."
                    ).format(begun=begun)
                )
            with publishing.writing(self._manifest.output):
                mark.write_bytes(b"." * (begun + 1))
            yield


def _size(mark: Location) -> int:
    try:
        return mark.stat().st_size
    except FileNotFoundError:
        return 0


def _remove(mark: Location) -> None:
    with suppress(OSError):  # the next run clears it away
        mark.unlink(missing_ok=True)
