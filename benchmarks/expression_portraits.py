"""What expression does to real portraits, beside doing nothing and a plain thin-plate warp of the same landmarks.

Every portrait gets one turn of the head, one gaze, one smile, one change of lids or jaw, and several of these together,
chosen by its number. The result is measured by the networks that measured the source.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import cv2
import numpy as np
from atelier_expression.adjust import Adjusted, Plan, adjust, plan_adjustment
from atelier_expression.controls import Adjustment, Part
from atelier_expression.goal import CLOSED_MOUTH
from atelier_expression.measures import error, may_change
from atelier_expression.scene import Scene, scene
from atelier_expression.settle import GAINS, movement, readings
from atelier_expression.wishes import Wish
from atelier_imaging.analysis import follow
from atelier_imaging.decode import decode
from atelier_imaging.measures import outside_mask_difference
from atelier_imaging.measures.identity import identity_similarity
from atelier_imaging.portrait import Portrait
from atelier_imaging.warp.flow import Flow
from atelier_imaging.warp.grid import Grid
from atelier_imaging.warp.resample import resample
from atelier_models.home import default_home
from atelier_sdk.errors import AtelierError
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels
from scipy.interpolate import RBFInterpolator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from atelier_imaging.face import Face
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

# A class of skin, a way, and what was measured of one result.
Figures: TypeAlias = tuple[str, str, dict[str, float]]
POSES: Final = tuple(
    Adjustment(**{f"{axis}_degrees": sign * amount})
    for axis, amount in (("yaw", 15.0), ("pitch", 12.0), ("roll", 12.0), ("yaw", 8.0), ("pitch", 6.0))
    for sign in (1.0, -1.0)
)
GAZES: Final = tuple(
    Adjustment(**{f"gaze_{axis}_degrees": sign * amount})
    for axis, amount in (("x", 12.0), ("y", 8.0), ("x", 6.0))
    for sign in (1.0, -1.0)
)
SMILES: Final = tuple(Adjustment(smile=amount) for amount in (0.5, 1.0, -0.3))
PARTS: Final = (
    Adjustment(left_eye_open=-0.3, right_eye_open=-0.3),
    Adjustment(jaw_open=0.5),
    Adjustment(left_eye_open=0.4, right_eye_open=0.4),
    Adjustment(jaw_open=-0.4),
)
WAYS: Final = ("atelier", "nothing", "thin plate")
GATES: Final = {"pose": 2.0, "gaze": 3.0, "ratio": 0.10}
KINDS: Final = {
    **dict.fromkeys(("pitch_degrees", "yaw_degrees", "roll_degrees"), "pose"),
    **dict.fromkeys(("left_x", "left_y", "right_x", "right_y"), "gaze"),
    **dict.fromkeys(("smile", "mouth_open", "left_eye_open", "right_eye_open"), "ratio"),
}
SIMILARITY: Final = 0.65


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A portrait as one of the ways made it: its pixels, where its points should be, and what flow it took."""

    pixels: Pixels
    mesh: NDArray[np.float32]
    flow: Flow | None


def asked_of(index: int) -> list[Adjustment]:
    """Return what is asked of the portrait of that number."""
    pose, gaze = POSES[index % len(POSES)], GAZES[index % len(GAZES)]
    smile, part = SMILES[index % len(SMILES)], PARTS[index % len(PARTS)]
    both = Adjustment(
        yaw_degrees=pose.yaw_degrees / 2,
        pitch_degrees=pose.pitch_degrees / 2,
        roll_degrees=pose.roll_degrees / 2,
        gaze_x_degrees=gaze.gaze_x_degrees / 2,
        gaze_y_degrees=gaze.gaze_y_degrees / 2,
        smile=smile.smile,
    )
    return [pose, gaze, smile, part, both]


def results(portrait: Portrait, plan: Plan, adjusted: Adjusted) -> dict[str, Result]:
    """Make the same change three ways."""
    pixels, face = portrait.picture.pixels, plan.face
    shown = adjusted.scene
    if shown is None:
        raise ValueError("nothing was asked")
    return {
        "atelier": Result(adjusted.picture.pixels, shown.mesh, shown.flow),
        "nothing": Result(pixels, face.mesh, None),
        "thin plate": thin_plate(pixels, face, plan),
    }


def thin_plate(pixels: Pixels, face: Face, plan: Plan) -> Result:
    """Move every fourth landmark to where the asked angles and shares put it, the picture's border held."""
    height, width = pixels.shape[:2]
    plain = movement(face, plan.asked, plan.goal, {name: 1 / gain for name, gain in GAINS.items()})
    goal: Scene = scene(face, plain, (width, height))
    chosen = np.arange(0, 468, 4)
    edge = [(x, y) for x in np.linspace(0, width, 6) for y in (0, height)]
    edge += [(x, y) for y in np.linspace(0, height, 6)[1:-1] for x in (0, width)]
    border = np.array(edge)
    before = np.concatenate([face.mesh[chosen, :2], border])
    after = np.concatenate([goal.mesh[chosen, :2], border])
    grid = Grid.covering(0, 0, width, height, max(1.0, max(width, height) / 96))
    nodes = grid.nodes()
    spline = RBFInterpolator(after, before - after, kernel="thin_plate_spline", smoothing=1e-3)
    flow = Flow(grid, np.asarray(spline(nodes.reshape(-1, 2)), np.float32).reshape(nodes.shape))
    return Result(resample(pixels, flow), goal.mesh, flow)


