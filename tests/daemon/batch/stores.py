"""Stores to lay photos and results into: fsspec's own, and one that speaks S3's protocol."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest
from PIL import Image
from tests.daemon.batch.photos import pixels

from flyaway.batch import store_path
from flyaway.batch.store_path import StorePath

KINDS = ("memory", "file", "s3")
BUCKET = "studio"

_ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@contextmanager
def s3() -> Iterator[str]:
    """An S3 server of this process's own, with a bucket; its address. Programs that are started find it, too."""
    server = pytest.importorskip("moto.server", reason="the extra flyaway[dev]")
    s3fs = pytest.importorskip("s3fs", reason="the extra flyaway[dev]")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    before = dict(os.environ)
    host, port = running.get_host_and_port()
    os.environ.update(_ACCOUNT | {"AWS_ENDPOINT_URL": f"http://{host}:{port}"})
    _forget()
    try:
        with suppress(FileExistsError):  # of an earlier one: what they hold is the process's
            s3fs.S3FileSystem(skip_instance_cache=True).mkdir(BUCKET)
        yield os.environ["AWS_ENDPOINT_URL"]
    finally:
        running.stop()
        os.environ.clear()
        os.environ.update(before)
        _forget()


def _forget() -> None:
    """Let nobody hold on to a server that is gone."""
    store_path._filesystem.cache_clear()
    if "s3" in fsspec.registry:
        fsspec.get_filesystem_class("s3").clear_instance_cache()


def empty(kind: str, folder: Path) -> str:
    """The URL of a folder where nothing is yet."""
    place = {"memory": "memory://", "file": f"file://{folder}/", "s3": f"s3://{BUCKET}/"}[kind]
    return f"{place}{uuid4().hex}"


def lay(url: str, content: bytes | None = None, seed: int = 0) -> StorePath:
    """Put a photo there, or what is given."""
    if content is None:
        held = io.BytesIO()
        Image.fromarray(pixels(seed)).save(held, "PNG")
        content = held.getvalue()
    place = StorePath.of(url)
    place.write_bytes(content)
    return place


def tree(url: str) -> dict[str, bytes]:
    """All files but those that hold the state: name -> content."""
    place = StorePath.of(url)
    files = {str(file)[len(url) + 1 :]: file for file in place.walk()}
    return {
        name: file.read_bytes()
        for name, file in files.items()
        if not name.startswith(".flyaway-batch/")
    }
