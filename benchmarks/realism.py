"""The realism critic: what it says of untouched portraits that it was not calibrated on, and of faults made in them.

`python benchmarks/realism.py`. Portraits come from the folder that ATELIER_PORTRAITS names. For each fault and strength
the area under the curve (AUC) is the chance that a faulty portrait measures odder than an untouched one.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import skimage.data
from atelier_client import Atelier
from atelier_imaging.decode import decode
from atelier_imaging.faceframe import to_bytes
from atelier_imaging.measures import Verdict
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region
from atelier_inspect import calibration
from atelier_inspect.calibrate import is_held_out
from atelier_inspect.calls import inspect
from atelier_inspect.catalogue import BY_NAME, NATURAL_COLOUR
from atelier_inspect.critique import criticise
from atelier_inspect.measures.tones import colours
from atelier_inspect.scene import Scene
from atelier_local.stack import running_stack
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.inspect_controls import CONTROLS, installed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from atelier_inspect.critique import Critique
    from numpy.typing import NDArray

UNTOUCHED, FAULTY = 84, 24
GOAL_AUC, GOAL_ALARMS, GOAL_SECONDS = 0.9, 0.05, 0.150
ROUNDS: Final = 12
# Hair and clothes painted: blurs in distances between the pupils (of a portrait at f/1.2 a shoulder's is 0.02), and the
# grain over them in levels.
_BRUSH: Final = (0.03, 0.06, 0.12)
_GRAIN: Final = 2.0


def around_painted(portrait: Portrait, strength: int) -> NDArray[np.uint8]:
    """Paint hair and clothes: blur the person outside the face, and lay an even grain over it."""
    pixels, face = to_bytes(portrait.picture.pixels).astype(np.float32), portrait.faces[0]
    around = portrait.mask(Region.PERSON) * (1 - portrait.mask(Region.FACE, face))
    soft = cv2.GaussianBlur(pixels, (0, 0), _BRUSH[strength] * face.interocular_pixels)
    grain = np.random.default_rng(1).normal(0, _GRAIN, pixels.shape[:2])
    return np.asarray(
        np.rint(np.clip(pixels + around[..., None] * (soft + grain[..., None] - pixels), 0, 255)), np.uint8
    )


FAULTS: Final[dict[str, tuple[Callable[[Portrait, int], NDArray[np.uint8]], str]]] = {
    **CONTROLS,
    "hair and clothes painted": (around_painted, "crispness_around_face"),
}


def value(name: str, portrait: Portrait) -> float | None:
    """Take one measure."""
    scene, spec = Scene(portrait), BY_NAME[name]
    if name == NATURAL_COLOUR:
        found = colours(scene)
        return None if found is None else calibration.default().colour_distance(found)
    return spec.take(scene).value if spec.take else None


def area(untouched: Sequence[float], faulty: Sequence[float], sign: int) -> float:
    """Return the area under the curve."""
    first, second = sign * np.array(untouched)[None], sign * np.array(faulty)[:, None]
    return float(((second > first) + 0.5 * (second == first)).mean())


def faults(portraits: Sequence[Portrait]) -> list[str]:
    """Write a table of the faults at three strengths."""
    lines = [
        f"| fault, {len(portraits)} portraits | measure | taken of | AUC, weak | middle (goal ≥ {GOAL_AUC}) | strong "
        "| warned or failed, middle | `realism` of them, median |",
        "|---" * 8 + "|",
    ]
    for fault, (make, name) in FAULTS.items():
        sign = 1 if BY_NAME[name].odd == "high" else -1
        known = [taken for portrait in portraits if (taken := value(name, portrait)) is not None]
        middle = [criticise(_with(portrait, make, 1)) for portrait in portraits]
        found = [one for critique in middle for one in critique.findings if one.name == name and one.value is not None]
        weak, strong = (
            [each for portrait in portraits if (each := value(name, _with(portrait, make, strength))) is not None]
            for strength in (0, 2)
        )
        areas = [area(known, each, sign) for each in (weak, [one.value or 0.0 for one in found], strong)]
        told = np.mean([one.verdict in (Verdict.WARN, Verdict.FAIL) for one in found])
        score = np.median([critique.realism for critique in middle if critique.realism is not None])
        shown = " | ".join(f"{each:.2f}" for each in areas)
        lines.append(f"| {fault} | `{name}` | {len(known)} | {shown} | {100 * told:.0f} % | {score:.2f} |")
        sys.stderr.write(lines[-1] + "\n")
    return [*lines, ""]


def _with(portrait: Portrait, make: Callable[[Portrait, int], NDArray[np.uint8]], strength: int) -> Portrait:
    """Make the fault, and find the face anew: a mirrored half has landmarks of its own."""
    faulty = Portrait(portrait.picture.with_pixels(make(portrait, strength)), installed())
    return faulty if faulty.faces else portrait


def alarms(critiques: Sequence[Critique]) -> list[str]:
    """Write tables of false alarms on untouched portraits: of each measure, and of the score by class of people."""
    goal = f"goal ≤ {100 * GOAL_ALARMS:.0f} %"
    lines = [f"| measure, {len(critiques)} untouched portraits | taken of | fails ({goal}) | warns |", "|---" * 4 + "|"]
    for name in BY_NAME:
        found = [one for critique in critiques for one in critique.findings if one.name == name]
        taken = [one for one in found if one.value is not None]
        shares = [100 * np.mean([one.verdict is verdict for one in taken]) for verdict in (Verdict.FAIL, Verdict.WARN)]
        lines.append(f"| `{name}` | {len(taken)} | {shares[0]:.1f} % | {shares[1]:.1f} % |")
    lines += ["", "| the score, by class of people | portraits | median | fails | warns |", "|---" * 5 + "|"]
    classes: dict[str, list[Critique]] = defaultdict(list)
    for critique in critiques:
        for name in ("all", *critique.classes):
            classes[name].append(critique)
    for name, members in classes.items():
        scores = [one.realism for one in members if one.realism is not None]
        fails, warns = (sum(one.verdict is verdict for one in members) for verdict in (Verdict.FAIL, Verdict.WARN))
        lines.append(f"| {name} | {len(members)} | {np.median(scores):.2f} | {fails} | {warns} |")
    return [*lines, ""]


def speed() -> list[str]:
    """Write a table of the running service."""
    buffer = io.BytesIO()
    large = cv2.resize(skimage.data.astronaut(), (1024, 1024), interpolation=cv2.INTER_CUBIC)
    Image.fromarray(np.asarray(large)).save(buffer, "JPEG", quality=95)
    with tempfile.TemporaryDirectory() as state, running_stack(Path(state)) as stack, Atelier(stack.address) as client:
        reports = [client.perform(inspect, buffer.getvalue()).report.milliseconds for _ in range(ROUNDS)]
    best = min(reports, key=lambda report: sum(report.values()))
    stages = ", ".join(f"{name} {milliseconds:.0f}" for name, milliseconds in best.items())
    total = sum(best.values())
    return [
        "| 1024², stages of the service in ms | best of 12 | goal |",
        "|---|---|---|",
        f"| {stages} | {total:.0f} | ≤ {1000 * GOAL_SECONDS:.0f} |",
        "",
    ]


def main() -> None:
    """Measure and print Markdown."""
    folder = Path(os.environ["ATELIER_PORTRAITS"])
    paths = [path for path in sorted(folder.glob("*.jp*g")) if is_held_out(path)]
    started = time.monotonic()
    opened = [Portrait(decode(path.read_bytes()), installed()) for path in paths[:UNTOUCHED]]
    portraits = [portrait for portrait in opened if portrait.faces]
    every = max(1, len(portraits) // FAULTY)
    lines = [*faults(portraits[::every][:FAULTY]), *alarms([criticise(portrait) for portrait in portraits])]
    sys.stderr.write(f"portraits: {time.monotonic() - started:.0f} s\n")
    sys.stdout.write("\n".join([*lines, *speed()]) + "\n")


if __name__ == "__main__":
    main()
