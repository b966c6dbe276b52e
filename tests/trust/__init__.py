"""Proof under attack and time: what docs/trust.md promises, tried again and again from seeds."""
