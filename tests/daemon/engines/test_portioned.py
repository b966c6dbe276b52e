"""Portioned layers give what torch's give, look in between, and never do much at once in any network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from flyaway.engines import progress
from flyaway.engines.aim import network as aim
from flyaway.engines.birefnet import network as birefnet
from flyaway.engines.gfm import network as gfm
from flyaway.engines.layers import mobilenetv2, portioned, resnet, swin
from flyaway.engines.layers.context import Stage
from flyaway.engines.modnet import network as modnet
from flyaway.engines.p3m import network as p3m
from flyaway.engines.ppmatting import network as ppmatting
from flyaway.engines.ppmatting.layers import Convolution
from flyaway.engines.ppmatting.second import PPMattingV2
from flyaway.engines.vitmatte import WIDTHS
from flyaway.engines.vitmatte import network as vitmatte

PRODUCTS = 1.1 * portioned.PRODUCTS_AT_ONCE
"""What may lie between two looks."""

WRITTEN_BYTES = 768 << 20
"""Likewise, by all intermediate results together: some 0.3 s of one core."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "INTERVAL_S", 0.0)


def looks_within(run: Callable[[], Tensor]) -> tuple[Tensor, int]:
    """What `run` gives, and how often it looked meanwhile whether anybody wants that."""
    looks = 0

    def look(fraction: float, preview: object = None) -> None:
        nonlocal looks
        looks += 1

    with torch.inference_mode(), progress.reporting(look, 1):
        result = run()
    return result, looks - 2  # one at the begin and one at the end


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(1, 7), (10, 12), (23, 16)])
@pytest.mark.parametrize(
    "settings",
    [
        {"kernel_size": 1},
        {"kernel_size": 3, "padding": 1},
        {"kernel_size": 3, "padding": 1, "bias": False},
        {"kernel_size": 3, "padding": 1, "stride": 2},
        {"kernel_size": 3, "padding": (2, 1), "dilation": (2, 1)},
        {"kernel_size": (5, 3), "padding": (2, 1), "groups": 2},
        {"kernel_size": 4, "stride": 4, "padding": 2},
    ],
)
def test_a_convolution_in_bands_equals_torchs(
    settings: Any, size: Any, order: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    layer = portioned.Conv2d(4, 6, **settings)
    x = torch.randn(2, 4, *size).contiguous(memory_format=order)
    whole, looks = looks_within(lambda: layer(x))
    assert looks == 0  # so little work is done at once
    for products in (1, 4 * 2 * size[1] * layer.weight.numel()):
        monkeypatch.setattr(portioned, "PRODUCTS_AT_ONCE", products)
        in_bands, looks = looks_within(lambda: layer(x))
        assert torch.allclose(in_bands, whole, atol=1e-5)
        assert in_bands.stride() == whole.stride()
        if products == 1:
            assert looks == whole.shape[2] - 1


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(7, 5), (2, 3, 4, 5), (1, 5)])
def test_a_matrix_product_in_portions_equals_torchs(
    shape: Any, bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    layer = portioned.Linear(5, 3, bias=bias)
    x = torch.randn(*shape)
    whole, looks = looks_within(lambda: layer(x))
    assert looks == 0
    tokens = x.numel() // 5
    for at_once in (1, 3):
        monkeypatch.setattr(portioned, "PRODUCTS_AT_ONCE", at_once * 15)
        in_portions, looks = looks_within(lambda: layer(x))
        assert torch.allclose(in_portions, whole, atol=1e-5)
        assert looks == (-(-tokens // at_once) if tokens > at_once else 0)


WHOLE = (
    torch.ops.aten.upsample_bilinear2d,
    torch.ops.aten.upsample_bicubic2d,
    torch.ops.aten.layer_norm,
    torch.ops.aten.batch_norm,
    torch.ops.aten.instance_norm,
    torch.ops.aten.scaled_dot_product_attention,
)
"""What processors do in one pass; other operations count as the parts that they consist of."""


class Work(TorchDispatchMode):
    """Counts what is done between two looks: multiplications, and bytes of results.

    Attributes:
        most: of each at once, and the operation before the look that ended it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.products = self.written = 0
        self.most_products = self.most_written = (0, "")
        self.looks = 0
        self._latest = ""

    def look(self, fraction: float, preview: object = None) -> None:
        """The report that counts."""
        self.most_products = max(self.most_products, (self.products, self._latest))
        self.most_written = max(self.most_written, (self.written, self._latest))
        self.products = self.written = 0
        self.looks += 1

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        kind = function._overloadpacket
        if kind not in flop_registry and kind not in WHOLE:
            with self:
                parts = function.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
        result = function(*args, **kwargs)
        if kind in flop_registry:
            self.products += flop_registry[kind](*args, **kwargs, out_val=result) // 2
        elif kind is torch.ops.aten.scaled_dot_product_attention:
            self.products += 2 * args[0].numel() * args[1].shape[-2]
        outputs = result if isinstance(result, tuple | list) else [result]
        if not function.is_view:
            for output in outputs:
                if isinstance(output, Tensor):
                    self.written += output.numel() * output.element_size()
        self._latest = str(function)
        return result


def watched(network: nn.Module, *kinds: type[nn.Module]) -> nn.Module:
    progress.watch(network, *kinds)
    return network.requires_grad_(False).eval()


def on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    """A network without values: how much work it is depends on shapes alone."""
    with torch.device("meta"):
        return build()


GLANCING = Stage, resnet.BasicBlock, resnet.Bottleneck

NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[type[nn.Module], ...], tuple[int, ...]]]
NETWORKS = {
    "birefnet-lite": (
        lambda: birefnet.BiRefNet(birefnet.LITE),
        (swin.Block, birefnet.DecoderBlock),
        (1, 3, 1024, 1024),
    ),
    "birefnet-hr": (
        lambda: birefnet.BiRefNet(birefnet.LARGE),
        (swin.Block, birefnet.DecoderBlock),
        (1, 3, 2048, 2048),
    ),
    "vitmatte-small": (
        lambda: vitmatte.ViTMatte(*WIDTHS["small"]),
        (vitmatte.Block, vitmatte.Decoder),
        (1, 4, 2048, 2048),
    ),
    "vitmatte-base": (
        lambda: vitmatte.ViTMatte(*WIDTHS["base"]),
        (vitmatte.Block, vitmatte.Decoder),
        (1, 4, 2048, 2048),
    ),
    "gfm-r34-2b": (lambda: gfm.build("r34_2b", "TT"), GLANCING, (1, 3, 544, 800)),
    "gfm-r101": (lambda: gfm.build("r101", "TT"), GLANCING, (1, 3, 544, 800)),
    "gfm-d121-rim": (lambda: gfm.build("d121", "RIM"), GLANCING, (1, 3, 352, 512)),
    "aim": (aim.AimNet, GLANCING, (1, 3, 544, 800)),
    "p3m": (p3m.P3MNet, GLANCING, (1, 3, 1056, 1600)),
    "ppmatting-1024": (
        lambda: ppmatting.PPMatting(ppmatting.W18),
        (Convolution,),
        (1, 3, 1024, 1536),
    ),
    "ppmatting-v2": (PPMattingV2, (Convolution,), (1, 3, 512, 768)),
    "modnet": (
        modnet.MODNet,
        (modnet.Convolution, mobilenetv2.InvertedResidual),
        (1, 3, 512, 1024),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_little_is_done_between_two_looks(name: str) -> None:
    build, kinds, shape = NETWORKS[name]
    network = watched(on_meta(build), *kinds)
    work = Work()
    with torch.inference_mode(), progress.reporting(work.look, 1), work:
        network(torch.empty(shape, device="meta"))
    assert work.most_products[0] <= PRODUCTS, work.most_products
    assert work.most_written[0] <= WRITTEN_BYTES, work.most_written
