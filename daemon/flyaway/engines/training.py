"""What engines were trained on, and whether those who made the pictures allow paid work: like cases are told alike.

A sentence says what the authors tell; where an engine's makers took other people's pictures, it is those
people's terms that count. Terms that nobody states are unknown, and unknown counts as no.
"""

from __future__ import annotations

from flyaway.engines.records import Training
from flyaway_client.wording import _

NOTHING = Training(_("Made by hand, not trained on any pictures."), "", True)

COMPOSITION_1K = Training(
    _("Trained on Adobe's Composition-1k, which its makers give out for research only."),
    "https://sites.google.com/view/deepimagematting",
    False,
)
DISTINCTIONS_646 = Training(
    _("Trained on Distinctions-646, which its makers give out for research only."),
    "https://github.com/yuhaoliu7456/CVPR2020-HAttMatting/issues/6",
    False,
)
DIS5K = Training(
    _("Trained on DIS5K, which its makers allow for research only."),
    "https://github.com/xuebinqin/DIS/blob/main/DIS5K-Dataset-Terms-of-Use.pdf",
    False,
)
DIS5K_AND_OTHERS = Training(
    _("Trained on DIS5K, which its makers allow for research only, and on other collections."),
    "https://github.com/ZhengPeng7/BiRefNet/issues/306",
    False,
)
MATTES_OF_MANY = Training(
    _("Trained on P3M-10k, Distinctions-646 and others, some of them for research only."),
    "https://huggingface.co/ZhengPeng7/BiRefNet-matting",
    False,
)
DIS5K_AND_OWN = Training(
    _(
        "Trained on DIS5K, which its makers allow for research only, and on its authors' own pictures."
    ),
    "https://huggingface.co/PramaLLC/BEN2",
    False,
)
DIS5K_AND_DRAWINGS = Training(
    _(
        "Trained on generated drawings, on top of a BiRefNet that had seen DIS5K, which is for research only."
    ),
    "https://arxiv.org/abs/2509.06839",
    False,
)
LICENSED = Training(
    _("Trained on pictures that its makers have licensed for that."),
    "https://huggingface.co/briaai/RMBG-2.0",
    True,
)
SIMD = Training(
    _("Trained on SIMD, which holds Adobe's pictures, given out for research only."),
    "https://github.com/nowsyn/SIM",
    False,
)
ADOBE_AMONG_OTHERS = Training(
    _(
        "Trained on Adobe's Composition-1k and Distinctions-646, which are for research only, among others."
    ),
    "https://www.ijcai.org/proceedings/2021/111",
    False,
)
FILMS_AND_DISTINCTIONS = Training(
    _(
        "Trained on its authors' own films and photos, and on Distinctions-646, which is for research only."
    ),
    "https://arxiv.org/abs/2012.07810",
    False,
)
ANIMALS = Training(
    _("Trained on its authors' AM-2k and BG-20k, which are under the MIT licence too."),
    "https://github.com/JizhiziLi/GFM",
    True,
)
PORTRAITS = Training(
    _("Trained on its authors' P3M-10k, which is under the MIT licence too."),
    "https://github.com/JizhiziLi/P3M",
    True,
)
OWN_PORTRAITS = Training(
    _("Trained on its authors' own portraits, and before that on the Supervisely Person set."),
    "https://github.com/ZHKKKe/MODNet/issues/56",
    None,
)
PADDLES_PORTRAITS = Training(
    _("Trained on its makers' own pictures, which they may not publish."),
    "https://github.com/PaddlePaddle/PaddleSeg/issues/2206",
    None,
)
DUTS = Training(
    _("Trained on DUTS-TR, whose terms its authors leave to you to look up."),
    "https://github.com/xuebinqin/U-2-Net/issues/208",
    None,
)
SUPERVISELY = Training(
    _("Trained on the Supervisely Person set, whose terms its authors leave to you to look up."),
    "https://github.com/xuebinqin/U-2-Net/issues/208",
    None,
)
SA_1B = Training(
    _("Trained on SA-1B, which its makers allow for research only."),
    "https://ai.meta.com/datasets/segment-anything/",
    False,
)
SA_V = Training(
    _("Trained on its makers' own SA-1B and SA-V, and on films of others."),
    "https://arxiv.org/abs/2408.00714",
    None,
)
UNTOLD_PORTRAITS = Training("", "https://huggingface.co/ZhengPeng7/BiRefNet-portrait", None)
GLASS_OF_MANY = Training(
    _("Trained on Composition-1k, Distinctions-646 and others, some of them for research only."),
    "https://github.com/vivoCameraResearch/SDMatte",
    False,
)
SCENES_OF_MANY = Training(
    _(
        "Trained on Composition-1k, Distinctions-646, COCO-Matte and others, some of them for "
        "research only."
    ),
    "https://github.com/vivoCameraResearch/SDMatte",
    False,
)
