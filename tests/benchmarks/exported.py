"""Our networks as ONNX Runtime runs them: what a user would pick who wants nothing but speed.

Exported are the plain networks: our cuts into portions, strips and tiles, which keep memory small and let
a cancel through, are left out, and BiRefNet's deformable convolutions become the runtime's own operator.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch.nn import functional

from flyaway.engines import pixels
from flyaway.engines.backgroundmattingv2 import network as backgroundmattingv2
from flyaway.engines.birefnet import network as birefnet
from flyaway.engines.layers import portioned, swin
from flyaway.engines.layers.deformable import DeformableConvolution
from flyaway.engines.sam2 import network as sam2
from flyaway.engines.vitmatte import network as vitmatte

OPSET = 20
"""The newest that torch's exporter writes; it has deformable convolutions."""

ALL = 1 << 40
"""More than any network has to do at once."""

WHOLE = (
    (portioned, "PRODUCTS_AT_ONCE", 1 << 62),
    (swin, "TOKENS_AT_ONCE", ALL),
    (vitmatte, "SLICE_BYTES", 1 << 62),
    (vitmatte, "TILE_PATCHES", ALL),
    (vitmatte, "MLP_TOKENS", ALL),
    (birefnet, "STRIP_ROWS", ALL),
    (backgroundmattingv2, "STRIP_ROWS", ALL),
    (backgroundmattingv2, "PATCHES_AT_ONCE", ALL),
    (sam2, "QUERIES", ALL),
)
"""What decides on the size of portions: module, name, and a value that leaves one portion."""


def load(file: Path, threads: int) -> Callable[..., tuple[Tensor, ...]]:
    """An exported network, called with tensors as it was exported with.

    Args:
        file: what `write` wrote.
        threads: as many as the runtime may use.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]

    def run(*pictures: Tensor) -> tuple[Tensor, ...]:
        fed = {name: each.numpy() for name, each in zip(names, pictures, strict=True)}
        return tuple(torch.from_numpy(each) for each in session.run(None, fed))

    return run


def write(network: nn.Module, inputs: Sequence[Tensor], file: Path) -> None:
    """Export a network of ours, which is of no further use then.

    Args:
        network: filled.
        inputs: an example; its size is the only one that the file is for.
        file: where to.
    """
    for module in network.modules():
        module._forward_hooks.clear()  # they count steps for `progress`
    with _plain(), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of every size it takes for constant
        torch.onnx.export(
            network,
            tuple(inputs),
            str(file),
            opset_version=OPSET,
            dynamo=False,
            external_data=False,
        )


@contextlib.contextmanager
def _plain() -> Iterator[None]:
    """Make every layer do all of its work at once, in operators that ONNX knows."""
    patches: list[Any] = [mock.patch.object(*constant) for constant in WHOLE]
    patches += (
        mock.patch.object(swin.Block, "forward", _block),
        mock.patch.object(birefnet.Pyramid, "forward", _pyramid),
        mock.patch.object(DeformableConvolution, "forward", _deformed),
        mock.patch.object(backgroundmattingv2.Refiner, "forward", _refined),
        mock.patch.object(backgroundmattingv2, "_patches", _patches),
        mock.patch.object(pixels, "upsampled_rows", _upsampled_rows),
        mock.patch.object(torch.Tensor, "split", _split),
        mock.patch.object(torch, "cartesian_prod", _pairs),
    )
    with contextlib.ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        yield


def _block(self: Any, x: Tensor) -> Tensor:
    x = x + self.attn(self.norm1(x))
    return x + self.mlp["fc2"](functional.gelu(self.mlp["fc1"](self.norm2(x))))


def _pyramid(self: Any, x: Tensor) -> Tensor:
    branches = [
        functional.relu(branch.bn(branch.atrous_conv(x)))
        for branch in (self.aspp1, *self.aspp_deforms)
    ]
    mean = self.global_avg_pool(x).expand(-1, -1, *x.shape[2:])
    return functional.relu(self.bn1(self.conv1(torch.cat((*branches, mean), 1))))


def _deformed(self: Any, x: Tensor) -> Tensor:
    modulation = 2 * self.modulator_conv(x).sigmoid()
    weight = self.regular_conv.weight
    result: Tensor = _Deformed.apply(x, weight, self.offset_conv(x), modulation)
    return result


class _Deformed(torch.autograd.Function):
    """A deformable convolution that exists in the exported file alone."""

    @staticmethod
    def forward(_: Any, x: Tensor, weight: Tensor, offsets: Tensor, modulation: Tensor) -> Tensor:
        return x.new_zeros(1, weight.shape[0], *x.shape[2:])

    @staticmethod
    def symbolic(graph: Any, x: Any, weight: Any, offsets: Any, modulation: Any) -> Any:
        out_channels, _, *sides = weight.type().sizes()
        bias = graph.op("Constant", value_t=torch.zeros(out_channels))
        return graph.op(
            "DeformConv",
            *(x, weight, offsets, bias, modulation),
            kernel_shape_i=sides,
            pads_i=[side // 2 for side in sides * 2],
        )


def _refined(self: Any, coarse: Any, chosen: Tensor, size: Any, *rows: Any) -> Tensor:
    side = backgroundmattingv2.PATCH_PX
    place = torch.nonzero(chosen[0, 0], as_tuple=True)
    halves, full = self._around(coarse, size, *rows)
    patches = self._refined(_patches(halves, place, 2, 8), _patches(full, place, 4, 8))
    whole = _upsampled_rows(torch.cat((coarse.alpha, coarse.colours), 1), size, *rows[:2])
    cells = whole[0].unflatten(1, (-1, side)).unflatten(3, (-1, side)).permute(1, 3, 0, 2, 4)
    return cells.index_put(place, patches).permute(2, 0, 3, 1, 4).reshape(whole.shape)


def _patches(x: Tensor, place: tuple[Tensor, ...], step: int, side: int) -> Tensor:
    down, across = (start[:, None] * step + torch.arange(side) for start in place)
    return x[0].permute(1, 2, 0)[down[:, :, None], across[:, None]].permute(0, 3, 1, 2)


def _upsampled_rows(planes: Tensor, size: Any, first: int, last: int) -> Tensor:
    whole = functional.interpolate(planes, size, mode="bilinear", align_corners=False)
    return whole[:, :, first:last]


_cut = torch.Tensor.split


def _split(self: Tensor, size: Any, dim: int = 0) -> Any:
    """One portion is no portion: the exporter counts wrongly where it is larger than the tensor."""
    is_one = isinstance(size, int | Tensor) and int(size) >= ALL  # a tensor while it is exported
    return (self,) if is_one else _cut(self, size, dim)


def _pairs(*sides: Tensor) -> Tensor:
    """A product of sets, which ONNX has not."""
    return torch.stack([grid.flatten() for grid in torch.meshgrid(*sides, indexing="ij")], 1)
