"""Lens and critic at 1024 × 1024 as a caller has them: through the gateway, with models behind Triton.

`python benchmarks/plugins.py`. `in the service` are the stages that a report names; `client` is what a caller waits.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import cv2
import numpy as np
import skimage.data
from atelier_client import Atelier
from atelier_inspect.calls import inspect
from atelier_lens.calls import Glass, lens
from atelier_local.stack import running_stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_client.report import Report

SIDE, ROUNDS = 1024, 15


def photograph() -> bytes:
    """Enlarge the astronaut's head and shoulders and write it as a JPEG."""
    crop = skimage.data.astronaut()[:384, 40:424]
    large = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return bytes(cv2.imencode(".jpg", np.ascontiguousarray(large[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 92])[1])


def row(name: str, goal: int, call: Callable[[], Report]) -> str:
    """Call again and again, after one call that loads what is loaded on first use."""
    call()
    waited, worked = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        report = call()
        waited.append(1000 * (time.perf_counter() - started))
        worked.append(sum(report.milliseconds.values()))
    figures = [min(worked), median(worked), min(waited), median(waited)]
    return f"| {name} | {' | '.join(f'{each:.0f}' for each in figures)} | ≤ {goal} ms |"


def seen_through(client: Atelier, picture: bytes, glass: Glass) -> Callable[[], Report]:
    """Return a call of the lens."""
    return lambda: client.perform(lens, picture, glass).report


def main() -> None:
    """Write the table."""
    picture = photograph()
    glasses = {
        "lens, 85 mm, f/1.8": Glass(aperture=1.8),
        "lens, 85 mm, f/4": Glass(aperture=4.0),
        "lens, another background": Glass(colour="#7a8c99"),
        "lens, perspective of 35 mm": Glass(focal_mm=35.0, taken_with_mm=85.0),
    }
    with (
        tempfile.TemporaryDirectory() as state,
        running_stack(Path(state)) as stack,
        Atelier(stack.address, deadline_seconds=60) as client,
    ):
        lines = [
            f"| {SIDE}² JPEG, {ROUNDS} calls | in the service: best, ms | median | client: best, ms | median | goal |",
            "|---|---|---|---|---|---|",
            *(row(name, 400, seen_through(client, picture, glass)) for name, glass in glasses.items()),
            row("inspect", 150, lambda: client.perform(inspect, picture).report),
        ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
