"""What is known of every engine without loading it: one table a family, none of it needs torch."""

from __future__ import annotations

from flyaway.engines.base import EngineRecord, WeightsRecord

BUILTIN = EngineRecord(
    name="builtin",
    module="flyaway.engines.builtin",
    title="Built-in",
    purpose="Solves hair and fur from a selection or trimap; a rough guess without one. No download.",
    jobs=frozenset({"automatic", "fine"}),
    licence="Apache-2.0",
    licence_url="https://www.apache.org/licenses/LICENSE-2.0",
    paid_work=True,
)

SWIN_L_FP32, SWIN_L_FP16 = 884_878_856, 444_473_596
SWIN_T_FP32, SWIN_T_FP16 = 177_634_392, 88_965_896


def _birefnet(
    name: str, title: str, purpose: str, repository: str, revision: str, size: int, sha256: str = ""
) -> EngineRecord:
    return EngineRecord(
        name=f"birefnet-{name}",
        module="flyaway.engines.birefnet",
        title=f"BiRefNet {title}",
        purpose=purpose,
        jobs=frozenset({"automatic"}),
        licence="MIT",
        licence_url="https://github.com/ZhengPeng7/BiRefNet/blob/main/LICENSE",
        paid_work=True,
        weights=WeightsRecord(
            f"ZhengPeng7/{repository}", revision, "model.safetensors", size, sha256
        ),
    )


BIREFNET = (
    _birefnet(
        "general",
        "General",
        "Finds any subject by itself; firm edges. Seen at 1024 pixels.",
        "BiRefNet",
        "e2bf8e4460fc8fa32bba5ea4d94b3233d367b0e4",
        SWIN_L_FP16,
        "9ab37426bf4de0567af6b5d21b16151357149139362e6e8992021b8ce356a154",
    ),
    _birefnet(
        "lite",
        "Lite",
        "Finds any subject by itself; the small one for computers without a graphics card.",
        "BiRefNet_lite",
        "aa62cd87eafb9cc43056d08ef3615a14628b831d",
        SWIN_T_FP32,
        "4417d89795250e698c3cb0ae8df15743810065f646f48a694fdfa7ca052d0815",
    ),
    _birefnet(
        "lite-2k",
        "Lite 2K",
        "The small one for landscape photos with fine parts, seen at 2560×1440 pixels.",
        "BiRefNet_lite-2K",
        "67d658fa863b1e716c3854270645e68860007d0e",
        SWIN_T_FP32,
    ),
    _birefnet(
        "matting",
        "Matting",
        "Finds any subject by itself, with soft edges for hair and fur.",
        "BiRefNet-matting",
        "eccde0a8cbdce7ac5fecfeb06340fe7b949e85d9",
        SWIN_L_FP32,
        "a9875de5b1e6c8eb5fdaa8c727a82927ce442cdc87ba3abee6a77e6fa46c25bb",
    ),
    _birefnet(
        "lite-matting",
        "Lite Matting",
        "Soft edges for hair and fur from the small network.",
        "BiRefNet_lite-matting",
        "99c33412e3f58e1f33187abdc8c435c645243690",
        SWIN_T_FP16,
        "ce8bcfc045e336322c0424a5863dcfb7e9ce8fed0a5fd4d1b2b20adf12d97243",
    ),
    _birefnet(
        "portrait",
        "Portrait",
        "Finds people by itself, with soft edges for hair.",
        "BiRefNet-portrait",
        "ecdeb6240ef23557dbd48ff27c59c1a88cbcb755",
        SWIN_L_FP32,
    ),
    _birefnet(
        "hr",
        "HR",
        "Finds any subject with thin parts; seen at 2048 pixels, wants a strong graphics card.",
        "BiRefNet_HR",
        "a7a562f6fd16021180f2f4348f4de003a2d3d1e1",
        SWIN_L_FP16,
        "9d678bafec0b0019fbb073b7fd02f05ede25dc4b15254f23b2fb0be333200c0d",
    ),
    _birefnet(
        "hr-matting",
        "HR Matting",
        "The finest automatic hair and fur; seen at 2048 pixels, wants a strong graphics card.",
        "BiRefNet_HR-matting",
        "5d6b6f8adcb5b417c871b1d84ceaae9871355b7f",
        SWIN_L_FP16,
        "a5a4de698739ea5e0e8bbab28e1b293dde95092b87a442d566cbc585c53cef55",
    ),
    _birefnet(
        "dynamic",
        "Dynamic",
        "Finds any subject at the photo's own size and shape, up to 2304 pixels.",
        "BiRefNet_dynamic",
        "280306042f57b7a33854319da62fd86aaa89ec4c",
        SWIN_L_FP16,
        "e3d2e4884e51ff30f0cd630edc6b1e41b06b7f23a0a2a5169f7b7cb33a711c2d",
    ),
    _birefnet(
        "dynamic-matting",
        "Dynamic Matting",
        "Soft edges at the photo's own size and shape, up to 2304 pixels.",
        "BiRefNet_dynamic-matting",
        "074df545be87034e74a96bf71566ecbbc4c15f0a",
        SWIN_L_FP16,
    ),
    _birefnet(
        "512",
        "512",
        "Finds any subject fast, seen at 512 pixels; for small pictures and quick looks.",
        "BiRefNet_512x512",
        "main",
        SWIN_L_FP16,
    ),
)


