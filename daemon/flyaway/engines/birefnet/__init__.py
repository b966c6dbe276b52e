"""BiRefNet: finds any subject without a trimap. What is known of it before it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Job, Role, Training, WeightsRecord
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.birefnet.engine import BiRefNetEngine

SWIN_L_FP32, SWIN_L_FP16 = 884_878_856, 444_473_596
SWIN_T_FP32, SWIN_T_FP16 = 177_634_392, 88_965_896


def _training(name: str) -> Training:
    if name == "portrait":
        return training.UNTOLD_PORTRAITS
    return training.MATTES_OF_MANY if "matting" in name else training.DIS5K_AND_OTHERS


def _record(
    name: str,
    title: str,
    rank: int,
    purpose: str,
    repository: str,
    revision: str,
    size: int,
    sha256: str = "",
    also_called: tuple[str, ...] = (),
) -> EngineRecord:
    return EngineRecord(
        name=f"birefnet-{name}",
        family="birefnet",
        title=f"BiRefNet {title}",
        purpose=purpose,
        ranks={Role.FIND: rank},
        accepts=frozenset({Input.TRIMAP, Input.REGION}),
        suits=frozenset({Job.PORTRAIT if name == "portrait" else Job.ANY_SUBJECT}),
        licence="MIT",
        licence_url="https://github.com/ZhengPeng7/BiRefNet/blob/main/LICENSE",
        paid_work=True,
        training=_training(name),
        weights=WeightsRecord(
            f"ZhengPeng7/{repository}", revision, "model.safetensors", size, sha256
        ),
        also_called=also_called,
        has_soft_edges="matting" in name or name == "portrait",
    )


RECORDS = (
    _record(
        "general",
        "General",
        50,
        _("Finds any subject by itself; firm edges. Seen at 1024 pixels."),
        "BiRefNet",
        "e2bf8e4460fc8fa32bba5ea4d94b3233d367b0e4",
        SWIN_L_FP16,
        "9ab37426bf4de0567af6b5d21b16151357149139362e6e8992021b8ce356a154",
    ),
    _record(
        "lite",
        "Lite",
        80,
        _("Finds any subject by itself; the small one for computers without a graphics card."),
        "BiRefNet_lite",
        "aa62cd87eafb9cc43056d08ef3615a14628b831d",
        SWIN_T_FP32,
        "4417d89795250e698c3cb0ae8df15743810065f646f48a694fdfa7ca052d0815",
        also_called=("BiRefNet-general-bb_swin_v1_tiny",),
    ),
    _record(
        "lite-2k",
        "Lite 2K",
        90,
        _("The small one for landscape photos with fine parts, seen at 2560×1440 pixels."),
        "BiRefNet_lite-2K",
        "67d658fa863b1e716c3854270645e68860007d0e",
        SWIN_T_FP32,
        also_called=("BiRefNet_lite-general-2K",),
    ),
    _record(
        "matting",
        "Matting",
        10,
        _("Finds any subject by itself, with soft edges for hair and fur."),
        "BiRefNet-matting",
        "eccde0a8cbdce7ac5fecfeb06340fe7b949e85d9",
        SWIN_L_FP32,
        "a9875de5b1e6c8eb5fdaa8c727a82927ce442cdc87ba3abee6a77e6fa46c25bb",
    ),
    _record(
        "lite-matting",
        "Lite Matting",
        40,
        _("Soft edges for hair and fur from the small network."),
        "BiRefNet_lite-matting",
        "99c33412e3f58e1f33187abdc8c435c645243690",
        SWIN_T_FP16,
        "ce8bcfc045e336322c0424a5863dcfb7e9ce8fed0a5fd4d1b2b20adf12d97243",
    ),
    _record(
        "portrait",
        "Portrait",
        100,
        _("Finds people by itself, with soft edges for hair."),
        "BiRefNet-portrait",
        "ecdeb6240ef23557dbd48ff27c59c1a88cbcb755",
        SWIN_L_FP32,
    ),
    _record(
        "hr",
        "HR",
        70,
        _("Finds any subject with thin parts; seen at 2048 pixels, wants a strong graphics card."),
        "BiRefNet_HR",
        "a7a562f6fd16021180f2f4348f4de003a2d3d1e1",
        SWIN_L_FP16,
        "9d678bafec0b0019fbb073b7fd02f05ede25dc4b15254f23b2fb0be333200c0d",
    ),
    _record(
        "hr-matting",
        "HR Matting",
        30,
        _("The finest automatic hair and fur; seen at 2048 pixels, wants a strong graphics card."),
        "BiRefNet_HR-matting",
        "5d6b6f8adcb5b417c871b1d84ceaae9871355b7f",
        SWIN_L_FP16,
        "a5a4de698739ea5e0e8bbab28e1b293dde95092b87a442d566cbc585c53cef55",
    ),
    _record(
        "dynamic",
        "Dynamic",
        60,
        _("Finds any subject at the photo's own size and shape, up to 2304 pixels."),
        "BiRefNet_dynamic",
        "280306042f57b7a33854319da62fd86aaa89ec4c",
        SWIN_L_FP16,
        "e3d2e4884e51ff30f0cd630edc6b1e41b06b7f23a0a2a5169f7b7cb33a711c2d",
    ),
    _record(
        "dynamic-matting",
        "Dynamic Matting",
        20,
        _("Soft edges at the photo's own size and shape, up to 2304 pixels."),
        "BiRefNet_dynamic-matting",
        "074df545be87034e74a96bf71566ecbbc4c15f0a",
        SWIN_L_FP16,
    ),
    _record(
        "512",
        "512",
        110,
        _("Finds any subject fast, seen at 512 pixels; for small pictures and quick looks."),
        "BiRefNet_512x512",
        "main",
        SWIN_L_FP16,
        also_called=("BiRefNet-general-resolution_512x512",),
    ),
    replace(
        _record(
            "rmbg-2",
            "RMBG-2.0",
            105,
            _("Finds any subject by itself; firm edges."),
            "",
            "main",
            SWIN_L_FP32,
            also_called=("RMBG-2.0",),
        ),
        title="RMBG-2.0",
        licence="CC BY-NC 4.0",
        licence_url="https://huggingface.co/briaai/RMBG-2.0",
        paid_work=False,
        training=training.LICENSED,
        # the hub hands it only to those who have agreed to its terms there
        weights=WeightsRecord(
            "",
            "main",
            "model.safetensors",
            SWIN_L_FP32,
            "",
            page="https://huggingface.co/briaai/RMBG-2.0",
        ),
    ),
    replace(
        _record(
            "toonout",
            "ToonOut",
            240,
            _("Finds characters and things in drawings; not meant for photos."),
            "",
            "main",
            SWIN_L_FP32,
        ),
        suits=frozenset(),
        training=training.DIS5K_AND_DRAWINGS,
        licence_url="https://github.com/MatteoKartoon/BiRefNet/blob/main/LICENSE",
        weights=WeightsRecord(
            "joelseytre/toonout", "main", "birefnet_finetuned_toonout.pth", SWIN_L_FP32, ""
        ),
    ),
)
"""RMBG-2.0 (BRIA) and ToonOut (Muratori and Seytre 2025) are BiRefNets that others have trained."""

SIZES: dict[str, tuple[int, int] | None] = {
    "birefnet-512": (512, 512),
    "birefnet-hr": (2048, 2048),
    "birefnet-hr-matting": (2048, 2048),
    "birefnet-lite-2k": (2560, 1440),
    "birefnet-dynamic": None,
    "birefnet-dynamic-matting": None,
}
"""Width and height that a network sees, None for the picture's own; the others see `COMMON_SIZE`."""

COMMON_SIZE = (1024, 1024)


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> BiRefNetEngine:
    """Build the engine from the tensors of its checkpoint."""
    from flyaway.engines import checkpoint
    from flyaway.engines.birefnet.engine import BiRefNetEngine
    from flyaway.engines.birefnet.network import LARGE, LITE, BiRefNet

    backbone = LITE if record.name.startswith("birefnet-lite") else LARGE
    network = checkpoint.build(lambda: BiRefNet(backbone))
    checkpoint.fill(network, tensors, record.title)
    return BiRefNetEngine(network, SIZES.get(record.name, COMMON_SIZE))
