"""ResNet-34 that is halved by maxima alone, and remembers where they were: AIM's and P3M-Net's encoder.

Its first stages keep the picture's size, so that the decoder can put values back to the pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from flyaway.engines.layers import portioned, resnet, unpooling
from flyaway.engines.layers.folding import Exact

TWINS = {
    "encoder0.0.": "resnet.conv1.",
    "encoder0.1.": "resnet.bn1.",
    "encoder1.0.": "resnet.layer1.",
    **{f"encoder{stage}.": f"resnet.layer{stage}." for stage in (2, 3, 4)},
}
"""Beginnings of names; checkpoints have each parameter under both."""

UNUSED = ("resnet.fc.",)
"""The classifier."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the encoder made of a picture.

    Attributes:
        features: of its stages 0 to 4, at 1, 1/4, 1/8, 1/16 and 1/32.
        first_halved: those of stage 0 at 1/2.
        places: where the maxima were, on the way from 1 to 1/2, to 1/4 and so on.
    """

    features: tuple[Tensor, ...]
    first_halved: Tensor
    places: tuple[Tensor, ...]


class UnpooledResNet(nn.Module):
    """The encoder under the names that both networks have for it.

    Rounding decides where a maximum is, and by that where a value goes back to.
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder0 = Exact(
            portioned.Conv2d(3, 64, 7, 1, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True)
        )
        self.encoder1 = Exact(resnet.basic_stage(64, 64, 3))
        self.encoder2 = Exact(*resnet.basic_stage(64, 128, 4))
        self.encoder3 = Exact(*resnet.basic_stage(128, 256, 6))
        self.encoder4 = Exact(*resnet.basic_stage(256, 512, 3))

    def encoded(self, planes: Tensor) -> Seen:
        """Features of a normalised picture Nx3xHxW, sides multiples of 32."""
        features = [self.encoder0(planes)]
        first_halved, first_places = unpooling.halved(features[0])
        x, places = first_halved, [first_places]
        for stage in (self.encoder1, self.encoder2, self.encoder3, self.encoder4):
            x, here = unpooling.halved(x)
            places.append(here)
            x = stage(x)
            features.append(x)
        return Seen(tuple(features), first_halved, tuple(places))
