"""The fake daemon as a program: one for each home folder, by lock; exits when told to, or after a minute.

Run by tests in place of `flyaway daemon run`.
"""

import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "plugins" / "common")]

from filelock import FileLock, Timeout  # noqa: E402  (the lines above make the rest importable)
from tests.fakes.daemon import running  # noqa: E402

from flyaway_client import connection, launch  # noqa: E402


def main() -> int:
    """Serve until told to stop."""
    home = connection.home()
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / connection.LOCK_NAME)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return launch.LOST_THE_RACE
    with running(home) as daemon:
        daemon.is_over.wait(60)
    return 0


if __name__ == "__main__":
    sys.exit(main())
