"""Photos, what goes with them, and cut-outs as files."""
