"""What all engines share that are a torch network: where it is, in which precision, and how it needs less."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flyaway.engines import precision as precisions
from flyaway.engines import progress
from flyaway.engines.contract import Engine, Features
from flyaway.engines.device import describe, memory_errors
from flyaway.engines.layers import folding
from flyaway.errors import DeviceError
from flyaway_client.wording import _

PROCESSOR = torch.device("cpu")


class NetworkEngine(Engine[Features]):
    """An engine with a network, which is in full precision on the processor until it is placed.

    Attributes:
        network: the torch module; its input must be where and in what precision its parameters are.
        steps: how many steps one run through it reports.
    """

    def __init__(self, network: nn.Module, *steps: type[nn.Module]) -> None:
        """Fold a network's normalisations into its convolutions, and watch it.

        Args:
            network: with its parameters, in full precision.
            steps: the kinds of its parts whose end counts as a step.
        """
        folding.fold(network)
        self.network = network
        self.steps = progress.watch(network, *steps)
        self._home = self._at()
        self._exact: dict[str, Tensor] = {}  # the parameters in full precision while it is halved

    @property
    def device(self) -> str:
        """Where the network is, in words."""
        device, dtype = self._at()
        if dtype == torch.float32:
            return describe(device)
        return _("{device}, half precision").format(device=describe(device))

    @property
    def held_bytes(self) -> int:
        """Its parameters and what else its network keeps."""
        return sum(values.nbytes for values in self.network.state_dict().values())

    def place(self, device: torch.device, precision: str) -> None:
        """Bring the network to a device, and into half precision if that is asked for and pays there.

        Unasked ("auto") that is done only where the engine still finds the same alpha of a trial picture.
        """
        self.network.to(device)
        dtype = precisions.choose_dtype(device, precision)
        if dtype != torch.float32:
            self._narrow(dtype, may_differ=precision == "half")
        self._home = self._at()

    def economise(self, picture_px: int, may_use_cpu: bool) -> str | None:
        """Half precision first, then the processor; see `Engine.economise`."""
        device, dtype = self._at()
        if device.type == "cpu":
            return None
        if dtype == torch.float32:
            self._exact = _in_main_memory(self.network)
            self.network.to(torch.float16)
            return _("Memory was short, so the engine worked in half precision.")
        if not may_use_cpu:
            return None
        self.network.to(PROCESSOR, torch.float32)
        if self._exact:
            self.network.load_state_dict(self._exact, assign=True)
            self._exact = {}
        return _("There was not enough memory on {device}, so the processor did the work.").format(
            device=describe(device)
        )

    def restore(self) -> None:
        """Back to the device and the precision that it was placed in; see `Engine.restore`."""
        now = self._at()
        if now == self._home:
            return
        try:
            with memory_errors():
                self.network.to(*self._home)
        except DeviceError:
            self.network.to(*now)  # some of it may have moved
            raise
        if self._exact:
            self.network.load_state_dict(self._exact)
            self._exact = {}

    def sent(self, planes: Tensor) -> Tensor:
        """An input where the network is, in its precision."""
        return planes.to(*self._at())

    def _at(self) -> tuple[torch.device, torch.dtype]:
        parameter = next(self.network.parameters())
        return parameter.device, parameter.dtype

    def _narrow(self, dtype: torch.dtype, may_differ: bool) -> None:
        full = None if may_differ else precisions.trial_alpha(self)
        exact = {} if may_differ else _in_main_memory(self.network)
        self.network.to(dtype)
        if not may_differ and not precisions.are_alike(full, precisions.trial_alpha(self)):
            self.network.to(torch.float32)
            self.network.load_state_dict(exact)


def _in_main_memory(network: nn.Module) -> dict[str, Tensor]:
    return {name: values.cpu() for name, values in network.state_dict().items()}
