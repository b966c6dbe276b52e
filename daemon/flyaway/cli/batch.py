"""`flyaway batch`: cut the subjects out of whole folders, through the daemon."""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING

from flyaway import config
from flyaway.cli import connecting, terminal
from flyaway.cli.statuses import FAILED, INTERRUPTED
from flyaway.errors import BatchError, RequestError
from flyaway_client import wording
from flyaway_client.wording import _

if TYPE_CHECKING:
    from flyaway.batch.feed import Feed
    from flyaway.batch.manifest import Manifest, Verdict
    from flyaway.batch.plan import Job, Planner
    from flyaway.batch.run import Run
    from flyaway.batch.work import Wishes
    from flyaway.cli import Commands
    from flyaway.cli.telling import Telling

    Work = Callable[[Callable[[], None]], None]
    """Does all photos, and calls what it is given now and then."""

_LOOKS_PER_REPORT = 40
"""Of the main thread at the run: reports of one that goes on for long are 20 seconds old at most."""

_FINISHING = _("Finishing the photos in hand. Ctrl-C again gives them up.")

_REPORTS_SHARE = 20
"""A report of a million photos takes minutes: the next is written after this many times as long at the soonest."""

_TEXTS = (
    ("output", "OUT", _("folder for the results, in which the photos' folders are mirrored")),
    ("engine", "NAME", _("see `flyaway models list`; or a job, as for `flyaway extract`")),
    ("trimap-pattern", "PATTERN", _("each photo's trimap, such as {stem}_trimap.png")),
    ("region-pattern", "PATTERN", _("each photo's rough region, such as regions/{stem}.png")),
    ("plate", "FILE", _("photo of the empty scene; or a pattern for each photo's")),
    ("name", "PATTERN", _("of results, without suffix (default: {stem}-{kind})")),
    ("format", "png|tiff|webp", _("kind of file (default: png)")),
    ("background", "COLOUR|FILE", _("what to put behind the cut-outs")),
    ("pad", "PX|PERCENT", _("room around each result, such as 20 or 5%%")),
    (
        "workers",
        "N",
        _("photos that may be with the daemon at once (default: 2), or workers on a cluster"),
    ),
    (
        "ray",
        "auto|ADDRESS",
        _("have it done on a Ray cluster, whose nodes see the same folders or stores"),
    ),
    ("shard", "I/N", _("do one of N parts of the photos, the first is 1")),
)
_SWITCHES = (
    ("cutout", _("write cut-outs (default)")),
    ("mask", _("write the alpha alone, as grey pictures")),
    ("both", _("write both")),
    ("transparent", _("they are glass, veils, smoke or the like; SDMatte makes use of that")),
    ("trim", _("cut results to what is seen of them")),
    ("watch", _("go on with photos that come later, each once it is complete")),
    ("dry-run", _("say what would be done, and do nothing")),
    ("retry-failed", _("try those again, too, that failed before")),
    ("json", _("tell everything in lines of JSON")),
)


