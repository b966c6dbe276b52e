"""Brings the plugins into the editors' folders. Standard library only; never imported by the daemon."""
