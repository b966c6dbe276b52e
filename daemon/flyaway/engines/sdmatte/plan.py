"""How large a network a file holds: its stages, widths and layers, told from names and shapes. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Shapes = Mapping[str, tuple[int, ...]]
"""Of a file's tensors, by published name."""


@dataclass(frozen=True, slots=True)
class Words:
    """The text encoder: how many words it knows, its width, that of its inner layers, and how many of them."""

    vocabulary: int = 49408
    width: int = 1024
    inner: int = 4096
    layers: int = 23
    length: int = 77


@dataclass(frozen=True, slots=True)
class Codec:
    """What makes latents of pictures and back: Stable Diffusion's, or TAESD.

    Attributes:
        widths: channels of each stage.
        layers: blocks a stage when encoding; one more when decoding.
        is_tiny: whether it is TAESD, of which there is one size.
    """

    widths: tuple[int, ...] = (128, 256, 512, 512)
    layers: int = 2
    is_tiny: bool = False


@dataclass(frozen=True, slots=True)
class Stages:
    """The network between latents.

    Attributes:
        widths: channels of each stage.
        layers: blocks a stage on the way down; one more on the way up.
        attending: so many of the stages, the largest pictures first, have attention.
        has_middle: whether there is a block between the two ways.
    """

    widths: tuple[int, ...] = (320, 640, 1280, 1280)
    layers: int = 2
    attending: int = 3
    has_middle: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a network is built from."""

    words: Words = Words()
    codec: Codec = Codec()
    stages: Stages = Stages()


FULL = Plan()
"""SDMatte: Stable Diffusion 2 with a second picture beside the first."""

LITE = Plan(codec=Codec(is_tiny=True), stages=Stages(layers=1))
"""LiteSDMatte as far as its authors tell: TAESD, and the network of BK-SDM's base size."""


def of(shapes: Shapes, usual: Plan) -> Plan:
    """The plan of a file; where it does not say something, that of `usual`, so that what lacks is told by name."""
    return Plan(_words(shapes, usual.words), _codec(shapes, usual.codec), _stages(shapes, usual))


def _words(shapes: Shapes, usual: Words) -> Words:
    text = "text_encoder.text_model"
    known = _shape(shapes, f"{text}.embeddings.token_embedding.weight", 2)
    places = _shape(shapes, f"{text}.embeddings.position_embedding.weight", 2)
    inner = _shape(shapes, f"{text}.encoder.layers.0.mlp.fc1.weight", 2)
    layers = _count(shapes, f"{text}.encoder.layers.{{}}.layer_norm1.weight")
    if not (known and places and inner and layers):
        return usual
    return Words(known[0], known[1], inner[0], layers, places[0])


def _codec(shapes: Shapes, usual: Codec) -> Codec:
    if usual.is_tiny:
        return usual
    encoder = "vae.encoder.down_blocks.{}.resnets.0.conv1.weight"
    widths = _widths(shapes, encoder)
    layers = _count(shapes, "vae.encoder.down_blocks.0.resnets.{}.conv1.weight")
    return Codec(widths, layers) if widths and layers else usual


def _stages(shapes: Shapes, usual: Plan) -> Stages:
    down = "unet.down_blocks"
    widths = _widths(shapes, f"{down}.{{}}.resnets.0.conv1.weight")
    layers = _count(shapes, f"{down}.0.resnets.{{}}.conv1.weight")
    if not widths or not layers:
        return usual.stages
    attending = _count(shapes, f"{down}.{{}}.attentions.0.proj_in.weight")
    has_middle = "unet.mid_block.resnets.0.conv1.weight" in shapes
    return Stages(widths, layers, attending, has_middle)


def _widths(shapes: Shapes, pattern: str) -> tuple[int, ...]:
    count = _count(shapes, pattern)
    return tuple(shapes[pattern.format(index)][0] for index in range(count))


def _count(shapes: Shapes, pattern: str) -> int:
    """How many tensors there are of that name, numbered from 0, each with something in it."""
    count = 0
    while all(shapes.get(pattern.format(count), ())) and pattern.format(count) in shapes:
        count += 1
    return count


def _shape(shapes: Shapes, name: str, axes: int) -> tuple[int, ...]:
    """Of a tensor with so many axes, none of them empty; nothing where there is no such tensor."""
    shape = shapes.get(name, ())
    return shape if len(shape) == axes and all(shape) else ()
