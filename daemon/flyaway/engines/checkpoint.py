"""Read a checkpoint file into tensors, and fill a network with them strictly.

Safetensors, or pickles (pickles.py): nothing in here can run code that a file brings along, and there is
no way to ask for that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from flyaway.engines import pickles
from flyaway.errors import DamagedWeightsError, WeightsError
from flyaway_client.wording import Text, _

PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""

WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Where training scripts keep the parameters inside their checkpoint."""

OPTIONAL = ("num_batches_tracked", "relative_position_index")
"""Integer buffers that some files carry and no network here reads."""

_NO_MEMORY = "allocate memory"
"""In what torch says where there is none left: that is no fault of the file."""

_DRAWN = (_ConvNd, _NormBase, nn.Linear, nn.LayerNorm, nn.GroupNorm, nn.Embedding)
"""The kinds of layers here that draw numbers when they are made, where they do."""

_DRAW = "reset_parameters"

_drawing = threading.Lock()

NAMED = 3
"""So many tensors an error names before it says how many more there are."""


def read(path: Path, place: str = "cpu") -> dict[str, torch.Tensor]:
    """The tensors of a weights file by their published names.

    Args:
        path: the file.
        place: "cpu" for main memory, "meta" for names, shapes and kinds of number alone.

    Raises:
        WeightsError: the file is missing or cannot be read.
        DamagedWeightsError: it is damaged, of another kind, or holds more than tensors.
        MemoryError, RuntimeError: there is no memory for it; see `device.memory_errors`.
    """
    try:
        content = _content(path, place)
    except FileNotFoundError:
        raise WeightsError(
            _(
                "The weights file {name} is missing. Download it with `flyaway models download`."
            ).format(name=path.name)
        ) from None
    except OSError as error:
        raise WeightsError(
            _("The weights file {name} cannot be read: {error}.").format(
                name=path.name, error=error
            )
        ) from error
    return plain(content, path.name)


def plain(content: object, source: str = "the checkpoint") -> dict[str, torch.Tensor]:
    """Take a checkpoint out of its wrapping: tensors under their names without prefixes.

    Raises:
        DamagedWeightsError: `content` is no mapping of names to tensors.
    """
    for _wrapper in WRAPPERS:  # each once at most: one that holds itself would never end
        content = _unwrapped(content)
    if not isinstance(content, Mapping) or not content:
        raise DamagedWeightsError(
            _("There are no tensors in {source}. Is it a weights file of an engine?").format(
                source=source
            )
        )
    tensors: dict[str, torch.Tensor] = {}
    for name, value in content.items():
        is_tensor = isinstance(value, torch.Tensor) and not value.is_nested
        if not isinstance(name, str) or not is_tensor:
            raise DamagedWeightsError(
                _("{name!r} in {source} is no tensor. Is it a weights file of an engine?").format(
                    name=name, source=source
                )
            )
        bare = _without_prefixes(name)
        if bare in tensors:
            raise DamagedWeightsError(
                _(
                    "{source} holds {bare} twice, under different prefixes. Choose another file."
                ).format(source=source, bare=bare)
            )
        tensors[bare] = value
    return tensors


def build(network: Callable[[], nn.Module]) -> nn.Module:
    """Make a network without memory for its parameters; `fill` brings them."""
    with torch.device("meta"), _undrawn():
        return network()


@contextmanager
def _undrawn() -> Iterator[None]:
    """Layers draw no first numbers when they are made: that takes as long as making them, and none is kept."""
    with _drawing:
        draws = [(kind, vars(kind)[_DRAW]) for kind in _DRAWN]
        try:
            for kind in _DRAWN:
                setattr(kind, _DRAW, _draw_nothing)
            yield
        finally:
            for kind, draw in draws:
                setattr(kind, _DRAW, draw)


def _draw_nothing(layer: nn.Module) -> None:
    """What is put in the place of `_DRAW`."""


