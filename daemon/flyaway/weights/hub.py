"""The model hub as the store sees it. Its library reads its settings as it is imported, so that is done here, late."""

from __future__ import annotations

import logging
from pathlib import Path
from types import ModuleType

from flyaway.engines.records import WeightsRecord
from flyaway.errors import WeightsError
from flyaway.weights.incoming import Report
from flyaway_client.wording import _

log = logging.getLogger(__name__)


def cached(weights: WeightsRecord) -> Path | None:
    """The file in the hub's own cache, whole but not checked; None if it is not there."""
    if not weights.repository:
        return None
    try:
        found: Path | None = _transfer().cached(weights)
    except WeightsError as error:
        log.warning("%s", error)
        return None
    return found


def fetch(
    weights: WeightsRecord,
    partial: Path,
    spare_bytes: int,
    report: Report,
    endpoint: str | None = None,
) -> str:
    """Download a file to `partial`, going on where an earlier try broke off.

    Args:
        weights: what to fetch.
        partial: the file to write; what it holds already is taken for the beginning.
        spare_bytes: what must stay free on the disk.
        report: called every tenth of a second at least; see `Report`.
        endpoint: the hub's address; None for what its own settings say.

    Returns:
        The SHA-256 of the file in the hub's record, "" if it gives none.

    Raises:
        WeightsError: it could not be had; the text says why and what to do.
    """
    published: str = _transfer().fetch(weights, partial, spare_bytes, report, endpoint)
    return published


def _transfer() -> ModuleType:
    """The module that uses the hub's library.

    Raises:
        WeightsError: the library does not understand a setting of its own.
    """
    try:
        from flyaway.weights import transfer  # deferred: see above
    except ValueError as error:
        raise WeightsError(
            _(
                "One of the model hub's settings is not understood ({error}). Set right or unset the "
                "environment variables that begin with HF_ (HF_HUB_DOWNLOAD_TIMEOUT and "
                "HF_HUB_ETAG_TIMEOUT are whole seconds), then start Flyaway again: `flyaway daemon "
                "stop`."
            ).format(error=error)
        ) from error
    return transfer
