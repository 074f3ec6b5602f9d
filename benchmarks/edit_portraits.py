"""Edit on real portraits: the light that was asked for, found back; gates by class of skin; detail by control."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
from atelier_edit.enhance.measures import detail_energy, enhance_measures
from atelier_edit.enhance.operation import enhance
from atelier_edit.enhance.plan import EnhanceAsk, plan_enhance
from atelier_edit.relight import relight
from atelier_edit.relight_measures import relight_measures
from atelier_edit.relight_plan import RelightAsk, plan_relight
from atelier_imaging.color import decode_transfer, luminance
from atelier_imaging.decode import decode
from atelier_imaging.measures import Gate, Verdict, identity_similarity, judged
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from atelier_imaging.face import Face
    from atelier_imaging.measures import Measure
    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

PATTERNS: Final = ("rembrandt", "loop", "butterfly", "split", "window", "golden-hour")
STEPS: Final = (20.0, 40.0, 60.0, 80.0, 100.0)
CONTROLS: Final = {
    "skin_detail": Region.SKIN,
    "eyes": Region.EYES,
    "lips": Region.LIPS,
    "hair": Region.HAIR,
    "sharpen": Region.FACE,
}
# Chardon, Cretois and Hourseau: Skin colour typology and suntanning pathways. 1991.
CLASSES: Final = ((55.0, "very light"), (41.0, "light"), (28.0, "intermediate"), (10.0, "tan"), (-90.0, "brown, dark"))
COLORLESS: Final = "without colour"
# A change of light of a tenth beside an edge is hardly seen; one of a fifth is.
HALO: Final = Gate(maximum=0.1, fail_above=0.2)
_SECTORS, _FEWEST_PIXELS, _DARKEST = 36, 30, 0.01
# Portraits with fewer pixels have no texture to be measured; they are enlarged to this first.
_INTEROCULAR: Final = 80.0


@dataclass(frozen=True, slots=True)
class Taken:
    """One measure of one portrait under one pattern, and the portrait's class of skin."""

    pattern: str
    skin: str
    measure: Measure


def opened(path: Path, runner: ModelRunner) -> tuple[Portrait, Face] | None:
    """Open a portrait of one person, enlarged where its face is small; None where there is none."""
    portrait = Portrait(decode(path.read_bytes()), runner)
    if len(portrait.faces) != 1:
        return None
    by = _INTEROCULAR / portrait.faces[0].interocular_pixels
    if by > 1:
        large = cv2.resize(portrait.picture.pixels, None, fx=by, fy=by, interpolation=cv2.INTER_CUBIC)
        grown = Picture.from_array(np.asarray(large, portrait.picture.pixels.dtype), portrait.picture.space)
        source = replace(grown.source, was_grey=portrait.picture.source.was_grey)
        portrait = Portrait(replace(grown, source=source), runner)
    return (portrait, portrait.faces[0]) if len(portrait.faces) == 1 else None


