"""What all networks share that find what the user points at: an image is seen once, each click is answered at once.

A click is asked about twice: what is meant by it gives a box, a point deep inside and a first mask, which make
of one click what three would.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn

from flyaway.engines import candidates, pixels, progress
from flyaway.engines.candidates import Ask, Mask
from flyaway.engines.contract import (
    Candidate,
    Extraction,
    Inputs,
    Point,
    PointingEngine,
    Prompts,
    Report,
    silent,
)
from flyaway.engines.layers.mask_decoder import MaskDecoder
from flyaway.engines.layers.prompt_encoder import (
    KEEP,
    LOWER_RIGHT,
    PADDING,
    REMOVE,
    UPPER_LEFT,
    PromptEncoder,
)
from flyaway.engines.network import NetworkEngine
from flyaway.errors import RequestError
from flyaway.images.arrays import Alpha, Image
from flyaway.images.rectangles import Window
from flyaway_client.wording import _

SIDE_PX = 1024
"""Of the square that the networks were trained to see."""

SMALL_PX = 512
"""Longer side of a candidate's mask: twice what networks make, enough to be shown over a picture."""

_ENCODED = 0.95
"""How far `extract` is once the image is seen."""

Size = tuple[int, int]
"""Height and width."""


class PromptedNetwork(Protocol):
    """The parts of a network that answer prompts."""

    @property
    def prompts(self) -> PromptEncoder:
        """Makes tokens of points."""

    @property
    def decoder(self) -> MaskDecoder:
        """Makes masks of tokens."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """What a network has made of an image, in main memory and full precision.

    Attributes:
        size: of the image.
        map: 1x256xhxw, for the decoder.
        finer: maps of more detail, where the network has them.
    """

    size: Size
    map: Tensor
    finer: tuple[Tensor, ...] = ()

    @property
    def nbytes(self) -> int:
        """What it takes in memory."""
        return sum(tensor.nbytes for tensor in (self.map, *self.finer))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the decoder made of a batch of questions.

    Attributes:
        logits: Nx4xhxw, float32; the first is for several prompts, the others for a click's meanings.
        fits: Nx4, how well each is thought to fit.
    """

    logits: Tensor
    fits: Tensor

    def __getitem__(self, plane: slice) -> Answer:
        """Some of the four planes."""
        return Answer(self.logits[:, plane], self.fits[:, plane])


