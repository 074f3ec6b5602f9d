"""Face analysis of a 1024 × 1024 JPEG: in a service behind Triton, and with the same models in process.

The service's own figures are the report's: stages `decode` and `analyse`. Both sides take turns, so that a machine
whose speed drifts drifts for both.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
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

ROUNDS = 60
WARM_UP = 5


def photograph() -> bytes:
    """Encode the astronaut at 1024 × 1024 as a JPEG of quality 92."""
    buffer = io.BytesIO()
    large = Image.fromarray(skimage.data.astronaut()).resize((1024, 1024), Image.Resampling.LANCZOS)
    large.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def in_process(jpeg: bytes, backend: InProcessModels) -> float:
    """Decode and analyse here; milliseconds."""
    started = time.perf_counter()
    models = CallModels(backend, cancellation=Cancellation(), deadline=time.monotonic() + 60)
    portrait = Portrait(decode(jpeg), models)
    portrait.faces  # noqa: B018 - asking for them is the work
    portrait.mask(Region.PERSON)
    return 1000 * (time.perf_counter() - started)


def in_service(jpeg: bytes, client: Atelier) -> float:
    """Have a service decode and analyse; milliseconds, as its report has them."""
    stages = client.style.skin_tone(jpeg, SkinTone(warmth=0.0)).report.milliseconds
    return stages["decode"] + stages["analyse"]


def measure() -> dict[str, float]:
    """Take both figures in turn."""
    jpeg, backend = photograph(), InProcessModels(default_home() / "models")
    behind: list[float] = []
    inside: list[float] = []
    with tempfile.TemporaryDirectory() as state, running_stack(Path(state)) as stack, Atelier(stack.address) as client:
        for turn in range(WARM_UP + ROUNDS):
            pair = in_service(jpeg, client), in_process(jpeg, backend)
            if turn >= WARM_UP:
                behind.append(pair[0])
                inside.append(pair[1])
    return {
        "behind_triton_p50_ms": statistics.median(behind),
        "in_process_p50_ms": statistics.median(inside),
        "ratio": statistics.median(behind) / statistics.median(inside),
    }


def main() -> None:
    """Print the figures, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    figures = measure()
    for name, value in figures.items():
        print(f"{name:28} {value:8.2f}")  # noqa: T201 - a benchmark prints
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
