"""A made-up family as a newcomer would write one: its records, what its file calls things, its network and engine."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from flyaway.engines import checkpoint, pixels
from flyaway.engines.automatic import AutomaticEngine
from flyaway.engines.records import EngineRecord, Input, Job, Role, WeightsRecord
from flyaway.images.arrays import Image

RECORDS = (
    EngineRecord(
        name="brightness-plain",
        family="brightness",
        title="Brightness",
        purpose="Finds what is bright.",
        ranks={Role.FIND: 5},
        accepts=frozenset({Input.TRIMAP, Input.REGION}),
        suits=frozenset({Job.ANY_SUBJECT}),
        licence="MIT",
        licence_url="https://example.org/licence",
        paid_work=True,
        weights=WeightsRecord("studio/brightness", "main", "model.safetensors", 12, ""),
        also_called=("Bright_P",),
    ),
)

SIZE_PX = 16


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> BrightnessEngine:
    """Build the engine; published files call the weight `head.w`."""
    network = checkpoint.build(Brightness)
    checkpoint.fill(network, tensors, record.title, {"mix.weight": "head.w"})
    return BrightnessEngine(network)


class Brightness(nn.Module):
    """A weighed mean of the colours."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(3, 1, 1, bias=False)

    def forward(self, image: Tensor) -> Tensor:
        """Nx1xHxW of Nx3xHxW."""
        return self.mix(image)


class BrightnessEngine(AutomaticEngine):
    """Sees everything at `SIZE_PX` a side."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__(network, nn.Conv2d)

    def look(self, image: Image) -> Tensor:
        small = functional.interpolate(pixels.to_planes(image), (SIZE_PX, SIZE_PX), mode="area")
        return torch.as_tensor(self.network(self.sent(small))).float().sigmoid().cpu()

    def enlarged(self, alpha: Tensor, size: tuple[int, int]) -> Tensor:
        return functional.interpolate(alpha, size, mode="bilinear", align_corners=False)
