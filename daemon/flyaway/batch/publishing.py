"""Bringing a photo's results into their place: written and recorded first, then named. Never over what is not ours."""

from __future__ import annotations

import datetime
import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from PIL import Image

from flyaway.batch.inputs import Input, sha256
from flyaway.batch.locations import Location
from flyaway.batch.manifest import Manifest, Record, State
from flyaway.batch.plan import Job
from flyaway.batch.work import Finished, Picture
from flyaway.errors import OutputError, RequestError
from flyaway.files import replacing
from flyaway_client.wording import _

_ALL_ARE_HIT = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENODEV}
"""Errors of writing that the next photo would meet as well."""

_THUMBNAIL_QUALITY = 80


def publish(
    manifest: Manifest, job: Job, finished: Finished, record: Record, before: Record | None
) -> Record:
    """Bring results into their place; killed at any point, the next run tells what to do by the record.

    Args:
        manifest: where it is recorded; the photo is claimed there.
        job: the photo.
        finished: its results.
        record: what to remember of them.
        before: what was known of the photo.

    Returns:
        What is remembered.

    Raises:
        OutputError: the disk is full or gone.
        RequestError: a result cannot be written, or something else has its name.
    """
    files = {
        picture.kind: manifest.work_file(job.key, picture.kind) for picture in finished.pictures
    }
    try:
        with writing(manifest.output):
            outputs = {
                job.targets[picture.kind]: _written(files[picture.kind], picture)
                for picture in finished.pictures
            }
            replaced = {
                path: _present(manifest.output / path, {known, *_known(path, before)})
                for path, known in outputs.items()
            }
            _check_origin(record.inputs["photo"], before, replaced)
            _keep_thumbnail(manifest, job, finished)
            record = replace(
                record,
                state=State.PUBLISHING,
                outputs=outputs,
                replaced=replaced,
                former=_former(before, outputs),
                origin=record.inputs["photo"],
                when=now(),
            )
            manifest.keep(job.key, record)
            for kind, file in files.items():
                path = job.targets[kind]
                _name(manifest, file, path, may_replace=bool(replaced[path]))
            done = replace(record, state=State.DONE, replaced={})
            manifest.keep(job.key, done)
            return done
    finally:
        for file in files.values():
            with suppress(OSError):  # the next run clears it away
                file.unlink(missing_ok=True)


def settle(manifest: Manifest, job: Job, record: Record) -> Record | None:
    """See whether what a run was about to name got its names before it died; the record then, else None.

    Raises:
        OutputError: the disk is full or gone.
    """
    with writing(manifest.output):
        if not all(
            (manifest.output / path).is_file() and sha256(manifest.output / path) == known
            for path, known in record.outputs.items()
        ):
            return None
        done = replace(record, state=State.DONE, replaced={})
        manifest.keep(job.key, done)
        return done


def failed(record: Record, before: Record | None, sentence: str) -> Record:
    """What to remember of a photo that failed; results of earlier runs stay ours."""
    record = replace(record, state=State.FAILED, sentence=sentence, when=now())
    if before is None:
        return record
    return replace(
        record,
        outputs=before.outputs,
        replaced=before.replaced,
        former=before.former,
        origin=before.origin,
    )


def now() -> str:
    """The time of day, to the second."""
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


@contextmanager
def writing(output: Location) -> Iterator[None]:
    """Turn what goes wrong at writing into sentences, and tell apart what hits all photos.

    Raises:
        OutputError: the disk is full or gone.
        RequestError: it hits this photo alone.
    """
    try:
        yield
    except (OSError, RequestError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if isinstance(cause, OSError) and cause.errno in _ALL_ARE_HIT:
            raise OutputError(
                _(
                    "{output} cannot be written any more: {why}. Make room, then run the same command "
                    "again; it goes on where it was."
                ).format(output=output, why=cause.strerror)
            ) from error
        if not isinstance(error, OSError):
            raise
        place = error.filename2 or error.filename or output
        raise RequestError(
            _("{place} cannot be written: {why}.").format(place=place, why=error.strerror or error)
        ) from error


def _known(path: str, before: Record | None) -> set[str]:
    """The hashes of all that we have made under a name and that may be there."""
    if before is None:
        return set()
    made = (before.outputs, before.replaced, before.former)
    return {known for each in made if (known := each.get(path))}


def _former(before: Record | None, outputs: Mapping[str, str]) -> dict[str, str]:
    """What earlier runs have made under other names."""
    if before is None:
        return {}
    made = {**before.former, **before.outputs}
    return {path: known for path, known in made.items() if path not in outputs}


def _written(file: Path, picture: Picture) -> str:
    """Write a result under a name of ours, down to the disk; returns its hash."""
    file.unlink(missing_ok=True)  # the photo is claimed: whoever left it is dead
    with replacing.create(file) as opened:
        picture.write(opened)
        opened.flush()
        os.fsync(opened.fileno())
    return sha256(file)


def _present(target: Location, known: set[str]) -> str:
    """The hash of a result of ours that is to be replaced; "" where there is nothing.

    Raises:
        RequestError: there is something else.
    """
    if not (os.path.lexists(target) if isinstance(target, Path) else target.exists()):
        return ""
    if target.is_file() and (found := sha256(target)) in known:
        return found
    raise RequestError(_occupied(target))


def _check_origin(photo: Input, before: Record | None, replaced: Mapping[str, str]) -> None:
    """Refuse to replace what was made from another photo of the same name.

    Raises:
        RequestError: that is so.
    """
    origin = before.origin if before else None
    if origin is None or not any(replaced.values()):
        return
    if origin.path != photo.path and origin.sha256 != photo.sha256:
        raise RequestError(
            _(
                "The results of that name were made from {other}. Name another folder with -o for those "
                "of {path}."
            ).format(other=origin.path, path=photo.path)
        )


def _name(manifest: Manifest, file: Path, path: str, may_replace: bool) -> None:
    """Give a file its name.

    Raises:
        RequestError: something else has it.
    """
    try:
        manifest.name(file, path, may_replace)
    except FileExistsError as error:
        raise RequestError(_occupied(manifest.output / path)) from error


def _occupied(target: Location) -> str:
    return _(
        "{target} is there already and is not what this batch has made. Move it away, or name "
        "the results otherwise with --name or -o."
    ).format(target=target)


def _keep_thumbnail(manifest: Manifest, job: Job, finished: Finished) -> None:
    with manifest.replacing(f"{job.key}.thumb", manifest.thumbnail(job.key)) as file:
        Image.fromarray(finished.thumbnail, "RGBA").save(file, "WEBP", quality=_THUMBNAIL_QUALITY)
