"""What is known of an engine without loading it. No torch in here; each family's records are in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Input(StrEnum):
    """What a request may bring beside the image; `contract.Inputs` has a field for each."""

    TRIMAP = "trimap"
    REGION = "region"
    PLATE = "plate"
    PROMPTS = "prompts"
    TRANSPARENT = "transparent"


class Role(StrEnum):
    """What an engine can do. The values are not on the wire."""

    FIND = "find"
    """Find the subject, with nothing but the image or a rough region."""
    SOLVE = "solve"
    """Solve the unknown part of a trimap."""
    COMPARE = "compare"
    """Tell the subject from a plate, a photo of the same scene without it."""
    POINT = "point"
    """Find what the user points at. What that gives is rough: another engine solves its edge."""


class Job(StrEnum):
    """What photographers want done; on the wire, a name that stands for the best engine for it."""

    ANY_SUBJECT = "any-subject"
    PORTRAIT = "portrait"
    FINE_HAIR = "fine-hair"
    EMPTY_SCENE = "empty-scene"
    """With a photo of the same scene without the subject."""


NEEDED: Mapping[Role, frozenset[Input]] = {
    Role.FIND: frozenset(),
    Role.SOLVE: frozenset({Input.TRIMAP}),
    Role.COMPARE: frozenset({Input.PLATE}),
    Role.POINT: frozenset({Input.PROMPTS}),
}
"""What a request must bring for an engine to do its part."""


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
class Training:
    """What an engine was trained on, as far as its authors tell.

    Attributes:
        told: a plain sentence for people, "" where the authors tell nothing.
        url: where that, and the terms of those pictures, can be read.
        paid_work: whether all their terms allow paid work; None where they are not known, which counts as no.
    """

    told: str
    url: str
    paid_work: bool | None


NOT_TOLD = Training("", "", None)


@dataclass(frozen=True, slots=True)
class EngineRecord:
    """What is known of an engine without loading it.

    Attributes:
        name: on the wire and in commands.
        family: its folder in this package.
        title, purpose: for people.
        ranks: what it can do, and its rank among all engines that can: "auto" takes the lowest number.
        accepts: the inputs it makes use of.
        suits: the jobs it is made for.
        licence, licence_url: of its weights, in their authors' words.
        paid_work: whether the licence allows paid work; None where the authors do not say, which counts as no.
        training: what it was trained on.
        weights: its checkpoint; None for an engine that needs none.
        also_called: what the authors call its file on their other pages.
        companion: a record of weights alone, in a file of their own, that it needs beside its own.
        has_soft_edges: whether its alpha says how much of a pixel is the subject, where hair is; else it is nearly black and
            white, and its edge says only where to look.
        sees_px: side of the square that it sees all pictures in, even to solve an edge; 0 where it solves edges pixel by
            pixel, or solves none.
        loaded_bytes: about what it takes in memory while it works; 0 for what the size of its files tells.
    """

    name: str
    family: str
    title: str
    purpose: str
    ranks: Mapping[Role, int]
    accepts: frozenset[Input]
    suits: frozenset[Job]
    licence: str
    licence_url: str
    paid_work: bool | None
    weights: WeightsRecord | None = None
    also_called: tuple[str, ...] = ()
    companion: EngineRecord | None = None
    has_soft_edges: bool = False
    training: Training = NOT_TOLD
    sees_px: int = 0
    loaded_bytes: int = 0

    @property
    def training_paid_work(self) -> bool | None:
        """Whether the terms of all pictures that it was trained on allow paid work."""
        return self.training.paid_work

    @property
    def weights_bytes(self) -> int:
        """What all its weights take on disk."""
        own = self.weights.bytes if self.weights else 0
        return own + (self.companion.weights_bytes if self.companion else 0)

    @property
    def needs(self) -> tuple[Input, ...]:
        """What a request must bring beside the image, whatever the engine shall do."""
        return tuple(sorted(frozenset.intersection(*(NEEDED[role] for role in self.ranks))))