def add_to(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "batch",
        help=_("cut the subjects out of whole folders"),
        description=_(
            "Cut the subject out of every photo in folders. Run again, it does what is new, has "
            "changed or was broken off. All options can stand in a file flyaway-batch.toml beside "
            "the photos, by the same names."
        ),
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTOS",
        help=_("photos and folders of photos, also in a store, such as s3://bucket/photos"),
    )
    for name, shown, text in _TEXTS:
        flags = ("-o", "--output") if name == "output" else (f"--{name}",)
        parser.add_argument(*flags, dest=name, metavar=shown, help=f"{text}")
    for name, text in _SWITCHES:
        parser.add_argument(
            f"--{name}", dest=name, action=argparse.BooleanOptionalAction, help=f"{text}"
        )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do it, and say in the end what came of it."""
    from flyaway.batch import locations, report
    from flyaway.batch import settings as options  # deferred: loads numpy and OpenCV
    from flyaway.batch.hand import installed_weights
    from flyaway.batch.manifest import Manifest, results
    from flyaway.batch.plan import Planner, root
    from flyaway.batch.run import Run
    from flyaway.batch.store_path import StorePath
    from flyaway.batch.work import Wishes
    from flyaway.cli.telling import Telling

    names = {name for name, *_ in (*_TEXTS, *_SWITCHES)}
    given = {name: value for name, value in vars(arguments).items() if name in names}
    photos = [locations.of(text) for text in arguments.photos]
    settings = options.settle(given, options.read_file(root(photos)))
    if settings.is_watching and any(
        isinstance(one, StorePath) for one in (*photos, settings.output)
    ):
        raise RequestError(
            _(
                "watch is for folders of this machine, and not for stores: run the command again for "
                "photos that come later."
            )
        )
    wishes = Wishes.of(settings, config.load().max_pixels)
    planner, manifest = Planner(photos, settings), Manifest(settings.output)
    if settings.is_json:
        wording.speak(())  # programs read it
    telling = Telling(settings.is_json)
    with terminal.endings(), terminal.interruption() as pressed:
        running = Run(wishes, manifest, connecting.ask, telling.hear, installed_weights, pressed)
        plan = planner.plan(results)
        verdicts = list(
            zip(plan.jobs, _verdicts(running.hand.verdict, plan.jobs, manifest), strict=True)
        )
        to_do = [job for job, verdict in verdicts if running.hand.is_to_do(verdict)]
        if settings.is_dry:
            telling.show_plan(plan, verdicts, len(to_do))
            return 0
        report.check(settings.output)
        telling.begin(plan, verdicts, len(to_do))
        manifest.prepare()
        work: Work | None = None
        if to_do and settings.ray:
            work = _on_cluster(wishes, manifest, to_do, telling, pressed)
        elif to_do or settings.is_watching:
            connecting.connect().close()  # whether there is a daemon is known before any photo is read
            feed = _feed(planner, running, telling, to_do, pressed, settings.is_watching)
            work = partial(running.work_off, feed)
        if work is not None:
            _work_off(work, telling, pressed, lambda: _report(manifest, planner))
        failures = _report(manifest, planner)
    telling.end(failures, pressed.is_set())
    if pressed.is_set() and not settings.is_watching:
        return INTERRUPTED
    return FAILED if failures or plan.unreadable else 0


def _verdicts(
    verdict: Callable[[Job], Verdict], jobs: Sequence[Job], manifest: Manifest
) -> Iterable[Verdict]:
    """What is to be done with each; many are looked at at once where each look has to travel to a store."""
    from flyaway.batch.manifest import READERS
    from flyaway.batch.store_path import StorePath

    if not isinstance(manifest.output, StorePath):
        return map(verdict, jobs)
    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(verdict, jobs))


def _feed(
    planner: Planner,
    running: Run,
    telling: Telling,
    to_do: list[Job],
    pressed: threading.Event,
    is_watching: bool,
) -> Feed:
    """What hands out the photos."""
    from flyaway.batch.feed import ListFeed, WatchFeed
    from flyaway.batch.manifest import results

    if not is_watching:
        return ListFeed(to_do, pressed)
    known = {job.name for job in to_do}

    def take(job: Job) -> bool:
        is_to_do = running.hand.is_to_do(running.hand.verdict(job))
        if is_to_do and job.name not in known:
            telling.expect(job)
        known.discard(job.name)
        return is_to_do

    return WatchFeed(lambda: planner.plan(results).jobs, take, pressed)


def _on_cluster(
    wishes: Wishes, manifest: Manifest, to_do: list[Job], telling: Telling, pressed: threading.Event
) -> Work:
    """What has a Ray cluster do the photos.

    Raises:
        BatchError: there is none.
    """
    from flyaway.batch.cluster import ClusterRun

    cluster = ClusterRun(wishes, manifest, wishes.settings.ray, telling.hear, pressed)

    def work(look: Callable[[], None]) -> None:
        with closing(cluster):
            cluster.work_off(to_do, look)
        with suppress(OSError):  # the next run clears it away
            manifest.clear_away()  # after workers that died in between a photo's record and its tidying up

    return work


def _work_off(
    work: Work,
    telling: Telling,
    pressed: threading.Event,
    report: Callable[[], object],
) -> None:
    """Let it run, with progress on the terminal. Ctrl-C finishes the photos in hand; another one gives them up."""
    looks, next_s = 0, 0.0

    def look() -> None:
        nonlocal looks, next_s
        looks += 1
        if pressed.is_set():
            telling.say_once(_FINISHING)
        began_s = time.monotonic()
        if looks % _LOOKS_PER_REPORT == 0 and began_s >= next_s and telling.has_news():
            report()
            ended_s = time.monotonic()
            next_s = ended_s + _REPORTS_SHARE * (ended_s - began_s)
        telling.show_progress()

    try:
        work(look)
    except BatchError:
        with suppress(BatchError):  # it may be the disk
            report()
        raise
    finally:
        telling.clear()


def _report(manifest: Manifest, planner: Planner) -> int:
    """Write the reports; how many photos have failed.

    Raises:
        BatchError: they cannot be written.
    """
    from flyaway.batch import report

    try:
        return report.write(manifest, planner.names)
    except RequestError as error:
        raise BatchError(str(error)) from error
