"""What the installers bring beside Flyaway: the lock as records, the list of its parts, and what is known against them."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from packaging.specifiers import SpecifierSet

_LINE = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>.+?))?(?: \\)?")
_SUM = re.compile(r" +--hash=sha256:(?P<sum>[0-9a-f]{64})(?: \\)?")

WITHOUT_SUMS = "torch"
"""The one package whose files are not listed there: each build of it has files of its own; torch.txt has some of them."""


@dataclass(frozen=True)
class Locked:
    """A package of the lock.

    Attributes:
        marker: on which machines it is brought; "" for all.
        sums: SHA-256 in hex of each file that may be it.
    """

    name: str
    version: str
    marker: str
    sums: tuple[str, ...] = ()


def read(text: str) -> list[Locked]:
    """The packages of a lock as scripts/lock writes it.

    Raises:
        ValueError: a line names no package with exactly one version, and no sum of one.
    """
    found: list[Locked] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        parts, summed = _LINE.fullmatch(line), _SUM.fullmatch(line)
        if parts is not None:
            found.append(Locked(parts["name"], parts["version"], parts["marker"] or ""))
        elif summed is not None and found:
            found[-1] = replace(found[-1], sums=(*found[-1].sums, summed["sum"]))
        else:
            raise ValueError(f"the lock has the line {line!r}")
    return found


def bill_of_materials(version: str, made_s: int, packages: Sequence[Locked]) -> str:
    """A software bill of materials: CycloneDX 1.6 (cyclonedx.org, ECMA-424) as JSON; the same input gives the same text.

    What a build of torch brings for a graphics card is not in the lock, and so not in here.

    Args:
        version: of Flyaway.
        made_s: when the commit was made, in seconds since 1970.
        packages: what it is installed with.
    """
    made = datetime.datetime.fromtimestamp(made_s, datetime.UTC)
    itself = {
        "type": "application",
        "bom-ref": "flyaway",
        "name": "flyaway",
        "version": version,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "purl": f"pkg:pypi/flyaway@{version}",
    }
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"timestamp": made.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": itself},
        "components": [_component(package) for package in packages],
    }
    return json.dumps(bill, indent=2) + "\n"


def _component(package: Locked) -> dict[str, Any]:
    address = f"pkg:pypi/{package.name}@{package.version}"
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": address,
        "name": package.name,
        "version": package.version,
        "purl": address,
    }
    if package.marker:
        component["properties"] = [{"name": "flyaway:marker", "value": package.marker}]
    return component


def audit(packages: Sequence[Locked], advisories: str) -> list[str]:
    """What is known against the packages, a sentence without a point for each.

    Args:
        packages: of the lock.
        advisories: JSON, as in advisories.json: a list of `id`, `package` and the versions that are `affected`.
    """
    known = json.loads(advisories)
    return [
        f"{package.name} {package.version} has {advisory['id']}, which versions {advisory['affected']} have"
        for package in packages
        for advisory in known
        if advisory["package"] == package.name
        and SpecifierSet(advisory["affected"], prereleases=True).contains(package.version)
    ]
