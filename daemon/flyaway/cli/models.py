"""`flyaway models …`: the engines, and their weights on this disk. No daemon is needed, and torch only by import."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from flyaway import config
from flyaway.cli import terminal
from flyaway.cli.usage import as_sentence
from flyaway.errors import RequestError, WeightsError
from flyaway.weights.neighbours import PROGRAMS
from flyaway_client.errors import CancelledError
from flyaway_client.menu_entries import fetch_first, licence, training
from flyaway_client.messages import EngineInfo
from flyaway_client.wording import _, joined

if TYPE_CHECKING:
    from flyaway.cli import Commands
    from flyaway.engines.records import EngineRecord
    from flyaway.weights.store import Store

T = TypeVar("T")


def add_to(commands: Commands) -> None:
    """Describe the group's commands."""
    group = commands.add_parser(
        "models",
        help=_("list the engines; download, import, check and remove their weights"),
        description=_("The engines and their weights. The built-in engine has none."),
    )
    verbs = group.add_subparsers(metavar="VERB", required=True)
    for name, run, text in (
        ("list", list_all, _("list the engines: what each is for, its size and its licence")),
        ("download", download, _("fetch weights from the model hub")),
        ("verify", verify, _("check that files are whole (default: all)")),
        ("import", import_files, _("take weights files that you have, or all of a folder")),
        ("remove", remove, _("delete weights")),
        ("path", path, _("print the folder they are in, or the file of one engine")),
    ):
        parser = verbs.add_parser(name, help=text, description=as_sentence(text))
        parser.set_defaults(run=run)
        if run in (download, verify, remove):
            count = "*" if run is verify else "+"
            parser.add_argument("names", nargs=count, metavar="NAME", help=_("see `models list`"))
        if run is path:
            parser.add_argument("name", nargs="?", metavar="NAME", help=_("see `models list`"))
        if run is import_files:
            parser.add_argument("paths", nargs="*", type=Path, metavar="FILE-OR-FOLDER")
            parser.add_argument("--as", dest="name", metavar="NAME", help=_("the engine it is for"))
            parser.add_argument(
                "--from",
                dest="program",
                choices=PROGRAMS,
                help=_("take what another program has, from its usual folder or the one named"),
            )


def list_all(arguments: argparse.Namespace) -> int:
    """Print one paragraph an engine."""
    from flyaway.extraction.catalogue import Catalogue

    for info in Catalogue(config.load().paid_work).infos():
        terminal.write_result(_described(info))
    return 0


def download(arguments: argparse.Namespace) -> int:
    """Fetch weights; Ctrl-C keeps what came for the next try."""
    from flyaway.extraction.catalogue import Catalogue

    catalogue = Catalogue(config.load().paid_work)
    for record in [catalogue.record(name) for name in arguments.names]:
        fetch(record)
        ready = _("{name}: ready.").format(name=record.name)
        terminal.write_result(f"{ready} {record.training.told}".rstrip())
    return 0


def verify(arguments: argparse.Namespace) -> int:
    """Hash files anew; fails if any is damaged, or one that was named is not there."""
    store = _store()
    records = _named(arguments.names) or [record for record in _all() if store.paths(record)]
    return _for_each(
        records,
        lambda record: _("{name}: whole, {digest}").format(
            name=record.name, digest=store.verify(record)
        ),
    )


def import_files(arguments: argparse.Namespace) -> int:
    """Copy files into the store, each for the engine that it is recognised to be for."""
    if arguments.program:
        return _import_from(arguments)
    if not arguments.paths:
        raise RequestError(_("Name the files or folders to import, or a program with --from."))
    files = list(_weights_files(arguments.paths))
    if arguments.name:
        _named([arguments.name])
        if len(files) != 1:
            raise RequestError(_("--as goes with one file."))

    return _for_each(files, lambda file: _adopted(file, arguments.name))


def _adopted(file: Path, name: str | None = None) -> str:
    """Copy a file into the store, for the engine that it is recognised to be for; which, and where it lies."""
    from flyaway.weights import archives
    from flyaway.weights.recognition import recognise

    if archives.is_archive(file):
        return _adopted_from(file, name)
    record = recognise(file, name)
    return f"{record.name}: {_store().adopt(record, file)}"


def _adopted_from(archive: Path, name: str | None) -> str:
    """Copy what a zip has for engines into the store: a line for each, as above."""
    from flyaway.weights import archives

    taken: list[str] = []
    refused: list[WeightsError] = []
    with archives.unpacked(archive) as files:
        if name and len(files) != 1:
            raise RequestError(_("--as goes with one file."))
        for file in files:
            try:
                taken.append(_adopted(file, name))
            except WeightsError as error:
                refused.append(error)
    if not taken:
        raise refused[0]
    for reason in refused:
        terminal.write_remark(f"flyaway: {reason}")
    return "\n".join(taken)


