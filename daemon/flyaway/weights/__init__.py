"""Weights files: finding, downloading, checking, importing and recognising them."""
