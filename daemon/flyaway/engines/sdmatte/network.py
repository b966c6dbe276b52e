"""SDMatte: one pass of Stable Diffusion 2 from picture and prompt to alpha (Huang et al. 2025, ICCV, arXiv 2508.00443).

Upstream: vivoCameraResearch/SDMatte at c3ea694, code MIT; parameter names are upstream's, those of diffusers 0.30.
LiteSDMatte has TAESD (madebyollin/taesd) in the place of the autoencoder, and fewer layers.

What differs: the text encoder is not part of it, only what that makes of no words (`words`); no step of a diffusion
is ever made here nor upstream.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines.sdmatte.blocks import Focus
from flyaway.engines.sdmatte.codec import Autoencoder, TinyAutoencoder
from flyaway.engines.sdmatte.plan import Plan
from flyaway.engines.sdmatte.prompting import Prompt
from flyaway.engines.sdmatte.unet import UNet

LATENT_PX = 8
"""Pixels of a picture, along a side, for one of its latents."""


class SDMatte(nn.Module):
    """The network.

    Attributes:
        words: 1xNxK, what the text encoder makes of no words; not among its parameters.
    """

    words: Tensor

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.vae = TinyAutoencoder() if plan.codec.is_tiny else Autoencoder(plan.codec)
        self.unet = UNet(plan.stages, plan.words.width)
        empty = torch.zeros(1, plan.words.length, plan.words.width)
        self.register_buffer("words", empty, persistent=False)

    def encode(self, picture: Tensor) -> Tensor:
        """The latents of a picture or a prompt, 1x4xH/8xW/8 of 1x3xHxW, -1..1, sides multiples of 8."""
        return self.vae.encode(picture)

    def forward(self, picture: Tensor, prompt: Prompt, is_opaque: bool) -> Tensor:
        """Alpha, 1x1xHxW, 0..1.

        Args:
            picture: 1x4xH/8xW/8, its latents.
            prompt: where the subject is, of the picture's size.
            is_opaque: whether the subject lets nothing through; not so of glass, veils, smoke and the like.
        """
        return self.drawn(self.latents(picture, prompt, is_opaque))

    def latents(self, picture: Tensor, prompt: Prompt, is_opaque: bool) -> Tensor:
        """Those of the alpha, 1x4xh/8xw/8; see `forward`."""
        plane = torch.from_numpy(prompt.plane)[None, None].to(picture)
        shown = self.encode(plane.expand(-1, 3, -1, -1))
        lit = None
        if prompt.shuts_out:
            lit = F.interpolate((plane + 1) / 2, scale_factor=1 / LATENT_PX)
        coordinates = torch.tensor(prompt.coordinates, device=picture.device)
        told = self.unet.told(coordinates, prompt.is_points, is_opaque, picture.dtype)
        both = torch.cat((picture, shown), 1)
        result: Tensor = self.unet(both, told, self.words.to(picture), shown, Focus(lit))
        return result

    def drawn(self, latents: Tensor) -> Tensor:
        """The alpha of its latents: 1x1xHxW, 0..1."""
        alpha: Tensor = self.vae.decode(latents).mean(1, keepdim=True)
        return alpha.clamp_(-1, 1).add_(1).div_(2)
