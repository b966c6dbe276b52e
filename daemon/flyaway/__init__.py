"""Flyaway's daemon: keeps matting engines warm and serves the plugins. Importing it does nothing."""

from pathlib import Path

from flyaway_client.release import RELEASE

__version__ = RELEASE

CATALOGUES = Path(__file__).with_name("catalogues")
"""Translations of this package's texts and the installer's, for `flyaway_client.wording.add_catalogues`."""
