"""What a layer's colour values mean: sRGB or linear sRGB by the names of Krita's own profiles, else the profile itself."""

from __future__ import annotations

import tempfile
import zipfile
from functools import lru_cache
from pathlib import Path

from krita import Krita, Node

from .flyaway_client.wording import _

USUAL_SRGB = "sRGB-elle-V2-srgbtrc.icc"
"""What Krita itself gives new images."""

SRGB = frozenset(
    {
        USUAL_SRGB,
        "sRGB built-in",
        "sRGB IEC61966-2.1",
        "Gray-D50-elle-V2-srgbtrc.icc",
    }
)
LINEAR_SRGB = frozenset(
    {
        "sRGB-elle-V2-g10.icc",
        "krita-2.5, lcms sRGB built-in with linear gamma TRC",
        "Gray-D50-elle-V2-g10.icc",
    }
)
"""Krita's names of the profiles nearly all images have. Known by name they need not be fetched."""


class ProfileError(Exception):
    """A profile cannot be had; the text tells the user what to do instead."""


def known(name: str) -> str:
    """How values in one of Krita's own profiles are encoded, as the wire names it; "icc" for any other."""
    if name in SRGB:
        return "srgb"
    return "linear-srgb" if name in LINEAR_SRGB else "icc"


def colour_of(layer: Node) -> tuple[str, bytes]:
    """How the layer's values are encoded, as the wire names it, and the ICC profile if that is "icc".

    Raises:
        ProfileError: the layer's profile cannot be had.
    """
    name = layer.colorProfile()
    colour = known(name)
    icc = _icc(layer.colorModel(), layer.colorDepth(), name) if colour == "icc" else b""
    return colour, icc


@lru_cache(maxsize=4)
def _icc(model: str, depth: str, name: str) -> bytes:
    """The profile of that name, be it a file of Krita's or one that came embedded in an image.

    Krita gives plugins the names of profiles alone. But it stores the profile in every .kra file, so a
    document of one pixel is saved and looked into: 0.2 to 0.5 s, once for each profile.
    """
    with tempfile.TemporaryDirectory(prefix="flyaway-") as folder:
        path = Path(folder) / "profile.kra"
        if not _save_pixel(path, model, depth, name):
            raise _unavailable(name)
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                if member.endswith("/annotations/icc"):
                    return archive.read(member)
    raise _unavailable(name)


def _save_pixel(path: Path, model: str, depth: str, name: str) -> bool:
    """Save a one-pixel document with that profile; it is shown nowhere."""
    document = Krita.instance().createDocument(1, 1, "Flyaway", model, depth, name, 72.0)
    try:
        # Krita takes its default for a profile it does not know.
        if document.colorProfile() != name:
            return False
        document.setBatchmode(True)
        return bool(document.saveAs(str(path)))
    finally:
        document.setModified(False)
        document.close()


def _unavailable(name: str) -> ProfileError:
    return ProfileError(
        _(
            "Krita does not hand over this layer's colour profile, “{profile}”. Convert the image to "
            "sRGB (Image > Convert Image Color Space) and try again."
        ).format(profile=name)
    )
