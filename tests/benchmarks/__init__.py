"""Benchmarks: figures side by side with a rival or a floor in the same run. Not tests: nothing is asserted."""
