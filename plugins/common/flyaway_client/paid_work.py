"""Whether engines may be used for paid work: how strictly the user asks, and what is known of an engine."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol


class Known(Protocol):
    """What is known of an engine; None is what its authors do not say, which counts as no.

    `paid_work` is whether the licence of its weights allows it, `training_paid_work` whether those allow it
    whose pictures it was trained on.
    """

    @property
    def paid_work(self) -> bool | None:
        """Of the weights."""

    @property
    def training_paid_work(self) -> bool | None:
        """Of the pictures."""


class Asking(Protocol):
    """A request that names engines."""

    @property
    def paid_work_only(self) -> bool:
        """Whether the licence of the weights counts."""

    @property
    def paid_training_only(self) -> bool:
        """Whether the terms of the training pictures count too."""


class PaidWork(IntEnum):
    """What has to allow paid work: nothing, the licence of the weights, or that and the training pictures' terms too."""

    ANY = 0
    WEIGHTS = 1
    TRAINING = 2

    @classmethod
    def of(cls, weights: bool, training: bool) -> PaidWork:
        """As two switches say it, of which the second means more than the first."""
        return cls.TRAINING if training else cls.WEIGHTS if weights else cls.ANY

    @classmethod
    def asked_by(cls, request: Asking) -> PaidWork:
        """As a request asks for it."""
        return cls.of(request.paid_work_only, request.paid_training_only)

    @property
    def weights(self) -> bool:
        """Whether the licence of the weights counts."""
        return self >= PaidWork.WEIGHTS

    @property
    def training(self) -> bool:
        """Whether the terms of the training pictures count too."""
        return self >= PaidWork.TRAINING

    def allows(self, engine: Known) -> bool:
        """Whether an engine may be used."""
        if self.training and not engine.training_paid_work:
            return False
        return bool(engine.paid_work) or not self.weights
