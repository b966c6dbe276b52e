"""The device engines run on: which one, its name in words, its memory, and what running out of it means."""

from __future__ import annotations

import gc
import platform
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import psutil
import torch

from flyaway import memory
from flyaway.errors import DeviceError, DeviceLostError, out_of_memory
from flyaway_client.wording import _

_OUT_OF_MEMORY = ("DefaultCPUAllocator: can't allocate memory", "out of memory")
"""How torch words it where it raises a plain RuntimeError: its allocator for processors, and MPS."""

_OPENCV_OUT_OF_MEMORY = -4
"""cv::Error::StsNoMem, by which OpenCV says it."""


_LOST = ("CUDA error:", "HIP error:", "UR error:", "device lost")
"""How torch words that a driver failed, where it does not raise `torch.AcceleratorError`."""

_is_lost = False
"""Whether a graphics card has failed in this process. A failed CUDA context stays so until the process ends (CUDA's
cudaErrorLaunchFailure: "the process must be terminated and relaunched")."""


def use_threads(count: int) -> None:
    """Let engines use so many threads of the processor."""
    torch.set_num_threads(count)
    cv2.setNumThreads(count)


def choose(setting: str) -> torch.device:
    """The device a setting names, or for "auto" the best this machine has; the processor once a card was lost.

    Raises:
        DeviceError: the named device is not here.
    """
    if _is_lost:
        return torch.device("cpu")
    if setting == "auto":
        return torch.device(_best())
    try:
        device = torch.device(setting)
    except RuntimeError:
        raise DeviceError(
            _(
                'There is no kind of device called {setting!r}. Set device to "auto", "cpu", "cuda", '
                '"xpu" or "mps" in the settings.'
            ).format(setting=setting)
        ) from None
    if not _is_available(device.type) or (device.index or 0) > _last(device.type):
        raise DeviceError(
            _(
                "The device {setting!r} of the settings is not available here; this machine offers "
                '{best!r}. Set device to "auto" to use it.'
            ).format(setting=setting, best=_best())
        )
    return device


def describe(device: torch.device) -> str:
    """A device in words, as a reply names it: "CPU (2 threads)", "CUDA: GeForce RTX 3060"."""
    if device.type == "cpu":
        count = torch.get_num_threads()
        return _("CPU (1 thread)") if count == 1 else _("CPU ({count} threads)").format(count=count)
    if device.type == "cuda":
        kind = "ROCm" if torch.version.hip else "CUDA"
        return f"{kind}: {torch.cuda.get_device_name(device)}"
    if device.type == "xpu":
        return f"XPU: {torch.xpu.get_device_name(device)}"
    return f"{device.type.upper()}: {platform.machine()}"


def free_bytes(device: torch.device) -> int:
    """Memory free on a device now; on a processor what the system could give without swapping."""
    if device.type in ("cuda", "xpu"):
        free, _ = getattr(torch, device.type).mem_get_info(device)
        return int(free)
    return int(psutil.virtual_memory().available)


def held_bytes() -> int:
    """What this process holds of a graphics card now; 0 where there is none, or it does not tell."""
    return sum(int(getattr(torch, kind).memory_allocated()) for kind in _telling())


def forget_peak() -> None:
    """Let `peak_bytes` count from now on."""
    for kind in _telling():
        getattr(torch, kind).reset_peak_memory_stats()


def peak_bytes() -> int:
    """The most that this process has held of a graphics card since `forget_peak`."""
    return sum(int(getattr(torch, kind).max_memory_allocated()) for kind in _telling())


def _telling() -> list[str]:
    """The kinds of graphics cards here whose allocator counts."""
    return [kind for kind in ("cuda", "xpu") if _is_available(kind)]


def release() -> None:
    """Give memory that nothing uses any more back to the device."""
    gc.collect()
    memory.give_back()
    for kind in ("cuda", "xpu", "mps"):
        if _is_available(kind):
            getattr(torch, kind).empty_cache()


@contextmanager
def memory_errors(shortage: DeviceError | None = None) -> Iterator[None]:
    """Turn every way of torch to say that memory has run out, or that the device is gone, into one error of ours.

    Args:
        shortage: the error; by default the one for an image that does not fit.

    Raises:
        DeviceLostError: the device is gone.
        DeviceError: memory has run out.
    """
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise shortage or out_of_memory() from error
    except cv2.error as error:
        if error.code != _OPENCV_OUT_OF_MEMORY:
            raise
        raise shortage or out_of_memory() from error
    except RuntimeError as error:
        if any(words in str(error) for words in _OUT_OF_MEMORY):
            raise shortage or out_of_memory() from error
        if not isinstance(error, torch.AcceleratorError) and not any(
            words in str(error) for words in _LOST
        ):
            raise
        global _is_lost
        _is_lost = True
        raise lost() from error


def is_lost() -> bool:
    """Whether a graphics card has failed in this process, which then uses none."""
    return _is_lost


def lost() -> DeviceLostError:
    """The error for a graphics card that has failed."""
    return DeviceLostError(
        _(
            "The graphics card stopped working. Until Flyaway's daemon is started anew (`flyaway "
            "daemon stop`), the processor does the work; if it happens again, update the card's "
            "driver."
        )
    )


def _best() -> str:
    return next((kind for kind in ("cuda", "xpu", "mps") if _is_available(kind)), "cpu")


def _last(kind: str) -> int:
    """The number of the last device of a kind; they count from 0."""
    if kind not in ("cuda", "xpu"):
        return 0
    return max(0, int(getattr(torch, kind).device_count()) - 1)


def _is_available(kind: str) -> bool:
    if kind == "cpu":
        return True
    if _is_lost:
        return False
    if kind == "mps":
        return torch.backends.mps.is_available()
    return bool(kind in ("cuda", "xpu") and getattr(torch, kind).is_available())
