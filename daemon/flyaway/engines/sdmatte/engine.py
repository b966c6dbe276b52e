"""SDMatte at work: what it is shown of a picture and of what the user gave, and what comes of that."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from flyaway.engines import automatic, pixels, precision, progress
from flyaway.engines.candidates import box_of
from flyaway.engines.contract import Candidate, Extraction, Inputs, PointingEngine, Prompts, Report
from flyaway.engines.contract import silent as nobody
from flyaway.engines.memo import Memo
from flyaway.engines.network import PROCESSOR, NetworkEngine
from flyaway.engines.pointing import SMALL_PX
from flyaway.engines.sdmatte import halves, prompting
from flyaway.engines.sdmatte.blocks import Residual, Transformer
from flyaway.engines.sdmatte.codec import TinyBlock
from flyaway.engines.sdmatte.network import SDMatte
from flyaway.engines.sdmatte.prompting import MOST_POINTS, Prompt
from flyaway.errors import RequestError
from flyaway.images import rectangles
from flyaway.images.arrays import BACKGROUND, FOREGROUND, Alpha, Image
from flyaway.images.rectangles import Window
from flyaway_client.wording import _

SIDE_PX = 1024
"""Of the square that everything is shown in, its aspect ratio notwithstanding; upstream tests at that."""

CONTEXT_PX = 256
"""What is shown around a window that was asked for, at least."""

LATENTS_BYTES = 8 << 20
"""For the latents of windows of a picture: 32 of them."""

_STEPS = Residual, Transformer, TinyBlock

_BESIDE = _(
    "{title} makes nothing of clicks beside the subject; draw a box around it to keep the rest out."
)

_POINT = _("Point at the subject: a click on it, or a box around it.")

_TOO_MANY = _("{title} looks at the first {count} clicks.")

_DRAW = _("{title} was made for boxes. Draw one around the subject, or choose SDMatte.")


@dataclass(frozen=True, slots=True)
class Looks:
    """An image, and the latents of those windows of it that the network has seen.

    Attributes:
        image: HxWx3.
        latents: window (first and last row, first and last column) to 1x4xhxw float32 in main memory.
    """

    image: Image
    latents: Memo[Tensor] = field(default_factory=lambda: Memo(LATENTS_BYTES))


class SDMatteEngine(NetworkEngine[Looks], PointingEngine[Looks]):
    """A loaded SDMatte or LiteSDMatte.

    Args:
        network: with its parameters, which may still be those of the file: `place` brings them into memory.
        title: for people.
        boxes_only: whether it was made for boxes alone; all else is then brought to a box.

    Attributes:
        side_px: of the square that it sees, a multiple of 64.
    """

    network: SDMatte

    def __init__(self, network: SDMatte, title: str, boxes_only: bool = False) -> None:
        super().__init__(network, *_STEPS)
        self.title = title
        self.boxes_only = boxes_only
        self.side_px = SIDE_PX
        encoder = network.vae.encoder
        self._encoding = sum(isinstance(each, _STEPS) for each in encoder.modules())

    def place(self, device: torch.device, precision_wanted: str) -> None:
        """Bring it to a device; see `NetworkEngine.place`.

        Asked for half precision, it never is in memory in full. Where a processor does not gain by that in time, it
        computes in full precision on parameters that are kept in half.
        """
        is_kept = False
        dtype = torch.float32
        if precision_wanted == "half":
            dtype = precision.choose_dtype(device, precision_wanted)
            is_kept = dtype == torch.float32 and device.type == "cpu"
        _take(self.network, torch.float16 if is_kept else dtype)
        if is_kept:
            halves.keep(self.network)
            self._home = self._at()
            return
        super().place(device, precision_wanted)

    def sent(self, planes: Tensor) -> Tensor:
        """An input where the network is; a processor may compute in full precision on halves."""
        device, dtype = self._at()
        is_kept = device == PROCESSOR and dtype == torch.float16
        return planes.to(device, torch.float32 if is_kept else dtype)

    def encode(self, image: Image, report: Report = nobody) -> Looks:
        """Keep the image; which part of it is seen depends on what is asked."""
        return Looks(image)

    def kept_bytes(self, features: Looks) -> int:
        """That of the latents."""
        return features.latents.nbytes

    def solve(
        self,
        features: Looks,
        inputs: Inputs,
        window: Window | None = None,
        report: Report = nobody,
    ) -> Extraction:
        """Find or solve the subject; see `Engine.solve`.

        Of what was given the most telling is shown: a trimap, boxes, points, a rough region; else nothing.
        """
        shape = features.image.shape[:2]
        window = window or rectangles.whole(shape)
        known = inputs.trimap
        if known is not None and not _is_open(known[window]):
            return Extraction((known[window] == FOREGROUND).astype(np.float32))
        view = rectangles.whole(shape) if known is None else self._view(window, shape)
        size = view[0].stop - view[0].start, view[1].stop - view[1].start
        alpha = self._seen(features, inputs, view, report)
        alpha = np.asarray(pixels.resized_plainly(alpha, *size), np.float32)
        inner = rectangles.inside(window, view)
        alpha = np.ascontiguousarray(alpha[inner])
        if inputs.region is not None:
            alpha[~inputs.region[window]] = 0
        pixels.keep_known(alpha, None if known is None else known[window])
        return Extraction(
            alpha,
            confidence=None if known is not None else automatic.confidence(alpha),
            notes=self._remarks(inputs),
            spread=max(1.0, *(side / self.side_px for side in size)),
        )

    def candidates(
        self, features: Looks, prompts: Prompts, report: Report = nobody
    ) -> tuple[Candidate, ...]:
        """The one subject that it finds; see `PointingEngine.candidates`."""
        alpha = self._seen(
            features, Inputs(prompts=prompts), rectangles.whole(features.image.shape), report
        )
        if not (alpha >= 0.5).any():
            return ()
        height, width = features.image.shape[:2]
        share = min(1.0, SMALL_PX / max(height, width))
        size = max(1, round(height * share)), max(1, round(width * share))
        small = np.asarray(pixels.resized_plainly(alpha, *size), np.float32)
        return (Candidate(small, automatic.confidence(alpha), "object"),)

    def _remarks(self, inputs: Inputs) -> tuple[str, ...]:
        """What was given and could not be made use of."""
        clicks = inputs.prompts
        if inputs.trimap is not None or clicks is None:
            return ()
        notes = []
        if clicks.remove:
            notes.append(_BESIDE.format(title=self.title))
        if len(clicks.keep) > MOST_POINTS and not clicks.boxes:
            notes.append(_TOO_MANY.format(title=self.title, count=MOST_POINTS))
        return tuple(notes)

    def _view(self, window: Window, shape: tuple[int, ...]) -> Window:
        """What is shown for a window: that with its context, as much as fits without losing detail."""
        least = [max(CONTEXT_PX, (self.side_px - _length(span)) // 2) for span in window]
        rows = rectangles.grown(window, least[0], shape)[0]
        columns = rectangles.grown(window, least[1], shape)[1]
        return rows, columns

    def _seen(self, looks: Looks, inputs: Inputs, view: Window, report: Report) -> Alpha:
        """The network's own alpha of a view, a square of `side_px`."""
        prompt = self._prompt(inputs, view, looks.image.shape)
        rows, columns = view
        key = rows.start, rows.stop, columns.start, columns.stop
        steps = self.steps + (0 if key in looks.latents else self._encoding)
        with torch.inference_mode(), progress.reporting(report, steps):
            latents = looks.latents.get(key, lambda: self._latents(looks.image[view]))
            alpha = self.network(self.sent(latents), prompt, inputs.transparent is None)
            return pixels.to_alpha(alpha)

    def _latents(self, image: Image) -> Tensor:
        shown: Tensor = self.network.encode(self.sent(self.shown(image)))
        return shown.float().cpu()

    def shown(self, image: Image) -> Tensor:
        """What it sees of an image: 1x3xSxS float32, -1..1."""
        return pixels.sampled_bilinear(image, self.side_px, self.side_px) * 2 - 1

    def _prompt(self, inputs: Inputs, view: Window, shape: tuple[int, ...]) -> Prompt:
        size = self.side_px
        if inputs.trimap is not None:
            return prompting.of_trimap(inputs.trimap[view], size)
        prompts = inputs.prompts
        if prompts is not None:
            height, width = shape[:2]
            if prompts.boxes:
                return prompting.of_boxes(prompts.boxes, height, width, size)
            if not prompts.keep:
                raise RequestError(_POINT)
            if self.boxes_only:
                raise RequestError(_DRAW.format(title=self.title))
            return prompting.of_points(prompts.keep, height, width, size)
        region = inputs.region
        if region is None:
            return prompting.nothing(size)
        if self.boxes_only and region.any():
            return prompting.of_boxes([box_of(region)], region.shape[0], region.shape[1], size)
        return prompting.of_mask(region, size)


def _take(network: SDMatte, dtype: torch.dtype) -> None:
    """Bring the file's numbers into memory, one tensor after the other, in a precision."""
    for parameter in network.parameters():
        parameter.data = parameter.data.to(dtype, copy=True)
    network.words = network.words.to(dtype)


def _is_open(trimap: np.ndarray) -> bool:
    return bool(((trimap != BACKGROUND) & (trimap != FOREGROUND)).any())


def _length(span: slice) -> int:
    return int(span.stop - span.start)