def measured(portrait: Portrait, plan: Plan, shown: Scene, result: Result, models: CallModels) -> dict[str, float]:
    """Measure one result; what could not be measured is left out."""
    face = plan.face
    found = follow(result.pixels, result.mesh, models)
    if found is None:
        return {"lost": 1.0}
    figures: dict[str, float] = {"lost": 0.0}
    for knob, (asked, read) in readings(face, found, result.mesh, plan.goal).items():
        kind = KINDS[knob]
        figures[kind] = max(figures.get(kind, 0.0), error(face, knob, asked, read))
    if result.flow is not None:
        figures["jacobian"] = float(result.flow.jacobian().min())
    mask = may_change(portrait, shown)
    background = outside_mask_difference(portrait.picture.pixels, result.pixels, mask).value
    if background is not None:
        figures["background"] = background / (np.iinfo(result.pixels.dtype).max / 255)
    if face.expression.mouth_open < CLOSED_MOUTH:
        figures["mouth"] = found.expression.mouth_open
    edited = Portrait.of_known(portrait.picture.with_pixels(result.pixels), (found,), models)
    similarity = identity_similarity(portrait, face, edited, models).value
    if similarity is not None:
        figures["similarity"] = similarity
    return figures


def tone_of(portrait: Portrait, face: Face) -> str:
    """Name the class of a face's skin by its typology angle."""
    angle = portrait.ita_degrees(face)
    if angle is None:
        return "no colour"
    names = ((41.0, "light"), (28.0, "intermediate"), (10.0, "tan"))
    return next((name for limit, name in names if angle > limit), "brown and dark")


def tables(figures: Sequence[Figures]) -> list[str]:
    """Write the tables."""
    lines = ["| measure | " + " | ".join(WAYS) + " |", "|---|" + "---|" * len(WAYS)]
    for kind, gate, unit in (("pose", 2.0, "°"), ("gaze", 3.0, "°"), ("ratio", 0.10, "")):
        cells = [_cell([each[kind] for _, way, each in figures if way == w and kind in each], gate, unit) for w in WAYS]
        lines.append(f"| {kind} error: median / 95 % / share within {gate:g}{unit} | " + " | ".join(cells) + " |")
    promises: tuple[tuple[str, str, Callable[[float], bool]], ...] = (
        ("flow folds nowhere", "jacobian", lambda value: value > 0),
        ("background unchanged", "background", lambda value: value == 0),
        ("closed mouths still closed", "mouth", lambda value: value < CLOSED_MOUTH + 0.03),
        (f"similarity at least {SIMILARITY}", "similarity", lambda value: value >= SIMILARITY),
        ("face found again", "lost", lambda value: value == 0),
    )
    for title, key, passes in promises:
        cells = []
        for way in WAYS:
            values = [each[key] for _, w, each in figures if w == way and key in each]
            share = 100 * float(np.mean([passes(value) for value in values])) if values else 0.0
            cells.append(f"{share:.1f} % of {len(values)}" if values else "-")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    lines += ["", "| skin | pictures | pose within 2° | gaze within 3° | ratios within 10 % |", "|---|---|---|---|---|"]
    for tone in sorted({tone for tone, _, _ in figures}):
        own = [each for t, way, each in figures if t == tone and way == "atelier"]
        shares = [_share([each[kind] for each in own if kind in each], gate) for kind, gate in GATES.items()]
        lines.append(f"| {tone} | {len(own)} | " + " | ".join(shares) + " |")
    return lines


def _cell(values: Sequence[float], gate: float, unit: str) -> str:
    if not values:
        return "-"
    middle, most = np.percentile(values, [50, 95])
    return f"{middle:.2f}{unit} / {most:.2f}{unit} / {_share(values, gate)}"


def _share(values: Sequence[float], gate: float) -> str:
    return f"{100 * np.mean(np.array(values) <= gate):.1f} %" if values else "-"


def measure(folder: Path, count: int) -> tuple[list[Figures], dict[str, int]]:
    """Measure every way on `count` portraits spread over a folder; say also how often what was refused."""
    cv2.setNumThreads(1)
    backend = InProcessModels(default_home() / "models")
    paths = sorted(folder.glob("*.jpg"))
    figures: list[Figures] = []
    refused: dict[str, int] = defaultdict(int)
    for index, path in enumerate(paths[:: max(1, len(paths) // count)][:count]):
        models = CallModels(backend, cancellation=Cancellation(), deadline=time.monotonic() + 600)
        portrait = Portrait(decode(path.read_bytes()), models)
        if not portrait.faces:
            continue
        tone = tone_of(portrait, portrait.faces[0])
        for change in asked_of(index):
            try:
                plan = plan_adjustment(Wish(change, None, Part.ALL, ()), portrait, portrait.faces[0], models)
            except AtelierError as refusal:
                refused[refusal.reason] += 1
                continue
            adjusted = adjust(portrait, plan)
            if adjusted.scene is None:
                continue
            for way, result in results(portrait, plan, adjusted).items():
                figures.append((tone, way, measured(portrait, plan, adjusted.scene, result, models)))
    return figures, dict(refused)
