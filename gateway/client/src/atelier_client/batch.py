"""Many pictures through one operation: a few at a time, each failure kept with its file."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from atelier_client.console import is_unreachable
from atelier_client.errors import AtelierCallError, PictureError, ResourceExhaustedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from atelier_client.report import Report
    from atelier_client.result import PictureResult

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".avif", ".heic", ".heif"})
_QUEUE_VISITS = 20  # how often a full queue is asked for one picture
_WRITABLE = {".heic": ".png", ".heif": ".png"}
FORMATS = {
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".png": "png",
    ".webp": "webp",
    ".avif": "avif",
    ".tif": "tiff",
    ".tiff": "tiff",
}
"""The format that a file's suffix asks for."""
SUFFIX = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "avif": ".avif", "tiff": ".tif"}
"""The suffix that a format's files get."""


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to work on, and where the result goes."""

    source: Path
    target: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: a report and perhaps a LUT, or an error. The picture itself is saved, not kept."""

    job: Job
    report: Report | None = None
    lut: bytes = b""
    error: AtelierCallError | PictureError | OSError | None = None


def jobs_of(folder: Path, target: Path, file_format: str | None) -> list[Job]:
    """List a folder's pictures, in order of their names, with a file of the same name in `target` for each.

    Files of HEIF, which is not written, become PNG unless a format is asked for. Where two pictures would get one name
    (`a.jpg` and `a.png` as WebP), the new suffix stands behind the old one (`a.jpg.webp`). Hidden files are left out:
    they are other programs' notes, such as the `._a.jpg` that macOS puts beside `a.jpg`.
    """
    sources = sorted(path for path in folder.iterdir() if _is_picture(path))
    wanted = Counter(name_of(source, file_format) for source in sources)
    return [Job(source, target / _own_name(source, file_format, wanted)) for source in sources]


def name_of(source: Path, file_format: str | None) -> str:
    """Name the result of a picture: as its source, with the suffix of the format that is asked for."""
    suffix = SUFFIX[file_format] if file_format else _WRITABLE.get(source.suffix.lower(), source.suffix)
    return f"{source.stem}{suffix}"


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(".") and path.is_file()


def _own_name(source: Path, file_format: str | None, wanted: Counter[str]) -> str:
    name = name_of(source, file_format)
    return name if wanted[name] == 1 or name == source.name else f"{source.name}{Path(name).suffix}"


async def run(
    jobs: Sequence[Job],
    operation: Callable[[Path], Awaitable[PictureResult]],
    *,
    at_once: int,
    on_done: Callable[[Job, PictureResult | None], None],
) -> list[Outcome]:
    """Work on all jobs, `at_once` at a time, save each result, and return the outcomes in the jobs' order.

    `on_done` is told of every job that is over, with its result or None.

    Errors: UnavailableError at once when no gateway answers; all others stand in their outcome.
    """
    room = asyncio.Semaphore(at_once)

    async def one(job: Job) -> Outcome:
        async with room:
            result, outcome = await _attempt(job, operation)
        on_done(job, result)
        return outcome

    tasks = [asyncio.create_task(one(job)) for job in jobs]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


async def _patiently(operation: Callable[[Path], Awaitable[PictureResult]], source: Path) -> PictureResult:
    """Come back to a full queue when it says so, a little later than it says, so that not all come back at once."""
    for _ in range(_QUEUE_VISITS - 1):
        try:
            return await operation(source)
        except ResourceExhaustedError as error:
            if error.reason != "QUEUE_FULL" or error.retry_after_seconds is None:
                raise
            await asyncio.sleep(error.retry_after_seconds * random.uniform(1, 2))  # noqa: S311 - jitter, not secrecy
    return await operation(source)


async def _attempt(
    job: Job, operation: Callable[[Path], Awaitable[PictureResult]]
) -> tuple[PictureResult | None, Outcome]:
    try:
        result = await _patiently(operation, job.source)
        await asyncio.to_thread(result.save, job.target)
    except (AtelierCallError, PictureError, OSError) as error:
        if is_unreachable(error):
            raise
        return None, Outcome(job, error=error)
    return result, Outcome(job, result.report, result.lut)
