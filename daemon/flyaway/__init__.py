"""Flyaway's daemon: keeps matting engines warm and serves the plugins. Importing it does nothing."""

__version__ = "0.1.0"
