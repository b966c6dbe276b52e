"""What stands in for the packages that the authors' modules import and inference never calls."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

Run = Callable[..., torch.Tensor]
"""How a network is called for alpha or logits."""


def imported(checkout: Path, name: str) -> Any:
    """Their module of that name, found from a checkout."""
    if not checkout.is_dir():
        raise SystemExit(f"there is no {checkout}; clone the authors' repository there")
    sys.path.insert(0, str(checkout))
    return importlib.import_module(name)


def stub(name: str, **content: object) -> types.ModuleType:
    """Put a made-up module where theirs will look for the real one."""
    module = types.ModuleType(name)
    vars(module).update(content)
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], child, module)
    return module


def everything(name: str) -> types.ModuleType:
    """A made-up module that has anything one asks for: what can be called and does nothing."""
    module = stub(name, __all__=[])
    module.__getattr__ = lambda _: lambda *_, **__: None  # type: ignore[method-assign]
    return module
