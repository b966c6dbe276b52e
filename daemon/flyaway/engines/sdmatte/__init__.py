"""SDMatte: glass, veils and fine hair, from a trimap, a box, points, a rough region or nothing. Known before it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Job, Role, WeightsRecord
from flyaway.engines.sdmatte import plan
from flyaway.engines.sdmatte.plan import FULL, LITE, Plan
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.sdmatte.engine import SDMatteEngine

_LICENCE = _(
    "MIT for the code, not stated for the weights; made from Stable Diffusion 2 (CreativeML Open RAIL++-M)"
)


def _record(
    name: str,
    title: str,
    purpose: str,
    ranks: Mapping[Role, int],
    weights: WeightsRecord,
) -> EngineRecord:
    accepts = {Input.REGION, Input.PROMPTS, Input.TRANSPARENT}
    return EngineRecord(
        name=name,
        family="sdmatte",
        title=title,
        purpose=purpose,
        ranks=ranks,
        accepts=frozenset(accepts | ({Input.TRIMAP} if Role.SOLVE in ranks else set())),
        suits=frozenset({Job.FINE_HAIR}) if Role.SOLVE in ranks else frozenset(),
        licence=_LICENCE,
        licence_url="https://github.com/vivoCameraResearch/SDMatte/blob/main/LICENSE",
        paid_work=None,
        training=training.SCENES_OF_MANY if name == "sdmatte-plus" else training.GLASS_OF_MANY,
        weights=weights,
        has_soft_edges=True,
        sees_px=1024,
        loaded_bytes=_LOADED_BYTES[name],
    )


def _everything(place: int) -> Mapping[Role, int]:
    """Its place behind networks that are many times as fast, and where a brush waits for an edge behind all others."""
    return {Role.FIND: 180 + place, Role.SOLVE: 20_000 + place, Role.POINT: 100 + place}


_LOADED_BYTES = {
    "sdmatte": 7_500_000_000,
    "sdmatte-plus": 7_500_000_000,
    "sdmatte-lite": 3_500_000_000,
}
"""The network in single precision (3.8 and 2.3 GB), and reckoned what a look at a picture takes."""

RECORDS = (
    _record(
        "sdmatte",
        "SDMatte",
        _(
            "Glass, veils and fine hair, pointed at, in a selection or by itself; wants a strong graphics card."
        ),
        _everything(0),
        # its authors' file holds what their training would go on with; 43 % are the network
        WeightsRecord("LongfeiHuang/SDMatte", "main", "SDMatte.pth", 12_170_000_000, ""),
    ),
    _record(
        "sdmatte-plus",
        "SDMatte*",
        _(
            "Glass, veils and fine hair in a box, trained on more everyday scenes; wants a strong graphics card."
        ),
        {role: rank for role, rank in _everything(1).items() if role != Role.SOLVE},
        WeightsRecord("LongfeiHuang/SDMatte", "main", "SDMatte_plus.pth", 12_170_000_000, ""),
    ),
    _record(
        "sdmatte-lite",
        "LiteSDMatte",
        _("Glass, veils and hair, pointed at, in a selection or by itself; the lighter one."),
        _everything(2),
        # nobody tells its size: this is that of BK-SDM's base network, with as much for training
        WeightsRecord("LongfeiHuang/LiteSDMatte", "main", "LiteSDMatte.pth", 8_320_000_000, ""),
    ),
)

_TEXT = "text_encoder."
"""How the names of the text encoder begin."""

BOXES_ONLY = frozenset({"sdmatte-plus"})
"""Those that were made for boxes alone, as their authors say (their issue 1)."""

FOR_TRAINING = "trainer."
"""How names of a file begin that belong to training; where they were written with the network's, they are no use here."""


def usual(record: EngineRecord) -> Plan:
    """How an engine's network is built where its file does not say otherwise."""
    return LITE if record.name == "sdmatte-lite" else FULL


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> SDMatteEngine:
    """Build the engine from the tensors of its checkpoint, which it goes on using until it is placed."""
    from flyaway.engines import checkpoint
    from flyaway.engines.sdmatte.engine import SDMatteEngine
    from flyaway.engines.sdmatte.network import SDMatte
    from flyaway.engines.sdmatte.words import TextEncoder

    found = {n: t for n, t in (tensors or {}).items() if not n.startswith(FOR_TRAINING)}
    shapes = {name: tuple(values.shape) for name, values in found.items()}
    size = plan.of(shapes, usual(record))
    text = {name: values for name, values in found.items() if name.startswith(_TEXT)}
    rest = {name: values for name, values in found.items() if name not in text}
    network = cast(SDMatte, checkpoint.build(lambda: SDMatte(size)))
    checkpoint.fill(network, rest if tensors else None, record.title, copies=False)
    encoder = cast(TextEncoder, checkpoint.build(lambda: TextEncoder(size.words)))
    names = {name: f"{_TEXT}{name}" for name in encoder.state_dict()}
    checkpoint.fill(encoder, text, record.title, names, copies=False)
    network.words = encoder.float().of_nothing()
    return SDMatteEngine(network, record.title, record.name in BOXES_ONLY)
