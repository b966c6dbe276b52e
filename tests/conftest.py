"""What all tests share."""

from __future__ import annotations

import os

from hypothesis import settings

# What commands say depends on the language of whoever runs the tests.
for _name in ("LANGUAGE", "LC_MESSAGES", "LANG"):
    os.environ.pop(_name, None)
os.environ["LC_ALL"] = "C.UTF-8"

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("without-a-deadline", deadline=None)
settings.load_profile("without-a-deadline")