def _modnet(name: str, purpose: str, size: int, sha256: str) -> EngineRecord:
    return EngineRecord(
        name=f"modnet-{name}",
        module="flyaway.engines.modnet",
        title=f"MODNet {name.capitalize()}",
        purpose=purpose,
        jobs=frozenset({"automatic"}),
        licence="Apache-2.0",
        licence_url="https://github.com/ZHKKKe/MODNet/blob/master/LICENSE",
        paid_work=True,
        weights=WeightsRecord(
            # the authors' own copy is on a file share that no program can count on
            "DavG25/modnet-pretrained-models",
            "903cc06311b3b12071edfa1b42b534e4a31c718a",
            f"models/modnet_{name}_portrait_matting.ckpt",
            size,
            sha256,
        ),
    )


MODNET = (
    _modnet(
        "photographic",
        "Portraits in a moment, even without a graphics card.",
        26_255_603,
        "7c22235f0925deba15d4d63e53afcb654c47055bbcd98f56e393ab2584007ed8",
    ),
    _modnet(
        "webcam",
        "Portraits from video frames in a moment.",
        26_300_000,
        "913b82b66558db39b6286c150f809017d7528c872b156eb14333c9c6cb52108b",
    ),
)


def _vitmatte(
    size: str, data: str, title: str, file: str, revision: str, length: int, sha256: str = ""
) -> EngineRecord:
    name = f"vitmatte-{size}-{data}"
    grade = "Hair, fur and veils from a selection or trimap"
    return EngineRecord(
        name=name,
        module="flyaway.engines.vitmatte",
        title=f"ViTMatte {title}",
        purpose=f"{grade}; light." if size == "small" else f"{grade}; finer and slower.",
        jobs=frozenset({"fine"}),
        licence="Apache-2.0, trained on research data",
        licence_url=f"https://huggingface.co/hustvl/{name}",
        paid_work=None,  # the weights' licence would allow it, the training pictures' terms may not
        weights=WeightsRecord(f"hustvl/{name}", revision, file, length, sha256),
    )


VITMATTE = (
    _vitmatte(
        "small",
        "composition-1k",
        "Small (Composition-1k)",
        "model.safetensors",
        "6a58ad7646403c1df626fbd746900aec7361ea1d",
        103_294_572,
        "bda9289db1bb6762d978b42d1c62ae3f34daf7497171a347a1d09657efd788cb",
    ),
    _vitmatte(
        "small",
        "distinctions-646",
        "Small (Distinctions-646)",
        "model.safetensors",
        "6a0e75d7214b01f4d1163ede0f15b23afbbd480b",
        103_294_572,
    ),
    _vitmatte(
        "base",
        "composition-1k",
        "Base (Composition-1k)",
        "pytorch_model.bin",
        "bf486d01a7d9e3dbcc8400f7942835caf0eaf76e",
        386_900_000,
        "b2521bcc4b719fb24611c39605b6642162fd7502e69b3cc846506ca921757b41",
    ),
    _vitmatte(
        "base",
        "distinctions-646",
        "Base (Distinctions-646)",
        "model.safetensors",
        "b58373f8dbbfbeb58157456e2e4949f9f872aa18",
        386_800_000,
    ),
)


def _backgroundmattingv2(backbone: str, title: str, purpose: str, size: int) -> EngineRecord:
    return EngineRecord(
        name=f"backgroundmattingv2-{backbone}",
        module="flyaway.engines.backgroundmattingv2",
        title=f"Background Matting V2 {title}",
        purpose=purpose,
        jobs=frozenset({"plate"}),
        licence="MIT",
        licence_url="https://github.com/PeterL1n/BackgroundMattingV2/blob/master/LICENSE",
        paid_work=True,
        weights=WeightsRecord(
            "",
            "v1.0.0",
            f"pytorch_{backbone}.pth",
            size,
            "",
            page="https://github.com/PeterL1n/BackgroundMattingV2#download",
        ),
    )


BACKGROUNDMATTINGV2 = (
    _backgroundmattingv2(
        "mobilenetv2",
        "MobileNetV2",
        "Cuts out what was not on a photo of the empty scene; the fastest.",
        20_400_000,
    ),
    _backgroundmattingv2(
        "resnet50",
        "ResNet-50",
        "Cuts out what was not on a photo of the empty scene; the best balance.",
        161_400_000,
    ),
    _backgroundmattingv2(
        "resnet101",
        "ResNet-101",
        "Cuts out what was not on a photo of the empty scene; the most careful.",
        237_800_000,
    ),
)

RECORDS: dict[str, EngineRecord] = {
    record.name: record for record in (BUILTIN, *BIREFNET, *MODNET, *VITMATTE, *BACKGROUNDMATTINGV2)
}