class PromptedEngine(NetworkEngine[Embedding], PointingEngine[Embedding]):
    """A network of an encoder, which runs once an image, and a decoder, which runs for each question.

    Args:
        network: with `prompts` and `decoder`, see `PromptedNetwork`.
        steps: the encoder's parts whose end counts as a step.

    Attributes:
        side_px: of the square that the encoder sees.
    """

    pads_boxes = False
    """Whether a padding token goes with a box too."""

    def __init__(self, network: nn.Module, *steps: type[nn.Module]) -> None:
        super().__init__(network, *steps)
        self.side_px = SIDE_PX

    @abstractmethod
    def shown(self, image: Image) -> Tensor:
        """What the encoder sees of an image: 1x3xsidexside float32 in main memory."""

    @abstractmethod
    def embedded(self, planes: Tensor, size: Size) -> Embedding:
        """What the encoder makes of that."""

    @abstractmethod
    def scale(self, size: Size) -> tuple[float, float]:
        """Pixels of the square for one of an image of this size, across and down."""

    @abstractmethod
    def enlarged(self, logits: Tensor, size: Size, target: Size) -> Tensor:
        """Logits Nx1xhxw of an image of a size, brought to another of its shape: Nx1xHxW."""

    def single(self, answer: Answer) -> Answer:
        """The one mask, Nx1xhxw, for prompts that mean one thing."""
        return answer[slice(0, 1)]

    def fed_back(self, logits: Tensor) -> Tensor:
        """A mask's logits as they go with a second question."""
        return logits

    def encode(self, image: Image, report: Report = silent) -> Embedding:
        """See the image; see `Engine.encode`."""
        with torch.inference_mode(), progress.reporting(report, self.steps, 0.0, _ENCODED):
            planes = self.shown(image)
            progress.check()
            seen = self.embedded(self.sent(planes), (image.shape[0], image.shape[1]))
            maps = [each.float().cpu() for each in (seen.map, *seen.finer)]
            return Embedding(seen.size, maps[0], tuple(maps[1:]))

    def kept_bytes(self, features: Embedding) -> int:
        """That of its maps."""
        return features.nbytes

    def solve(
        self,
        features: Embedding,
        inputs: Inputs,
        window: Window | None = None,
        report: Report = silent,
    ) -> Extraction:
        """The mask that was meant, with the network's own soft edge; see `Engine.solve`."""
        if inputs.prompts is None:
            raise RequestError(_("Point at the subject: a click on it, or a box around it."))
        with torch.inference_mode(), progress.reporting(report, 1, _ENCODED, 1.0):
            logits, found, chosen = self._found(features, inputs.prompts)
            if not found:
                return Extraction(self._known(np.zeros(features.size, np.float32), inputs, window))
            whole = self.enlarged(logits[chosen : chosen + 1], features.size, features.size)
            alpha = pixels.to_alpha(whole.sigmoid_())
        score = found[chosen].score
        return Extraction(self._known(alpha, inputs, window), confidence=score)

    def candidates(
        self, features: Embedding, prompts: Prompts, report: Report = silent
    ) -> tuple[Candidate, ...]:
        """See `PointingEngine.candidates`."""
        with torch.inference_mode(), progress.reporting(report, 1):
            return self._found(features, prompts)[1]

    def answer(self, features: Embedding, questions: Sequence[Ask], mask: Tensor | None) -> Answer:
        """Run the decoder on questions with equally many points each.

        Args:
            features: of the image.
            questions: in pixels of the image.
            mask: Nx1xhxw, logits of what is known of each before; None for nothing.
        """
        net = cast(PromptedNetwork, self.network)
        device, dtype = self._at()
        points, kinds = self._points(questions, features.size)
        tokens = net.prompts.tokens(points.to(device), kinds.to(device), self.side_px)
        known = net.prompts.map(None if mask is None else mask.to(device, dtype))
        image = features.map.to(device, dtype)
        logits, fits = net.decoder(
            (image + known).expand(len(questions), -1, -1, -1),
            net.prompts.grid(*image.shape[2:]),
            tokens,
            tuple(each.to(device, dtype) for each in features.finer),
        )
        return Answer(logits.float().cpu(), fits.float().cpu())

    def _known(self, alpha: Alpha, inputs: Inputs, window: Window | None) -> Alpha:
        """An alpha with what is known put over it; of the window."""
        if inputs.region is not None:
            alpha[~inputs.region] = 0
        pixels.keep_known(alpha, inputs.trimap)
        return alpha if window is None else alpha[window].copy()

    def _found(
        self, features: Embedding, prompts: Prompts
    ) -> tuple[Tensor, tuple[Candidate, ...], int]:
        """Logits Nx1xhxw of the candidates, these, and which one of them is meant."""
        questions = list(candidates.asks(prompts))
        if prompts.is_ambiguous:
            first = self.answer(features, questions, None)[slice(1, None)]
            progress.check()
            logits, fits = first.logits[0][:, None], first.fits[0].tolist()
        else:
            answers = [self.single(self.answer(features, [each], None)) for each in questions]
            logits = torch.cat([each.logits for each in answers]).amax(0, keepdim=True)
            fits = [min(float(each.fits) for each in answers)]
        small = self._small(logits, features.size)
        kept = list(candidates.told_apart(small, fits))
        logits = logits[kept]
        found = candidates.named([small[i] for i in kept], [fits[i] for i in kept])
        if not found:
            return logits, (), 0
        meant = candidates.meant(found, prompts.size)
        if prompts.is_ambiguous:
            better = self._looked_again(features, prompts.keep[0], logits[meant], found[meant])
            logits[meant], looked_at = better
            found = (*found[:meant], looked_at, *found[meant + 1 :])
        return logits, found, meant

    def _looked_again(
        self, features: Embedding, click: Point, logits: Tensor, first: Candidate
    ) -> tuple[Tensor, Candidate]:
        """A candidate of one click after a second look; the first one stays where that shows something else."""
        shown = first.mask >= 0.5
        question = _second(shown, click, features.size)
        answer = self.single(self.answer(features, [question], self.fed_back(logits[None])))
        mask = self._small(answer.logits, features.size)[0]
        if candidates.overlap(shown, mask >= 0.5) < candidates.SAME_THING:
            return logits, first
        (second,) = candidates.named([mask], [float(answer.fits)])
        return answer.logits[0], replace(second, size=first.size)

    def _points(self, questions: Sequence[Ask], size: Size) -> tuple[Tensor, Tensor]:
        """Points in the square that the encoder sees, NxKx2 float32, and their kinds, NxK."""
        places: list[list[tuple[float, float]]] = []
        kinds: list[list[int]] = []
        for question in questions:
            box = question.box
            corners = [] if box is None else [box[:2], box[2:]]
            clicks = [*question.keep, *question.remove]
            has_padding = bool(clicks or corners) and (self.pads_boxes or not corners)
            padding = [(0.0, 0.0)] * has_padding
            places.append([*clicks, *corners, *padding])
            kinds.append(
                [KEEP] * len(question.keep)
                + [REMOVE] * len(question.remove)
                + [UPPER_LEFT, LOWER_RIGHT][: len(corners)]
                + [PADDING] * len(padding)
            )
        shape = (len(places), -1, 2) if places[0] else (len(places), 0, 2)
        in_square = np.array(places, np.float64).reshape(shape) * self.scale(size)
        return torch.from_numpy(in_square.astype(np.float32)), torch.tensor(kinds, dtype=torch.long)

    def _small(self, logits: Tensor, size: Size) -> list[Alpha]:
        """Masks hxw 0..1 of logits Nx1xhxw, the whole image at `SMALL_PX`."""
        share = min(1.0, SMALL_PX / max(size))
        target = tuple(max(1, round(side * share)) for side in size)
        whole = self.enlarged(logits, size, cast(Size, target)).sigmoid()
        return [pixels.to_alpha(each[None]) for each in whole]


def _second(mask: Mask, click: Point, size: Size) -> Ask:
    """The second question about what a click has shown, in the image's pixels; the click stays what it was."""
    per_px = np.array([size[1] / mask.shape[1], size[0] / mask.shape[0]])
    x, y = ((np.array(click) + 0.5) / per_px - 0.5).tolist()
    again = candidates.again(mask, (x, y))
    corners = ((np.array(again.box).reshape(2, 2) + 0.5) * per_px - 0.5).tolist()
    deepest = ((np.array(again.keep[1]) + 0.5) * per_px - 0.5).tolist()
    return Ask((click, (deepest[0], deepest[1])), box=(*corners[0], *corners[1]))
