"""Batch normalisation worked into the convolution before it: in a trained network both are one linear step.

Up to rounding the results are the same; a pass over the picture is saved for each of them. Checkpoints are
read before, under their own names.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn

from flyaway.engines import progress


def fold(network: nn.Module) -> None:
    """Let every convolution of a filled network do the normalisation behind it, which then does nothing.

    A pair is two neighbours in a sequence, or two layers whose names differ in "conv" and "bn". A part that
    says `keeps_norms` stays as it is, for results that magnify rounding.
    """
    for module in list(_foldable(network)):
        for convolution, name in list(_pairs(module)):
            normalisation = module.get_submodule(name)
            assert isinstance(normalisation, nn.BatchNorm2d)
            _absorb(convolution, normalisation)
            setattr(module, name, nn.Identity())


class Exact(nn.Sequential):
    """Layers that stay as they are, because what follows magnifies rounding."""

    keeps_norms = True

    def forward(self, x: Tensor) -> Tensor:
        """Look in between: normalising a large picture is a long step of its own."""
        for layer in self:
            x = layer(x)
            progress.check()
        return x


def scale_and_shift(normalisation: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """What a normalisation multiplies each channel by and then adds, float32."""
    mean, variance = normalisation.running_mean, normalisation.running_var
    assert mean is not None and variance is not None
    scale = normalisation.weight.float() * torch.rsqrt(variance.float() + normalisation.eps)
    return scale, normalisation.bias.float() - mean.float() * scale


def _foldable(module: nn.Module) -> Iterator[nn.Module]:
    if not getattr(module, "keeps_norms", False):
        yield module
        for child in module.children():
            yield from _foldable(child)


def _pairs(module: nn.Module) -> Iterator[tuple[nn.Conv2d, str]]:
    """Convolutions among a module's own layers, and the name of the normalisation behind each."""
    layers = dict(module.named_children())
    pairs = [(name, name.replace("conv", "bn")) for name in layers]
    if isinstance(module, nn.Sequential):
        pairs = list(pairwise(layers))
    for name, behind in pairs:
        convolution, normalisation = layers[name], layers.get(behind)
        if isinstance(convolution, nn.Conv2d) and isinstance(normalisation, nn.BatchNorm2d):
            yield convolution, behind


def _absorb(convolution: nn.Conv2d, normalisation: nn.BatchNorm2d) -> None:
    scale, shift = scale_and_shift(normalisation)
    if convolution.bias is not None:
        shift = shift + convolution.bias * scale
    weight = convolution.weight * scale[:, None, None, None]
    convolution.weight = nn.Parameter(weight, requires_grad=False)
    convolution.bias = nn.Parameter(shift, requires_grad=False)
