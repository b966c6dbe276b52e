"""What the command answers to the shell."""

FAILED = 1
ASKED_WRONGLY = 2
"""Something the user can mend by asking otherwise; argparse uses the same."""

INTERRUPTED = 130
"""What shells use for a program ended by Ctrl-C."""
