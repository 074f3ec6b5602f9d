"""Upscale: portraits to 2K and 4K."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from atelier.v1 import upscale_pb2

from atelier_client.editing import CallOptions, begin, common, result
from atelier_client.parameters import given
from atelier_client.steps import Method, Steps, heard_call

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier.v1 import report_pb2

    from atelier_client.pictures import PictureSource
    from atelier_client.result import PictureResult
    from atelier_client.session import Session

_UPSCALE = Method(
    "/atelier.v1.UpscaleService/Upscale",
    upscale_pb2.UpscaleRequest,
    upscale_pb2.UpscaleResponse,
    server_streams=True,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call is: the stage, how many of its steps are done, and how many there are (0: not known).

    In the stage `queued`, `queue_position` is how many calls are served before it, and `queue_seconds` about how long
    that takes (0: not known).
    """

    stage: str
    steps_done: int
    steps_total: int
    queue_position: int = 0
    queue_seconds: float = 0.0


def upscale(
    session: Session,
    image: PictureSource,
    *,
    target: str | None = None,
    scale: float | None = None,
    fidelity: float | None = None,
    denoise: float | None = None,
    grain: float | None = None,
    seed: int | None = None,
    force: bool = False,
    model: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    **options: Unpack[CallOptions],
) -> Steps[PictureResult]:
    """Enlarge a picture, to a `target` by name ("2K", "4K") or by a `scale` of 1 to 4; without either, by 2.

    `fidelity`, `denoise` and `grain` are 0..1, `model` names another upscaler that is installed, `force` works on a
    picture that is as large already. `on_progress` is told how far the work is, tile by tile; the asynchronous client
    calls it on the event loop.

    Errors: AtelierCallError (IMAGE_TOO_LARGE, PRESET_UNKNOWN, FIELD_OUT_OF_RANGE, MODEL_NOT_INSTALLED,
    DEADLINE_TOO_SHORT …); PictureError; OSError; ValueError where both `target` and `scale` are given.
    """
    if target is not None and scale is not None:
        raise ValueError("target and scale exclude each other: give one of them")
    operation = begin(session, options)
    fields = yield from common(operation, image, options)
    wanted = given(
        target=target,
        scale=scale,
        fidelity=fidelity,
        denoise=denoise,
        grain=grain,
        seed=seed,
        force=force or None,
        model=model,
    )
    request = upscale_pb2.UpscaleRequest(upscaling=upscale_pb2.Upscaling(**wanted), **fields)
    answers = yield from heard_call(operation, _UPSCALE, request, lambda answer: _tell(on_progress, answer))
    done = answers[-1].result
    return (yield from result(operation, done.image, done.report))


def _tell(on_progress: Callable[[Progress], None] | None, answer: upscale_pb2.UpscaleResponse) -> None:
    if on_progress is not None and answer.HasField("progress"):
        on_progress(progress_of(answer.progress))


def progress_of(told: report_pb2.Progress) -> Progress:
    """Read what a call says of how far it is."""
    return Progress(told.stage, told.steps_done, told.steps_total, told.queue_position, told.queue_seconds)
