"""HRNet (Wang et al. 2020): branches of four sizes side by side that tell each other what they see."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress
from flyaway.engines.ppmatting.layers import Convolution, sized

Widths = tuple[int, int, int, int]
"""Channels of the branches at 1/4, 1/8, 1/16 and 1/32."""

DEPTH = 4
"""Blocks of a branch before it is told of the others."""

EXCHANGES = (1, 4, 3)
"""How often that happens with two, three and four branches."""


class HRNet(nn.Module):
    """The network under PaddleSeg's names."""

    keeps_norms = True
    """A hundred layers magnify the rounding of folded ones beyond what Paddle's own differs by."""

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        self.conv_layer1_1 = Convolution(3, 64, 3, 2)
        self.conv_layer1_2 = Convolution(64, 64, 3, 2)
        self.la1 = nn.Sequential()
        for number in range(1, DEPTH + 1):
            self.la1.add_module(f"bb_layer2_{number}", Bottleneck(64 if number == 1 else 256))
        before: tuple[int, ...] = (256,)
        for number, exchanges in enumerate(EXCHANGES, 1):
            after = widths[: number + 1]
            self.add_module(f"tr{number}", Transition(f"tr{number}", before, after))
            stage = nn.Sequential()
            for exchange in range(1, exchanges + 1):
                called = f"st{number + 1}_{exchange}"
                stage.add_module(f"stage_{called}", Exchange(called, after))
            self.add_module(f"st{number + 1}", stage)
            before = after

    def forward(self, planes: Tensor) -> list[Tensor]:
        """Features at 1/2, with 64 channels, and of the branches."""
        half = self.conv_layer1_1(planes)
        branches = [self.la1(self.conv_layer1_2(half))]
        for number in range(1, len(EXCHANGES) + 1):
            branches = self.get_submodule(f"tr{number}")(branches)
            branches = self.get_submodule(f"st{number + 1}")(branches)
        return [half, *branches]


class Bottleneck(nn.Module):
    """Narrow, convolve, widen; added to its input."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self.conv1 = Convolution(before, 64, 1)
        self.conv2 = Convolution(64, 64, 3)
        self.conv3 = Convolution(64, 256, 1, plain=True)
        if before != 256:
            self.conv_down = Convolution(before, 256, 1, plain=True)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.conv3(self.conv2(self.conv1(x)))
        return F.relu_(inner + (self.conv_down(x) if hasattr(self, "conv_down") else x))


class BasicBlock(nn.Module):
    """Convolve twice; added to its input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = Convolution(channels, channels, 3)
        self.conv2 = Convolution(channels, channels, 3, plain=True)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu_(self.conv2(self.conv1(x)) + x)


class Transition(nn.Module):
    """One branch more, of half the size of the last; another width where that is asked for."""

    def __init__(self, called: str, before: tuple[int, ...], after: tuple[int, ...]) -> None:
        super().__init__()
        self.called, self.branches = f"transition_{called}_layer_", len(after)
        for number, channels in enumerate(after):
            if number >= len(before):
                self.add_module(
                    f"{self.called}{number + 1}", Convolution(before[-1], channels, 3, 2)
                )
            elif before[number] != channels:
                self.add_module(
                    f"{self.called}{number + 1}", Convolution(before[number], channels, 3)
                )

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        made = dict(self.named_children())
        after = []
        for number in range(self.branches):
            x = branches[min(number, len(branches) - 1)]
            layer = made.get(f"{self.called}{number + 1}")
            after.append(x if layer is None else layer(x))
        return after


class Exchange(nn.Module):
    """Each branch by itself, then the sum of all in the size of each."""

    def __init__(self, called: str, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.called, self.branches = called, len(widths)
        self.branches_func = nn.ModuleDict(
            {
                f"bb_{called}_branch_layer_{branch}_{number}": BasicBlock(channels)
                for branch, channels in enumerate(widths, 1)
                for number in range(1, DEPTH + 1)
            }
        )
        self.fuse_func = nn.ModuleDict(dict(self._ways(widths)))

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        seen = []
        for branch, x in enumerate(branches, 1):
            for number in range(1, DEPTH + 1):
                x = self.branches_func[f"bb_{self.called}_branch_layer_{branch}_{number}"](x)
            seen.append(x)
        return [self._sum(seen, to) for to in range(self.branches)]

    def _sum(self, seen: list[Tensor], to: int) -> Tensor:
        total = seen[to]
        for of, x in enumerate(seen):
            if of > to:
                total = total + sized(self.fuse_func[self._way(to, of)](x), total.shape[2:])
            elif of < to:
                for step in range(1, to - of + 1):
                    x = self.fuse_func[f"{self._way(to, of)}_{step}"](x)
                total = total + x
            progress.check()
        return F.relu(total)

    def _way(self, to: int, of: int) -> str:
        return f"residual_{self.called}_layer_{to + 1}_{of + 1}"

    def _ways(self, widths: tuple[int, ...]) -> Iterator[tuple[str, nn.Module]]:
        """What makes of one branch something of another's size and width."""
        for to, after in enumerate(widths):
            for of, before in enumerate(widths):
                if of > to:
                    yield self._way(to, of), Convolution(before, after, 1, plain=True)
                for step in range(1, to - of + 1):
                    is_last = step == to - of
                    layer = Convolution(before, after if is_last else before, 3, 2, plain=is_last)
                    yield f"{self._way(to, of)}_{step}", layer