def fill(
    network: nn.Module,
    tensors: Mapping[str, torch.Tensor] | None,
    title: str,
    called: Mapping[str, str] | None = None,
    copies: bool = True,
) -> None:
    """Give `network` copies of its parameters in float32, where the tensors are, ready to run.

    Args:
        network: what `build` made.
        tensors: what `read` or `plain` gave.
        title: the engine's name for people.
        called: network's name to file's name, for those tensors that the file calls differently.
        copies: whether to copy them; else it has those of the file, in the file's precision, until it is brought into
            memory. Files are mapped, so that a network larger than the memory's rest can be halved on the way.

    Raises:
        DamagedWeightsError: a tensor is missing, surplus, misshapen or not of floating point; names it.
    """
    if tensors is None:
        raise WeightsError(
            _("{title} needs its weights. Get them with `flyaway models download`.").format(
                title=title
            )
        )
    called = called or {}
    wanted = network.state_dict()
    names = {name: called.get(name, name) for name in wanted if not name.endswith(OPTIONAL)}
    _refuse(
        title, _("it lacks {tensors}"), (file for file in names.values() if file not in tensors)
    )
    known = set(names.values())
    _refuse(
        title,
        _("it has {tensors}"),
        (n for n in tensors if n not in known and not n.endswith(OPTIONAL)),
    )
    misshapen = _("it has the wrong shape or type of {tensors}")
    _refuse(title, misshapen, _misfits(wanted, tensors, names))
    state = {name: tensors[file].detach() for name, file in names.items()}
    if copies:
        state = {name: values.to(torch.float32, copy=True) for name, values in state.items()}
    rest = {n: torch.zeros(t.shape, dtype=t.dtype) for n, t in wanted.items() if n not in names}
    _assign(network, state | rest)
    network.eval()


def _assign(network: nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Give a network what has been checked; `load_state_dict` takes several times as long."""
    modules = dict(network.named_modules(remove_duplicate=False))
    for name, values in state.items():
        path, _dot, own = name.rpartition(".")
        if isinstance(getattr(modules[path], own), nn.Parameter):
            modules[path].register_parameter(own, nn.Parameter(values, requires_grad=False))
        else:
            modules[path].register_buffer(own, values)


def _misfits(
    wanted: Mapping[str, torch.Tensor],
    tensors: Mapping[str, torch.Tensor],
    names: Mapping[str, str],
) -> Iterable[str]:
    for name, file in names.items():
        found, shape = tensors[file], tuple(wanted[name].shape)
        if tuple(found.shape) != shape:
            yield f"{file} ({tuple(found.shape)} instead of {shape})"
        elif not found.is_floating_point() or found.layout != torch.strided:
            yield f"{file} ({found.dtype})"


def _refuse(title: str, fault: Text, culprits: Iterable[str]) -> None:
    found = list(culprits)
    if not found:
        return
    tensors = ", ".join(found[:NAMED])
    if len(found) > NAMED:
        more = _("{tensors} and {count} more")
        tensors = more.format(tensors=tensors, count=len(found) - NAMED)
    raise DamagedWeightsError(
        _(
            "This file is not for {title}: {fault}. Choose the file made for this engine, or download "
            "it again."
        ).format(title=title, fault=fault.format(tensors=tensors))
    )


def _unwrapped(content: object) -> object:
    """What lies under the first wrapper's name; the content itself where there is no wrapper."""
    if not isinstance(content, Mapping):
        return content
    return next((content[k] for k in WRAPPERS if isinstance(content.get(k), Mapping)), content)


def _without_prefixes(name: str) -> str:
    while name.startswith(PREFIXES):
        name = name.split(".", 1)[1]
    return name


def _is_safetensors(path: Path) -> bool:
    """Look at the content: the hub's cache and users rename files. Eight bytes of length, then JSON."""
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{"


def _content(path: Path, place: str) -> object:
    """What a file holds. The readers raise anything at all of a file with a few bytes changed."""
    reader = _read_safetensors if _is_safetensors(path) else pickles.read
    try:
        return reader(path, place)
    except (OSError, DamagedWeightsError):
        raise
    except Exception as error:  # the one edge for readers of strangers' files
        if isinstance(error, MemoryError) or _NO_MEMORY in str(error):
            raise
        raise _damaged(path) from error


def _read_safetensors(path: Path, place: str) -> dict[str, torch.Tensor]:
    with safe_open(path, framework="pt", device="cpu") as file:
        if place == "meta":  # which safetensors does not know
            return {name: _outline(file.get_slice(name)) for name in file.keys()}  # noqa: SIM118
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping


def _outline(tensor: Any) -> torch.Tensor:
    """A tensor of a safetensors file without its numbers."""
    is_floating_point = tensor.get_dtype().startswith(("F", "BF"))
    dtype = torch.float32 if is_floating_point else torch.int64
    return torch.empty(tensor.get_shape(), dtype=dtype, device="meta")


def _damaged(path: Path) -> DamagedWeightsError:
    return DamagedWeightsError(
        _(
            "{name} is damaged or no weights file. Download it again, or choose another file."
        ).format(name=path.name)
    )
