"""GFM: animals' alpha without a trimap, by a glance and a focus (Li et al. 2022, IJCV).

Upstream: JizhiziLi/GFM at 4b15ee0, MIT, in four backbones. Parameter names are upstream's, each part under
the first of its two. What differs: glance and focus can be had alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress
from flyaway.engines.gfm import MERGED, backbones
from flyaway.engines.glancing import Glance, GlancingNetwork
from flyaway.engines.layers import portioned
from flyaway.engines.layers.channel_weights import ChannelWeights
from flyaway.engines.layers.context import Context, Stage

Plan = dict[int, tuple[int, ...]]
"""By stage the channels before and after each of its convolutions."""

NARROW: Plan = {
    4: (1024, 512, 512, 256),
    3: (512, 256, 256, 128),
    2: (256, 128, 128, 64),
    1: (128, 64, 64, 64),
}
DEEPER: Plan = {6: (1024, 512, 512, 512), 5: (1024, 512, 512, 512), **NARROW}
WIDE: Plan = {
    4: (4096, 2048, 1024, 1024),
    3: (2048, 1024, 512, 512),
    2: (1024, 512, 256, 256),
    1: (512, 256, 128, 64),
}
DENSE: Plan = {**NARROW, 3: (768, 256, 256, 128), 2: (384, 128, 128, 64), 1: (192, 64, 64, 64)}
"""DenseNet's features are wider; only the focus sees them beside its own."""

PLANS = {"r34_2b": (DEEPER, DEEPER), "r34": (NARROW, NARROW), "r101": (WIDE, WIDE)}
PLANS["d121"] = (NARROW, DENSE)
"""Of the glance's and of the focus' decoder."""

CONTEXTS = {
    "r34_2b": {6: 512, 5: 512, 4: 256, 3: 128, 2: 64, 1: 64},
    "r101": {4: 1024, 3: 512, 2: 256, 1: 64},
    "r34": {4: 256, 3: 128, 2: 64, 1: 64},
    "d121": {4: 256, 3: 128, 2: 64, 1: 64},
}
"""Channels of the context that the glance sees behind each stage."""

LARGEST_FACTOR = 32


def build(backbone: str, glance: str) -> nn.Module:
    """The network of a backbone and of what its glance tells apart, both as upstream calls them."""
    if glance == MERGED:
        return MergedGFM(backbone)
    return GFM(backbone, Glance(glance))


class Decoders(GlancingNetwork):
    """All but the last stages; pictures are as they are, 0..255."""

    def __init__(self, backbone: str) -> None:
        super().__init__()
        self.is_deeper = backbone == "r34_2b"
        for name, part in backbones.parts(backbone).items():
            self.add_module(name, part)
        deepest = 2048 if backbone == "r101" else 512
        self.psp_module = Context(deepest, align_corners=True)
        self.bridge_block = Stage(deepest, deepest, deepest, deepest, dilation=2)
        glance, focus = PLANS[backbone]
        self.rungs = tuple(glance)
        for stage, channels in CONTEXTS[backbone].items():
            factor = min(2 ** (self.rungs[0] + 1 - stage), LARGEST_FACTOR)
            self.add_module(f"psp{stage}", Stage(deepest, channels, enlarged=factor))
        for letter, plan in ("g", glance), ("f", focus):
            for stage, widths in plan.items():
                # that of two more blocks never shrank the picture before its second stage
                factor = 1 if self.is_deeper and stage == 1 else 2
                self.add_module(f"decoder{stage}_{letter}", Stage(*widths, enlarged=factor))

    def last(self, maps: int) -> nn.Module:
        """A last stage; its own parts have numbers, and so upstream's names."""
        if self.is_deeper:
            return nn.Sequential(portioned.Conv2d(64, maps, 3, padding=1))
        return Stage(128, 64, 64, maps, enlarged=2, bare=True)

    def encoded(self, planes: Tensor) -> list[Tensor]:
        """Features of each part of the encoder."""
        features = []
        for number in range(self.rungs[0] + 1):
            planes = self.get_submodule(f"encoder{number}")(planes)
            features.append(planes)
            progress.check()
        return features

    def meaning(self, features: list[Tensor]) -> Tensor:
        """What the last stages of the glance see."""
        deepest = features[-1]
        context = self.psp_module(deepest)
        x = torch.cat((context, deepest), 1)
        for stage in self.rungs:
            x = self.get_submodule(f"decoder{stage}_g")(x)
            if stage > 1 or not self.is_deeper:
                x = torch.cat((self.get_submodule(f"psp{stage}")(context), x), 1)
                progress.check()
        return x

    def detail(self, features: list[Tensor]) -> Tensor:
        """What the last stages of the focus see."""
        x = self.bridge_block(features[-1])
        for stage in self.rungs:
            progress.check()
            x = torch.cat((x, features[stage]), 1)
            x = self.get_submodule(f"decoder{stage}_f")(x)
        if self.is_deeper:
            return x
        progress.check()
        return torch.cat((x, features[0]), 1)


class GFM(Decoders):
    """The network with one glance and its focus."""

    def __init__(self, backbone: str, kind: Glance) -> None:
        super().__init__(backbone)
        self.kind = kind
        self.decoder0_g = self.last(kind.maps)
        self.decoder0_f = self.last(1)

    def glance(self, planes: Tensor) -> Tensor:
        """Maps of `kind`, each 0..1."""
        return F.sigmoid(self.decoder0_g(self.meaning(self.encoded(planes))))

    def focus(self, planes: Tensor) -> Tensor:
        """What the edge looks like, 0..1."""
        return F.sigmoid(self.decoder0_f(self.detail(self.encoded(planes))))

    def both(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Glance and focus of one picture."""
        features = self.encoded(planes)
        glance = F.sigmoid(self.decoder0_g(self.meaning(features)))
        return glance, F.sigmoid(self.decoder0_f(self.detail(features)))


class MergedGFM(Decoders):
    """The network with all three glances, whose alphas are merged."""

    def __init__(self, backbone: str) -> None:
        super().__init__(backbone)
        for kind in Glance:
            called = kind.value.lower()
            self.add_module(f"decoder0_g_{called}", self.last(kind.maps))
            self.add_module(f"decoder0_f_{called}", self.last(1))
        self.rim = nn.Sequential(nn.Conv2d(3, 16, 1), ChannelWeights(16, 4), nn.Conv2d(16, 1, 1))

    def glance(self, planes: Tensor) -> Tensor:
        """That of the first kind."""
        return self.both(planes)[0]

    def focus(self, planes: Tensor) -> Tensor:
        """That of the first kind."""
        return self.both(planes)[1]

    def both(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Glance and focus of the first kind."""
        _, glance, focus = next(self._pairs(planes))
        return glance, focus

    def forward(self, planes: Tensor) -> Tensor:
        """The merged alpha Nx1xHxW, about 0..1."""
        alphas = [
            kind.fused(glance.argmax(1, keepdim=True).to(focus) / (kind.maps - 1), focus)
            for kind, glance, focus in self._pairs(planes)
        ]
        return self.rim(torch.cat(alphas, 1))

    def _pairs(self, planes: Tensor) -> Iterator[tuple[Glance, Tensor, Tensor]]:
        features = self.encoded(planes)
        meaning, detail = self.meaning(features), self.detail(features)
        for kind in Glance:
            called = kind.value.lower()
            glance = F.sigmoid(self.get_submodule(f"decoder0_g_{called}")(meaning))
            focus = F.sigmoid(self.get_submodule(f"decoder0_f_{called}")(detail))
            yield kind, glance, focus
