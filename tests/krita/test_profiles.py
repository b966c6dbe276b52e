"""profiles.py: what a layer's colour values mean."""

from __future__ import annotations

import pytest
from tests.fakes.krita_app import Krita, Node
from tests.krita.conftest import plugin_module


@pytest.mark.parametrize(
    "profile", ["sRGB-elle-V2-srgbtrc.icc", "sRGB built-in", "Gray-D50-elle-V2-srgbtrc.icc"]
)
def test_knows_srgb_by_its_names(krita: Krita, profile: str) -> None:
    assert plugin_module("profiles").colour_of(Node(profile=profile)) == ("srgb", b"")


@pytest.mark.parametrize("profile", ["sRGB-elle-V2-g10.icc", "Gray-D50-elle-V2-g10.icc"])
def test_knows_linear_srgb_by_its_names(krita: Krita, profile: str) -> None:
    assert plugin_module("profiles").colour_of(Node(profile=profile)) == ("linear-srgb", b"")


def test_fetches_any_other_profile_and_leaves_nothing_open(krita: Krita) -> None:
    krita.known_profiles.add("A camera's")
    layer = Node(profile="A camera's", depth="U16")
    assert plugin_module("profiles").colour_of(layer) == ("icc", b"profile A camera's")
    assert krita.open_documents == []


def test_asks_to_convert_an_image_whose_profile_krita_does_not_know(krita: Krita) -> None:
    profiles = plugin_module("profiles")
    with pytest.raises(profiles.ProfileError, match=r"“lost”.* sRGB"):
        profiles.colour_of(Node(profile="lost"))
    assert krita.open_documents == []


def test_asks_to_convert_when_the_profile_cannot_be_written(krita: Krita) -> None:
    krita.known_profiles.add("A camera's")
    krita.disk_is_full = True
    profiles = plugin_module("profiles")
    with pytest.raises(profiles.ProfileError, match="Convert the image to sRGB"):
        profiles.colour_of(Node(profile="A camera's"))
