"""Makes a transparency mask that can be filled before it is attached, so that both are one undo step."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from krita import Document, Krita, Node

_KRA = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE DOC PUBLIC '-//KDE//DTD krita 2.0//EN' 'http://www.calligra.org/DTD/krita-2.0.dtd'>
<DOC xmlns="http://www.calligra.org/DTD/krita" editor="Krita" kritaVersion="5.1.5" syntaxVersion="2.0">
 <IMAGE name="Flyaway" mime="application/x-kra" width="1" height="1" x-res="72" y-res="72"
   colorspacename="RGBA" profile="sRGB-elle-V2-srgbtrc.icc">
  <layers>
   <layer nodetype="grouplayer" name="Group" filename="layer1" visible="1" opacity="255"
     compositeop="normal" uuid="{2a141acb-1e79-48b9-9df7-6a5384018c21}">
    <masks>
     <mask nodetype="transparencymask" name="Mask" filename="mask2" visible="1" x="0" y="0"
       uuid="{3e70d7bb-1d11-4f27-a53c-d1bf1b446516}"/>
    </masks>
   </layer>
  </layers>
 </IMAGE>
</DOC>
"""
"""A document that holds nothing but one transparency mask."""


def new_mask(document: Document, name: str) -> Node:
    """An empty transparency mask for a layer of `document`, not yet attached to it."""
    if hasattr(document, "createTransparencyMask"):  # since Krita 5.2
        return document.createTransparencyMask(name)
    mask = _mask_from_file()
    mask.setName(name)
    return mask


def seen(layer: Node) -> list[Node]:
    """The transparency masks that count for a layer."""
    return [
        node for node in layer.childNodes() if node.type() == "transparencymask" and node.visible()
    ]


def _mask_from_file() -> Node:
    """A mask in Krita 5.1, whose `createNode` makes one that takes no pixels and then crashes Krita.

    The other way, its action "Add Transparency Mask", works on whatever layer happens to be active and
    would need the user's selection replaced for a while.
    """
    with tempfile.TemporaryDirectory(prefix="flyaway-") as folder:
        path = Path(folder) / "mask.kra"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("mimetype", "application/x-krita")
            archive.writestr("maindoc.xml", _KRA)
        document = _open_silently(path)
        try:
            return document.topLevelNodes()[0].childNodes()[0].duplicate()
        finally:
            document.close()


def _open_silently(path: Path) -> Document:
    """Open a document without showing it, nor any dialog should something be wrong."""
    krita = Krita.instance()
    was_batchmode = krita.batchmode()
    krita.setBatchmode(True)
    try:
        return krita.openDocument(str(path))
    finally:
        krita.setBatchmode(was_batchmode)
