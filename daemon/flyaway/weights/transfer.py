"""Fetch a file from the model hub through huggingface_hub, its errors turned into sentences of ours."""

from __future__ import annotations

import errno
import queue
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import httpx2
import huggingface_hub
from huggingface_hub import constants, errors
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined] # public, unlisted
from huggingface_hub.utils.logging import set_verbosity_error
from tqdm import tqdm

from flyaway.engines.records import WeightsRecord
from flyaway.errors import WeightsError
from flyaway.weights.incoming import Report, another_file
from flyaway_client.wording import _

_SHA256_DIGITS = 64

_CLOSED = (401, 403)
"""HTTP's words for "not you"."""

# The library's own 10 MiB would mean ten seconds between two signs of progress on a slow line.
constants.DOWNLOAD_CHUNK_SIZE = 256 * 1024

# It would tell the terminal of each new try, in words of its own and across our progress line.
set_verbosity_error()  # type: ignore[no-untyped-call] # the library has few types

LOOK_S = 0.1
"""Between two calls of `report` while the line is silent, so that a cancel does not wait for it."""


def cached(weights: WeightsRecord) -> Path | None:
    """See `hub.cached`."""
    found = huggingface_hub.try_to_load_from_cache(
        weights.repository, weights.file, revision=weights.revision
    )
    return Path(found) if isinstance(found, str) else None


def fetch(
    weights: WeightsRecord,
    partial: Path,
    spare_bytes: int,
    report: Report,
    endpoint: str | None = None,
) -> str:
    """See `hub.fetch`.

    `hf_hub_download` deletes what it has when it is interrupted (huggingface_hub pull request 4228), so
    this uses the layer below it, which takes the position to go on from. A silent line is tried again for
    about a minute (HF_HUB_DOWNLOAD_TIMEOUT sets how long each try is).
    """
    partial.parent.mkdir(parents=True, exist_ok=True)
    # Leaving this closes the file, so a transfer that was called off can write no more.
    with _sentences(weights, endpoint or constants.ENDPOINT), partial.open("ab") as file:
        transfer = _Transfer(weights, file, partial.parent, spare_bytes, endpoint)
        return transfer.watched(report)


class _Transfer:
    """Reads from the hub in a thread of its own: nothing else can turn away from a line that is silent.

    One that is called off is left to itself, until it has something to write or gives up.
    """

    def __init__(
        self,
        weights: WeightsRecord,
        file: BinaryIO,
        folder: Path,
        spare_bytes: int,
        endpoint: str | None,
    ) -> None:
        self._weights, self._file, self._folder = weights, file, folder
        self._spare_bytes, self._endpoint = spare_bytes, endpoint
        self._done, self._size = file.tell(), weights.bytes
        self._signs: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._outcome: Future[str] = Future()

    def watched(self, report: Report) -> str:
        """Run it and report; gives the file's hash in the hub's record, or raises why not."""
        threading.Thread(target=self._run, name="flyaway-line", daemon=True).start()
        while not self._outcome.done():
            report(self._done, self._size)
            try:
                self._signs.get(timeout=LOOK_S)
            except queue.Empty:
                continue
        published = self._outcome.result()
        report(self._done, self._size)
        return published

    def _run(self) -> None:
        try:
            self._outcome.set_result(self._fetch())
        except Exception as error:  # noqa: BLE001 - raised again where the outcome is asked for
            self._outcome.set_exception(error)
        self._signs.put(None)

    def _fetch(self) -> str:
        weights = self._weights
        url = huggingface_hub.hf_hub_url(
            weights.repository, weights.file, revision=weights.revision, endpoint=self._endpoint
        )
        patience_s = constants.HF_HUB_ETAG_TIMEOUT
        known = huggingface_hub.get_hf_file_metadata(
            url, endpoint=self._endpoint, timeout=patience_s
        )
        size = known.size or weights.bytes
        if self._done > size:
            self._file.truncate(0)
            self._done = 0
        self._size = size
        _check_space(self._folder, size - self._done + self._spare_bytes)
        if self._done != known.size:
            http_get(
                url,
                cast(BinaryIO, _Bounded(self._file, size, weights, self._add)),
                resume_size=self._done,
                headers=build_hf_headers(),
                tqdm_class=_bar(self._begin_at),
            )
        self._file.flush()
        if known.size and self._file.tell() != known.size:
            self._file.truncate(0)
            raise another_file(weights)
        etag = known.etag or ""
        return etag if len(etag) == _SHA256_DIGITS else ""

    def _begin_at(self, position: int) -> None:
        """The hub sends from here on: from 0 where it knows no other beginning."""
        self._done = position

    def _add(self, count: int) -> None:
        self._done = min(self._done + count, self._size)
        self._signs.put(None)


