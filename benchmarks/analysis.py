"""Face analysis of a 1024 × 1024 JPEG: in a service behind Triton, and with the same models in process.

The service's own figures are the report's: stages `decode` and `analyse` (detector, mesh twice, irises, pose, gaze,
expression). Both sides take turns, so that a machine whose speed drifts drifts for both. The masks, which an operation
asks for one by one, are timed in process.
"""

from __future__ import annotations

import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

import skimage.data
from atelier_client import Atelier, SkinTone
from atelier_imaging.decode import decode
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region
from atelier_local.stack import running_stack
from atelier_models.home import default_home
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels
from PIL import Image

ROUNDS = 80
WARM_UP = 5
GOAL_MS, GOAL_RATIO = 60.0, 1.3
REGIONS = (Region.PERSON, Region.FACE, Region.SKIN, Region.HAIR)


def photograph() -> bytes:
    """Encode the astronaut at 1024 × 1024 as a JPEG of quality 92."""
    buffer = io.BytesIO()
    large = Image.fromarray(skimage.data.astronaut()).resize((1024, 1024), Image.Resampling.LANCZOS)
    large.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def opened(jpeg: bytes, backend: InProcessModels) -> Portrait:
    """Decode and analyse here."""
    models = CallModels(backend, cancellation=Cancellation(), deadline=time.monotonic() + 60)
    portrait = Portrait(decode(jpeg), models)
    if len(portrait.faces) != 1:
        raise RuntimeError("the astronaut has one face")
    return portrait


def in_process(jpeg: bytes, backend: InProcessModels) -> float:
    """Decode and analyse here; milliseconds."""
    started = time.perf_counter()
    opened(jpeg, backend)
    return 1000 * (time.perf_counter() - started)


def in_service(jpeg: bytes, client: Atelier) -> float:
    """Have a service decode and analyse; milliseconds, as its report has them."""
    stages = client.style.skin_tone(jpeg, SkinTone(warmth=0.0)).report.milliseconds
    return stages["decode"] + stages["analyse"]


def mask(jpeg: bytes, backend: InProcessModels, region: Region) -> float:
    """Draw one region's mask of a picture already analysed; milliseconds."""
    portrait = opened(jpeg, backend)
    started = time.perf_counter()
    portrait.mask(region)
    return 1000 * (time.perf_counter() - started)


def main() -> None:
    """Measure, and print Markdown."""
    jpeg, backend = photograph(), InProcessModels(default_home() / "models")
    pairs = []
    with tempfile.TemporaryDirectory() as state, running_stack(Path(state)) as stack, Atelier(stack.address) as client:
        for turn in range(WARM_UP + ROUNDS):
            pair = in_service(jpeg, client), in_process(jpeg, backend)
            pairs += [pair] if turn >= WARM_UP else []
    behind, inside = (statistics.median(side) for side in zip(*pairs, strict=True))
    lines = [
        "| decode and analyse, 1024² JPEG | p50 ms | ratio | goal |",
        "|---|---|---|---|",
        f"| in a service behind Triton | {behind:.1f} | {behind / inside:.2f} | ≤ {GOAL_MS:g} ms, ≤ {GOAL_RATIO:g} × |",
        f"| the same models in process | {inside:.1f} | 1 | |",
        "",
        "| a mask after that, in process | p50 ms |",
        "|---|---|",
    ]
    for region in REGIONS:
        times = [mask(jpeg, backend, region) for _ in range(9)]
        lines.append(f"| {region.name.lower()} | {statistics.median(times):.0f} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
