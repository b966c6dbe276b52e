"""P3M-Net: portraits without a trimap, trained on faces that nobody can recognise (Li et al. 2021, ACM MM).

Upstream: JizhiziLi/P3M at 9f9390f, MIT. Parameter names are upstream's, each part under the first of its
two. What differs: glance and focus can be had alone; values go back to their places in a fixed order; the
side outputs that only training needs (`dbfi_*.conv2`) are loaded and not used.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress
from flyaway.engines.glancing import GlancingNetwork
from flyaway.engines.layers import portioned, unpooling
from flyaway.engines.layers.context import Enlarged, Stage
from flyaway.engines.layers.unpooled_resnet import Seen, UnpooledResNet

RUNGS = {
    4: (512, 512, 512, 256),
    3: (256, 256, 256, 128),
    2: (128, 128, 128, 64),
    1: (64, 64, 64, 64),
}
"""Channels of the decoders' stages, the deepest first."""


class P3MNet(UnpooledResNet, GlancingNetwork):
    """The network; pictures are normalised with ImageNet's mean and deviation."""

    def __init__(self) -> None:
        super().__init__()
        for stage, channels in RUNGS.items():
            self.add_module(f"decoder{stage}_g", Stage(*channels, enlarged=2))
            self.add_module(f"decoder{stage}_l", Stage(*channels))
        self.decoder0_g = Stage(64, 64, 64, 3, enlarged=2, bare=True)
        self.decoder0_l = Stage(64, 64, 64)
        self.decoder_final_l = portioned.Conv2d(64, 1, 3, padding=1)
        for stage, width in enumerate((64, 64, 128, 256)):
            self.add_module(f"tfi_{stage}", Joined(width))
        for stage, width in enumerate((64, 64, 128)):
            self.add_module(f"sbfi_{stage}", WithDetail(width, 2 ** (stage + 1)))
            self.add_module(f"dbfi_{stage}", WithMeaning(width, 2 ** (4 - stage)))

    def glance(self, planes: Tensor) -> Tensor:
        """How much speaks for background, edge and foreground."""
        return self.decoder0_g(self._semantic(self.encoded(planes))[-1])

    def focus(self, planes: Tensor) -> Tensor:
        """The edge's alpha."""
        seen = self.encoded(planes)
        return self._edge(seen, self._semantic(seen))

    def both(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Glance and focus of one picture."""
        seen = self.encoded(planes)
        semantic = self._semantic(seen)
        return self.decoder0_g(semantic[-1]), self._edge(seen, semantic)

    def _semantic(self, seen: Seen) -> list[Tensor]:
        """What the edge is guided by at 1/16, 1/8, 1/4 and 1/2; of the last the glance is made."""
        deepest = seen.features[4]
        guides = [self.get_submodule("decoder4_g")(deepest)]
        x = self.get_submodule("decoder3_g")(guides[0])
        guides.append(x)
        for stage in (2, 1):
            x = self.get_submodule(f"dbfi_{stage}")(x, deepest)
            x = self.get_submodule(f"decoder{stage}_g")(x)
            guides.append(x)
        return [*guides, self.get_submodule("dbfi_0")(x, deepest)]

    def _edge(self, seen: Seen, guides: list[Tensor]) -> Tensor:
        first, *places = seen.places
        partners = (seen.first_halved, *seen.features[1:4])
        x = self.get_submodule("decoder4_l")(seen.features[4])
        for stage, guide in zip((3, 2, 1, 0), guides, strict=False):
            x = unpooling.put_back(x, places.pop())
            x = self.get_submodule(f"tfi_{stage}")(guide, x, partners[stage])
            if stage < 3:
                x = self.get_submodule(f"sbfi_{stage}")(x, seen.features[0])
            x = self.get_submodule(f"decoder{stage}_l")(x)
        x = unpooling.put_back(x, first)
        progress.check()
        return F.sigmoid(self.decoder_final_l(x))


class Joined(nn.Module):
    """The edge's features with the guide and the encoder's, all narrowed alike."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = channels // 2
        self.transform = portioned.Conv2d(channels, narrow, 1, bias=False)
        self.conv1 = portioned.Conv2d(3 * narrow, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)

    def forward(self, *features: Tensor) -> Tensor:
        joined = torch.cat([self.transform(x) for x in features], 1)
        return F.relu_(self.bn1(self.conv1(joined)))


class WithDetail(nn.Module):
    """The edge's features with those of the picture's finest stage, shrunk to them."""

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.transform1 = portioned.Conv2d(channels, channels // 2, 1, bias=False)
        self.transform2 = portioned.Conv2d(64, channels // 2, 1, bias=False)
        self.conv1 = portioned.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor, finest: Tensor) -> Tensor:
        shrunk = F.max_pool2d(finest, 2, self.factor)
        progress.check()
        joined = torch.cat((self.transform1(x), self.transform2(shrunk)), 1)
        return F.relu_(self.bn1(self.conv1(joined))) + x


class WithMeaning(nn.Module):
    """The guide with the deepest features, enlarged to it."""

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__()
        self.transform1 = portioned.Conv2d(channels, channels // 2, 1, bias=False)
        self.transform2 = portioned.Conv2d(512, channels // 2, 1, bias=False)
        self.upsample = Enlarged(factor)
        self.conv1 = portioned.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, 3, 3, padding=1, bias=False)

    def forward(self, x: Tensor, deepest: Tensor) -> Tensor:
        joined = torch.cat((self.transform1(x), self.upsample(self.transform2(deepest))), 1)
        return F.relu_(self.bn1(self.conv1(joined))) + x
