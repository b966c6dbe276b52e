"""AimNet: any natural picture's alpha without a trimap (Li, Zhang, Tao 2021, IJCAI).

Upstream: JizhiziLi/AIM at 48e3dc8, MIT. Parameter names are upstream's, each part under the first of its
two. What differs: glance and focus can be had alone; values go back to their places in a fixed order.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress
from flyaway.engines.glancing import GlancingNetwork
from flyaway.engines.layers import portioned, unpooling
from flyaway.engines.layers.channel_weights import ChannelWeights
from flyaway.engines.layers.context import Context, Stage
from flyaway.engines.layers.unpooled_resnet import Seen, UnpooledResNet

RUNGS = {4: (1024, 512, 512, 256), 3: (512, 256, 256, 128), 2: (256, 128, 128, 64)}
"""Channels of the decoders' stages, the deepest first; 1 and 0 are alike in both."""

REDUCTION = 16


class AimNet(UnpooledResNet, GlancingNetwork):
    """The network; pictures are normalised with ImageNet's mean and deviation."""

    def __init__(self) -> None:
        super().__init__()
        self.psp_module = Context(512, align_corners=False)
        rungs = {**RUNGS, 1: (128, 64, 64, 64), 0: (128, 64, 64)}
        for stage, width in ((4, 256), (3, 128), (2, 64), (1, 64)):
            self.add_module(f"psp{stage}", Stage(512, width, enlarged=2 ** (5 - stage)))
        for stage, channels in rungs.items():
            self.add_module(f"decoder{stage}_g", Stage(*channels, enlarged=2))
            self.add_module(f"decoder{stage}_g_se", ChannelWeights(channels[-1], REDUCTION))
            self.add_module(f"decoder{stage}_l", Stage(*channels))
        self.decoder0_g_spatial = nn.Conv2d(2, 1, 7, padding=3)
        self.decoder_final_g = portioned.Conv2d(64, 3, 3, padding=1)
        self.bridge_block = Stage(512, 512, 512, 512, dilation=2)
        self.decoder_final_l = portioned.Conv2d(64, 1, 3, padding=1)

    def glance(self, planes: Tensor) -> Tensor:
        """Background, edge and foreground, each 0..1."""
        return self._maps(self._semantic(self.encoded(planes)))

    def focus(self, planes: Tensor) -> Tensor:
        """The edge's alpha; where it looks, the semantic decoder tells."""
        seen = self.encoded(planes)
        return self._edge(seen, self._attention(self._semantic(seen)))

    def both(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Glance and focus of one picture."""
        seen = self.encoded(planes)
        semantic = self._semantic(seen)
        attention = self._attention(semantic)
        return self._maps(semantic), self._edge(seen, attention)

    def _semantic(self, seen: Seen) -> Tensor:
        """Features that tell what is what, at full size."""
        deepest = seen.features[4]
        context = self.psp_module(deepest)
        x = torch.cat((context, deepest), 1)
        for stage in (4, 3, 2, 1):
            x = self.get_submodule(f"decoder{stage}_g")(x)
            x = self.get_submodule(f"decoder{stage}_g_se")(x)
            x = torch.cat((self.get_submodule(f"psp{stage}")(context), x), 1)
            progress.check()
        return self.get_submodule("decoder0_g")(x)

    def _maps(self, semantic: Tensor) -> Tensor:
        weighed = self.get_submodule("decoder0_g_se")(semantic)
        progress.check()
        return self.decoder_final_g(weighed).sigmoid_()

    def _attention(self, semantic: Tensor) -> Tensor:
        """How much each pixel of the edge's features counts, beyond once."""
        mean_and_most = torch.cat((semantic.mean(1, True), semantic.amax(1, True)), 1)
        progress.check()
        return self.decoder0_g_spatial(mean_and_most).sigmoid_()

    def _edge(self, seen: Seen, attention: Tensor) -> Tensor:
        features, places = seen.features, list(seen.places)
        x = self.get_submodule("decoder4_l")(
            torch.cat((self.bridge_block(features[4]), features[4]), 1)
        )
        for stage in (3, 2, 1, 0):
            x = unpooling.put_back(x, places.pop())
            if stage == 0:
                x = unpooling.put_back(x, places.pop())
            progress.check()
            x = torch.cat((x, features[stage]), 1)
            x = self.get_submodule(f"decoder{stage}_l")(x)
        progress.check()
        x *= 1 + attention
        return F.sigmoid(self.decoder_final_l(x))