class _Bounded:
    """A file for the hub's library to write to, up to the size that was announced.

    What sends more sends something else: it would fill the disk, and be kept for the next try.
    """

    def __init__(
        self, file: BinaryIO, size: int, weights: WeightsRecord, add: Callable[[int], None]
    ) -> None:
        self._file, self._size, self._weights, self._add = file, size, weights, add

    def write(self, content: bytes) -> int:
        """Write what still has room.

        Raises:
            WeightsError: it is more than was announced; nothing is kept.
        """
        if self._file.tell() + len(content) > self._size:
            self._file.truncate(0)
            raise another_file(self._weights)
        count = self._file.write(content)
        self._add(count)  # not by the library's bar, which counts what is not written yet
        return count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _bar(begin_at: Callable[[int], None]) -> type[tqdm]:
    """A progress bar in huggingface_hub's eyes that tells where the hub begins and draws nothing."""

    class Bar(tqdm):  # type: ignore[misc] # tqdm has no types
        monitor_interval = 0  # else each such class has a thread that watches it, for ever

        def __init__(self, *args: Any, **options: Any) -> None:
            begin_at(int(options.get("initial") or 0))
            super().__init__(*args, **{**options, "disable": True})

        def update(self, n: float | None = 1) -> bool | None:
            return None

    return Bar


def _check_space(folder: Path, needed_bytes: int) -> None:
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise WeightsError(
            _(
                "The disk of {folder} has {free_mb:.0f} MB free, the download needs {needed_mb:.0f} "
                "MB. Free some space, or point FLYAWAY_WEIGHTS at another disk."
            ).format(folder=folder, free_mb=free_bytes / 1e6, needed_mb=needed_bytes / 1e6)
        )


@contextmanager
def _sentences(weights: WeightsRecord, endpoint: str) -> Iterator[None]:
    """Turn the hub's errors into ours: the one edge for them."""
    page = f"{endpoint}/{weights.repository}"
    by_hand = _("or fetch the file elsewhere and run `flyaway models import FILE`")
    try:
        yield
    except errors.GatedRepoError as error:
        raise WeightsError(
            _(
                "{repository} is only for people who accepted its terms. Accept them at {page}, run "
                "`hf auth login`, then try again."
            ).format(repository=weights.repository, page=page)
        ) from error
    except (
        errors.RepositoryNotFoundError,
        errors.EntryNotFoundError,
        errors.RevisionNotFoundError,
    ) as error:
        if isinstance(error, errors.LocalEntryNotFoundError):
            raise _unreachable(weights, endpoint, by_hand) from error
        raise WeightsError(
            _(
                "{file} is not at {page} any more, or needs an account there. Look at the page, "
                "{by_hand}."
            ).format(file=weights.file, page=page, by_hand=by_hand)
        ) from error
    except errors.OfflineModeIsEnabled as error:
        raise WeightsError(
            _("HF_HUB_OFFLINE forbids downloads. Unset it, {by_hand}.").format(by_hand=by_hand)
        ) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else _("no status")
        if status in _CLOSED:
            raise WeightsError(
                _(
                    "The hub gives {file} only to people with an account. Look at {page}, run `hf auth "
                    "login` and try again, {by_hand}."
                ).format(file=weights.file, page=page, by_hand=by_hand)
            ) from error
        raise WeightsError(
            _(
                "The hub answered with an error ({status}) for {file}. Try again later, {by_hand}."
            ).format(status=status, file=weights.file, by_hand=by_hand)
        ) from error
    except httpx2.ReadTimeout as error:
        raise WeightsError(
            _(
                "{endpoint} has stopped sending {file}. Try again later, it goes on where it stopped, "
                "{by_hand}."
            ).format(endpoint=endpoint, file=weights.file, by_hand=by_hand)
        ) from error
    except httpx2.HTTPError as error:
        raise _unreachable(weights, endpoint, by_hand) from error
    except (httpx2.InvalidURL, ValueError) as error:
        raise WeightsError(
            _(
                "An address is not understood ({error}). Set right or unset HF_ENDPOINT, HTTPS_PROXY "
                "and HTTP_PROXY, {by_hand}."
            ).format(error=error, by_hand=by_hand)
        ) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise WeightsError(
                _("The disk is full. Free some space and try again; what came so far is kept.")
            ) from error
        raise WeightsError(
            _(
                "The download of {file} broke off ({error}). Try again; it goes on where it stopped."
            ).format(file=weights.file, error=error)
        ) from error


def _unreachable(weights: WeightsRecord, endpoint: str, by_hand: str) -> WeightsError:
    return WeightsError(
        _(
            "{endpoint} cannot be reached to download {file}. Check the network (HF_ENDPOINT and "
            "HTTPS_PROXY set a mirror and a proxy), {by_hand}."
        ).format(endpoint=endpoint, file=weights.file, by_hand=by_hand)
    )
