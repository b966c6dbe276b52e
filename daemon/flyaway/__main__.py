"""`python -m flyaway` is `flyaway`; launch.json starts the daemon this way."""

import sys

from flyaway.cli.main import main

sys.exit(main())
