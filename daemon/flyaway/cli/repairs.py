"""What `flyaway doctor --fix` can mend: each fault that is found comes with its remedy. Prints nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import flyaway
from flyaway.cli import autostart, models, running
from flyaway.cli.connecting import LAUNCH_ARGV, connect, forget_launch, record_launch
from flyaway.errors import FlyawayError
from flyaway_client import connection, launch
from flyaway_client.errors import ClientError, DaemonUnreachableError, VersionError
from flyaway_installer import editors, install
from flyaway_installer.assemble import PACKAGES, AssemblyError
from flyaway_installer.install import InstallError
from flyaway_installer.places import Place

ERRORS = (FlyawayError, ClientError, InstallError, AssemblyError, OSError)
"""What a remedy may raise; each is a sentence."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong and can be mended.

    Attributes:
        where: what it is about, in a word or two.
        what: the fault, as a sentence.
        mend: mends it and says so in a sentence; raises one of `ERRORS` where it cannot.
    """

    where: str
    what: str
    mend: Callable[[], str]


def faults() -> list[Fault]:
    """All faults; what cannot be looked at is no fault here, the page tells it."""
    places = [place for host in PACKAGES for place in editors.find(host, editors.this_machine())]
    found: list[Fault] = []
    for look in (
        partial(_plugin_faults, places),
        partial(_launch_faults, any(map(install.is_installed, places))),
        _autostart_faults,
        _daemon_faults,
        _download_faults,
    ):
        with suppress(*ERRORS):
            found += look()
    return found


def _plugin_faults(places: list[Place]) -> Iterator[Fault]:
    for place in filter(install.is_installed, places):
        with suppress(*ERRORS):
            state = install.state(place)
            if state in ("different", "broken"):
                what = "another version's" if state == "different" else "linked to what is gone"
                yield Fault(place.title, f"The plugin is {what}.", partial(_install, place))
            elif not install.is_switched_on(place):
                yield Fault(place.title, "The plugin is switched off.", partial(_switch_on, place))


def _install(place: Place) -> str:
    install.install(place)
    return f"It was installed again; restart {place.title}."


def _switch_on(place: Place) -> str:
    install.switch_on(place)
    return f"It is switched on; restart {place.title}."


def _launch_faults(has_plugins: bool) -> Iterator[Fault]:
    """A record that starts nothing, or another Flyaway than the one that installs the plugins."""
    recorded = launch.read_launch(connection.home())
    if recorded is None and not has_plugins:
        return
    if recorded is None:
        what = "How plugins start the daemon is not recorded."
    elif shutil.which(recorded[0]) is None:
        what = f"It names {recorded[0]}, which is not there any more."
    elif has_plugins and recorded != LAUNCH_ARGV:
        what = f"It starts another Flyaway, that of {recorded[0]}."
    else:
        return
    yield Fault("launch record", what, _record if has_plugins else _forget)


def _record() -> str:
    record_launch()
    return f"Plugins now start the one of {LAUNCH_ARGV[0]}."


def _forget() -> str:
    forget_launch()
    return "It was deleted: no plugin is installed."


def _autostart_faults() -> Iterator[Fault]:
    if autostart.state() == "stale":
        yield Fault("autostart", "It starts another Flyaway.", autostart.switch_on)


def _daemon_faults() -> Iterator[Fault]:
    from flyaway.serving import lifetime

    home = connection.home()
    try:
        with connect(start=False) as client:
            release = client.hello.daemon
        if release != flyaway.__version__:
            yield Fault("daemon", f"The one that runs is Flyaway {release}.", _end_other)
    except VersionError:
        yield Fault("daemon", "The one that runs speaks another protocol.", _end_other)
    except DaemonUnreachableError:
        file = home / connection.CONNECTION_NAME
        if lifetime.is_running(home):
            yield Fault("daemon", "It runs but does not answer.", running.end)
        elif file.exists():
            remedy = partial(_delete, [file])
            yield Fault("connection file", "It is of a daemon that has gone.", remedy)


def _end_other() -> str:
    return f"{running.end()} The next request starts Flyaway {flyaway.__version__}."


def _download_faults() -> Iterator[Fault]:
    from flyaway import engines
    from flyaway.weights.store import Store

    store = Store()
    for record in engines.weights_records():
        size = store.unfinished(record)
        if size:
            what = f"Its download broke off after {size / 1e6:.0f} MB."
            yield Fault(record.name, what, partial(_finish, record.name))
    litter = store.litter()
    if litter:
        size = sum(path.stat().st_size for path in litter)
        yield Fault(
            "weights", f"Imports broke off and left {size / 1e6:.0f} MB.", partial(_delete, litter)
        )


def _finish(name: str) -> str:
    from flyaway import engines

    models.fetch(engines.weights_record(name))
    return "It is whole now."


def _delete(paths: list[Path]) -> str:
    for path in paths:
        path.unlink(missing_ok=True)
    return "Deleted."
