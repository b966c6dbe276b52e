"""What a photo asks of a store: requests and bytes of a batch from S3 to S3, as its library sends them.

Counted, not timed: the server is one of this process's own, and how long a real one takes is its own affair.
"""

from __future__ import annotations

import io
import threading
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image
from tests.benchmarks.builtin import scene
from tests.benchmarks.cluster import StandIn
from tests.benchmarks.wire import SIZES
from tests.daemon.batch import stores

from flyaway.batch.deaths import Deaths
from flyaway.batch.feed import ListFeed
from flyaway.batch.manifest import Manifest, results
from flyaway.batch.plan import Planner
from flyaway.batch.run import Run
from flyaway.batch.settings import settle
from flyaway.batch.store_path import StorePath
from flyaway.batch.work import Wishes
from flyaway.files import formats

PHOTOS = 6

_KINDS = {
    "GetObject": "get",
    "HeadObject": "head",
    "PutObject": "put",
    "DeleteObjects": "delete",
    "DeleteObject": "delete",
    "ListObjectsV2": "list",
    "CreateMultipartUpload": "put",
    "UploadPart": "put",
    "CompleteMultipartUpload": "put",
}
"""S3's names -> what its price list and its limits go by."""


def store() -> dict[str, Any]:
    """Requests of each kind for a photo of 12 megapixels that is new, and the bytes that it brings and takes away."""
    with TemporaryDirectory() as folder, stores.s3():
        photos, out = stores.empty("s3", Path(folder)), stores.empty("s3", Path(folder))
        photo_bytes, mask_bytes = _lay(photos)
        settings = settle({"output": out, "mask": True}, {})
        manifest = Manifest(StorePath.of(out))
        manifest.prepare()
        jobs = Planner([StorePath.of(photos)], settings).plan(results).jobs
        counts = _counted(StorePath.of(out))
        run = Run(
            Wishes.of(settings, 100_000_000),
            manifest,
            StandIn(0.0).solve,
            lambda _event: None,
            lambda _engine: None,
            threading.Event(),
            Deaths(manifest).watched,  # as on a cluster
        )
        run.work_off(ListFeed(jobs, threading.Event()), lambda: None)
        done = list(manifest.records())
        assert len(done) == PHOTOS
        requests = dict(counts)
    return {
        "photos": PHOTOS,
        "megapixels": 12,
        **{f"{kind}_a_photo": round(count / PHOTOS, 2) for kind, count in sorted(requests.items())},
        "photo_bytes": photo_bytes,
        "mask_bytes": mask_bytes,
    }


def _lay(photos: str) -> tuple[int, int]:
    """Put photos there; the bytes of one, and of a mask of its subject."""
    image, alpha, _ = scene(*SIZES[12], 0.1)
    held = io.BytesIO()
    Image.fromarray(image).save(held, "JPEG", quality=92)
    for index in range(PHOTOS):
        stores.lay(f"{photos}/{index}.jpg", held.getvalue())
    mask = io.BytesIO()
    formats.write_mask(mask, alpha=np.round(alpha * 255).astype(np.uint8), kind="png")
    return len(held.getvalue()), len(mask.getvalue())


def _counted(place: StorePath) -> Counter[str]:
    """Counts what is asked of a store from now on, by kind."""
    counts: Counter[str] = Counter()
    with place._asked() as filesystem:
        whole = filesystem._call_s3

        async def call(method: str, *arguments: Any, **more: Any) -> Any:
            name = "".join(part.capitalize() for part in method.split("_"))
            counts[_KINDS.get(name, name)] += 1
            return await whole(method, *arguments, **more)

        filesystem._call_s3 = call
    return counts
