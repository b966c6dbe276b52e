"""Flyaway's daemon: keeps matting engines warm and serves the plugins. Importing it does nothing."""

from flyaway_client.release import RELEASE

__version__ = RELEASE
