"""The client side of Flyaway's wire: standard library only, Python 3.10, copied into each plugin."""