def _import_from(arguments: argparse.Namespace) -> int:
    """Take what another program has; files of it that are for no engine are no error."""
    from flyaway.weights import neighbours

    if arguments.name or len(arguments.paths) > 1:
        raise RequestError(_("--from goes with one folder at most, and not with --as."))
    files, frozen = neighbours.weights_of(arguments.program, *arguments.paths)
    taken = 0
    for file in files:
        try:
            terminal.write_result(_adopted(file))
            taken += 1
        except WeightsError as error:
            terminal.write_remark(f"flyaway: {error}")
    for file in frozen:
        terminal.write_remark(
            _(
                "flyaway: {file} is for ONNX Runtime, where layers are melted together and have lost "
                "their names: it cannot be read. `flyaway models list` says where the authors' own "
                "file is."
            ).format(file=file)
        )
    if not taken:
        terminal.write_remark(
            _("flyaway: {program} has nothing that can be used.").format(program=arguments.program)
        )
    return 0 if taken else 1


def remove(arguments: argparse.Namespace) -> int:
    """Delete weights and say how much that freed; the hub's own cache is left alone."""
    store = _store()
    for record in _named(arguments.names):
        terminal.write_result(
            _("{name}: {size:.0f} MB freed.").format(
                name=record.name, size=store.remove(record) / 1e6
            )
        )
        for shared in store.paths(record):
            terminal.write_remark(
                _(
                    "flyaway: {name} is still in the model hub's own cache, which other programs share: "
                    "{shared}. `hf cache rm` empties that."
                ).format(name=record.name, shared=shared)
            )
    return 0


def path(arguments: argparse.Namespace) -> int:
    """Print where downloads and imports lie, or where one engine's file is."""
    from flyaway.weights import store

    if arguments.name is None:
        terminal.write_result(str(store.folder()))
        return 0
    (record,) = _named([arguments.name])
    terminal.write_result(str(_store().locate(record)))
    return 0


_NEEDS = {"prompts": _("a click or a box"), "trimap": _("a trimap"), "plate": _("a plate")}
"""What engines need, in words for people."""


def _described(info: EngineInfo) -> str:
    wanted = joined(_(" and "), (_NEEDS[need] for need in info.needs))
    needs = _(" Needs {wanted}.").format(wanted=wanted) if wanted else ""
    how_to_get = f" {fetch_first(info)}" if info.page and not info.installed else ""
    lines = [
        f"{info.name}: {info.title} ({_whereabouts(info)})",
        f"    {info.purpose}{needs}{how_to_get}",
        f"    {licence(info)} {info.licence_url}".rstrip(),
    ]
    untold = _("Its authors do not tell plainly what it was trained on.")
    told = training(info) or (untold if info.training_url else "")
    if told:
        lines.append(f"    {told} {info.training_url}".rstrip())
    return "\n".join(lines)


def _whereabouts(info: EngineInfo) -> str:
    size = f"{info.download_bytes / 1e6:.0f} MB"
    if not info.download_bytes:
        return _("always there")
    if info.installed:
        return _("installed, {size}").format(size=size)
    if info.page:
        return _("not installed, to be fetched by hand")
    return _("not installed, a download of {size}").format(size=size)


def fetch(record: EngineRecord) -> None:
    """Fetch an engine's weights with progress on the terminal; Ctrl-C keeps what came.

    Raises:
        WeightsError: they could not be had.
        CancelledError: Ctrl-C was pressed.
    """
    line = terminal.ProgressLine()
    with terminal.interruption() as pressed:

        def progress(done: int, total: int) -> None:
            if pressed.is_set():
                raise CancelledError
            megabytes = _("{done:.0f} of {total:.0f} MB").format(done=done / 1e6, total=total / 1e6)
            line.show(f"{record.title}, {megabytes}", done / max(total, 1))

        try:
            _store().download(record, progress)
        except CancelledError:
            line.clear()
            terminal.write_remark(
                _("flyaway: What came so far is kept: the next try goes on there.")
            )
            raise
        finally:
            line.clear()


def _for_each(things: Iterable[T], do: Callable[[T], str]) -> int:
    """Do something for each and say what became of it; an error with one does not keep the others from it."""
    is_fine = True
    for thing in things:
        try:
            terminal.write_result(do(thing))
        except WeightsError as error:
            terminal.write_remark(f"flyaway: {error}")
            is_fine = False
    return 0 if is_fine else 1


def _store() -> Store:
    from flyaway.weights.store import Store  # deferred: brings a web client

    return Store()


def _all() -> tuple[EngineRecord, ...]:
    """All that have weights."""
    from flyaway import engines

    return engines.weights_records()


def _named(names: Iterable[str]) -> list[EngineRecord]:
    """The engines of these names, and what some of them need beside their own weights.

    Raises:
        UnknownEngineError: there is none of a name.
    """
    from flyaway import engines

    return [engines.weights_record(name) for name in names]


def _weights_files(paths: Iterable[Path]) -> Iterable[Path]:
    """The files, and those in the folders that are called like weights."""
    from flyaway.weights.store import none_in, suffix_of

    for path in paths:
        if not path.exists():
            raise RequestError(_("There is no {path}.").format(path=path))
        if not path.is_dir():
            yield path
            continue
        found = sorted(file for file in path.rglob("*") if suffix_of(file))
        if not found:
            raise RequestError(none_in(path))
        yield from found
