"""PyQt as far as the Krita plugin uses it, for mypy; PyQt5's is the same where the plugin goes."""
