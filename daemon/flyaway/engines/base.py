"""What an engine is, what it gives back, and what is known of it before it is loaded. No torch in here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from flyaway.images.arrays import Alpha, Image, Trimap

Job = Literal["automatic", "fine", "plate"]


class Report(Protocol):
    """How an engine tells where it is. Call it at least every 0.3 s of work.

    Raises:
        CancelledError: the client does not want the result any more; let it pass.
    """

    def __call__(self, fraction: float, preview: Alpha | None = None) -> None:
        """Say that `fraction` (0..1) is done; `preview` is an early alpha of the image's size."""


def silent(fraction: float, preview: Alpha | None = None) -> None:
    """A `Report` for callers who do not listen."""


@dataclass(frozen=True, slots=True)
class WeightsRecord:
    """Where an engine's checkpoint comes from.

    Attributes:
        repository: on the hub, "" for a file that a person has to fetch from `page` and import.
        revision: a commit of the repository, or a branch where none is known.
        file: its path in the repository.
        bytes: its size to a percent, for people and for the free-space check; the hash decides.
        sha256: of the file, "" where it is not known: then it is pinned at the first download.
        page: where a person finds the file, for those that are on no hub.
    """

    repository: str
    revision: str
    file: str
    bytes: int
    sha256: str
    page: str = ""


@dataclass(frozen=True, slots=True)
class EngineRecord:
    """What is known of an engine without loading it.

    `jobs` says what it can do: "automatic" finds the subject, "fine" solves a trimap, "plate" compares
    with a picture of the empty scene. `purpose` is for people. `module` is where it lives in this package.
    `paid_work` is None where the authors do not say, which counts as no.
    """

    name: str
    module: str
    title: str
    purpose: str
    jobs: frozenset[Job]
    licence: str
    licence_url: str
    paid_work: bool | None
    weights: WeightsRecord | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """What a request must bring beside the image: "trimap", "plate" or nothing."""
        if "automatic" in self.jobs:
            return ()
        return ("trimap",) if "fine" in self.jobs else ("plate",)


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an engine gives back.

    Attributes:
        alpha: HxW float32 0..1; exactly 0 and 1 where a trimap said so.
        foreground: HxWx3 float32 0..1 sRGB, the subject's own colours, from engines that have them.
        confidence: 0..1 for an automatic result, None where a trimap left nothing to find.
        notes: sentences the user should see, such as a fallback.
    """

    alpha: Alpha
    foreground: NDArray[np.float32] | None = None
    confidence: float | None = None
    notes: tuple[str, ...] = ()


class Engine(Protocol):
    """A loaded engine; `network` is its torch module, or None for one without weights."""

    network: Any

    def extract(
        self,
        image: Image,
        *,
        trimap: Trimap | None = None,
        region: NDArray[np.bool_] | None = None,
        plate: Image | None = None,
        report: Report = silent,
    ) -> Extraction:
        """Find the alpha of the subject of `image`.

        Args:
            image: HxWx3 sRGB.
            trimap: HxW 0/128/255 for the fine job.
            region: HxW, True inside a rough outline around the subject; outside is background.
            plate: the same scene without the subject, of the image's size.
            report: told how far the work is; may raise CancelledError.

        Raises:
            RequestError: what was given cannot be worked on; the text says what to do.
            EngineError: the engine failed.
        """


@runtime_checkable
class Placed(Protocol):
    """An engine without a network that has a device all the same; setting it moves its next work there."""

    device: Any
