"""Squeeze and excitation (Hu et al. 2018): each channel counts as much as the picture as a whole asks for."""

from __future__ import annotations

from torch import Tensor, nn


class ChannelWeights(nn.Module):
    """Weighs channels; `reduction` is how much narrower the layer is that decides."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // reduction, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(channels // reduction, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.fc(x.mean((2, 3)))[:, :, None, None]
