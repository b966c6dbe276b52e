"""A stand-in for PyGObject: just enough of GIMP's libraries to run the plugin without GIMP, and to type it."""

required: dict[str, str] = {}
"""What `require_version` was asked for."""


def require_version(namespace: str, version: str) -> None:
    required[namespace] = version