def chosen(paths: Sequence[Path], count: int, runner: ModelRunner) -> list[Path]:
    """Choose portraits of one person, as many of each class of skin as there are, up to an equal share of `count`.

    They are taken in an order that has nothing to do with their names, until every class is full.
    """
    kinds = [name for _, name in CLASSES] + [COLORLESS]
    share = -(-count // len(kinds))
    found: dict[str, list[Path]] = {name: [] for name in kinds}
    for path in sorted(paths, key=lambda path: sha256(path.name.encode()).digest()):
        if all(len(each) >= share for each in found.values()):
            break
        portrait = Portrait(decode(path.read_bytes()), runner)
        if len(portrait.faces) != 1:
            continue
        own = found[skin_class(portrait.ita_degrees())]
        if len(own) < share:
            own.append(path)
    return [path for each in found.values() for path in each]


def measure_light(paths: Sequence[Path], runner: ModelRunner) -> list[Taken]:
    """Relight every portrait by every pattern."""
    return [taken for path in paths for taken in _relit(path, runner)]


def _relit(path: Path, runner: ModelRunner) -> Iterator[Taken]:
    sitter = opened(path, runner)
    if sitter is None:
        return
    portrait, face = sitter
    skin = skin_class(portrait.ita_degrees(face))
    for pattern in PATTERNS:
        plan = plan_relight(RelightAsk(pattern=pattern), portrait, face)
        relit = relight(portrait, plan)
        measures = [
            *relight_measures(portrait, relit, plan, face),
            halo(portrait.picture, relit, portrait.mask(Region.PERSON), face.interocular_pixels),
            identity_similarity(portrait, face, relit, runner),
        ]
        yield from (Taken(pattern, skin, each) for each in measures)


def halo(before: Picture, after: Picture, person: NDArray[np.float32], interocular: float) -> Measure:
    """Measure whether the backdrop right beside the person changed otherwise than the backdrop further off.

    Seen from the person, around: the logarithm of light after over before within 6 % of the distance between the
    pupils, against that of 20 to 35 %; the value is the 95th percentile over directions. The silhouette itself is no
    seam: light is meant to differ across it.
    """
    away = cv2.distanceTransform((person == 0).astype(np.uint8), cv2.DIST_L2, 5) / interocular
    light = [luminance(decode_transfer(one.pixels), one.space) + np.float32(_DARKEST) for one in (before, after)]
    y, x = np.mgrid[: person.shape[0], : person.shape[1]]
    angle = np.arctan2(y - np.average(y, weights=person), x - np.average(x, weights=person))
    sector = np.floor((angle / np.pi + 1) * _SECTORS / 2).astype(int) % _SECTORS
    found = [0.0]
    for number in range(_SECTORS):
        rings = [(low < away) & (away < high) & (sector == number) for low, high in ((0, 0.06), (0.2, 0.35))]
        if min(ring.sum() for ring in rings) >= _FEWEST_PIXELS:
            near, far = (np.log(light[1][ring].mean() / light[0][ring].mean()) for ring in rings)
            found.append(abs(float(near - far)))
    value = float(np.percentile(found, 95))
    return judged("halo", value, "log_light", HALO, f"Beside the person light changed by {100 * value:.0f} % more.")


def skin_class(ita_degrees: float | None) -> str:
    """Name the class of a typology angle."""
    if ita_degrees is None:
        return COLORLESS
    return next(name for lowest, name in CLASSES if ita_degrees >= lowest)


def light_tables(taken: Sequence[Taken]) -> list[str]:
    """Say by pattern how far the light that is found is off, and by class of skin which gates hold."""
    return [*_by_pattern(taken), *_by_skin(taken)]


def _by_pattern(taken: Sequence[Taken]) -> list[str]:
    lines = [
        "The light of relit portraits, found back in them. Median error, in brackets the share within 10° and 15 %:",
        "",
        "| pattern | azimuth off | ratio off | lit triangle |",
        "|---|---|---|---|",
    ]
    for pattern in PATTERNS:
        azimuth = _errors(taken, pattern, "key_azimuth", relative=False)
        ratio = _errors(taken, pattern, "light_ratio", relative=True)
        triangle = [each.measure.verdict for each in _of(taken, pattern, "rembrandt_triangle")]
        cell = f"{100 * np.mean([one is Verdict.PASS for one in triangle]):.0f} %" if triangle else ""
        lines.append(f"| {pattern} | {_error(azimuth, 10, '°', 1)} | {_error(ratio, 0.15, ' %', 100)} | {cell} |")
    return [*lines, ""]


def _errors(taken: Sequence[Taken], pattern: str, name: str, *, relative: bool) -> list[float]:
    """Return how far values lie from the middle of their gates, which is what was asked for."""
    errors = []
    for each in _of(taken, pattern, name):
        value, low, high = each.measure.value, each.measure.minimum, each.measure.maximum
        if value is not None and low is not None and high is not None:
            asked = (low + high) / 2
            errors.append(abs(value - asked) / (asked if relative else 1))
    return errors


def _error(errors: Sequence[float], within: float, unit: str, scale: float) -> str:
    if not errors:
        return ""
    return f"{scale * np.median(errors):.1f}{unit} ({100 * np.mean(np.array(errors) <= within):.0f} %)"


def _of(taken: Sequence[Taken], pattern: str, name: str) -> list[Taken]:
    return [each for each in taken if each.pattern == pattern and each.measure.name == name]


def _by_skin(taken: Sequence[Taken]) -> list[str]:
    names = ("texture_ratio", "global_shift", "halo", "identity_similarity", "key_azimuth", "light_ratio")
    lines = [
        "Gates by class of skin (typology angle), over all patterns: median, in brackets what did not fail:",
        "",
        f"| skin | portraits | {' | '.join(name.replace('_', ' ') for name in names)} |",
        f"|---|---|{'---|' * len(names)}",
    ]
    for skin in [*(name for _, name in CLASSES), COLORLESS, "all"]:
        own = [each for each in taken if skin in ("all", each.skin)]
        shifts = len([each for each in own if each.measure.name == "global_shift"]) // len(PATTERNS)
        if shifts:
            lines.append(f"| {skin} | {shifts} | {' | '.join(_held(own, name) for name in names)} |")
    return [*lines, ""]


def _held(taken: Sequence[Taken], name: str) -> str:
    measured = [each.measure for each in taken if each.measure.name == name and each.measure.value is not None]
    if not measured:
        return "not measured"
    kept = 100 * np.mean([each.verdict is not Verdict.FAIL for each in measured])
    if name in ("key_azimuth", "light_ratio"):
        return f"({kept:.0f} %)"
    return f"{np.median([each.value or 0.0 for each in measured]):.2f} ({kept:.0f} %)"


@dataclass(frozen=True, slots=True)
class Enhanced:
    """What every step of a control did to one portrait: gradients after over before, and the measures of the last."""

    control: str
    gains: tuple[float, ...]
    measures: tuple[Measure, ...]


def measure_detail(paths: Sequence[Path], runner: ModelRunner) -> list[Enhanced]:
    """Enhance every portrait with every control, in five steps."""
    return [each for path in paths if (sitter := opened(path, runner)) for each in _enhanced(*sitter)]


def _enhanced(portrait: Portrait, face: Face) -> Iterator[Enhanced]:
    for control, region in CONTROLS.items():
        gains: list[float] = []
        last: tuple[Measure, ...] = ()
        for step in STEPS:
            given: dict[str, Any] = {"skin_detail": 0.0, "smart_grain": 0.0, control: step}
            ask = EnhanceAsk(**given)
            plan = plan_enhance(ask, portrait, face)
            picture = enhance(portrait.picture, plan)
            gain = detail_energy(portrait.picture.pixels, picture.pixels, portrait.mask(region, face))
            gains.append(gain if gain is not None else float("nan"))
            if step == STEPS[-1]:
                last = enhance_measures(portrait, picture, plan)
        yield Enhanced(control, tuple(gains), last)


def detail_tables(measured: Sequence[Enhanced]) -> list[str]:
    """Say by control what each step does, how often it grows, and the worst of the gates at 100."""
    lines = [
        f"Detail by control, gradients after over before in its own region, mean of {len(measured) // len(CONTROLS)} "
        "portraits; at 100 the lowest texture ratio of skin, and the 95th percentile of the edges' overshoot:",
        "",
        f"| control | {' | '.join(f'{step:.0f}' for step in STEPS)} | grows | texture | overshoot |",
        f"|---|{'---|' * (len(STEPS) + 3)}",
    ]
    by_control = defaultdict(list)
    for each in measured:
        by_control[each.control].append(each)
    for control, own in by_control.items():
        gains = np.array([each.gains for each in own])
        gains = gains[np.isfinite(gains).all(axis=1)]
        grows = (np.diff(gains, axis=1) >= -1e-4).all(axis=1).mean()
        steps = " | ".join(f"{gain:.3f}" for gain in gains.mean(axis=0))
        texture, edges = _values(own, "texture_ratio"), _values(own, "overshoot")
        worst = f"{min(texture):.2f} | {np.percentile(edges, 95):.3f}" if texture and edges else "|"
        lines.append(f"| {control.replace('_', ' ')} | {steps} | {100 * grows:.0f} % | {worst} |")
    return [*lines, ""]


def _values(own: Sequence[Enhanced], name: str) -> list[float]:
    return [one.value for each in own for one in each.measures if one.name == name and one.value is not None]
