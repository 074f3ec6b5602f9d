"""The critic: every measure taken and judged, and one score of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier_imaging.measures import Verdict, skin_delta_e, texture_ratio
from atelier_imaging.region import Region

from atelier_inspect import calibration as calibrations
from atelier_inspect.catalogue import NATURAL_COLOUR, SPECS
from atelier_inspect.measures.tones import colours
from atelier_inspect.people import classes_of
from atelier_inspect.scene import Sample, Scene

if TYPE_CHECKING:
    from atelier_imaging.face import Box, Face
    from atelier_imaging.measures import Measure
    from atelier_imaging.portrait import Portrait

    from atelier_inspect.calibration import Bounds, Calibration
    from atelier_inspect.catalogue import Spec

# The score: a measure counts in full while at least this share of real portraits is as odd, and less below.
_USUAL: Final = 0.10
# Below these the whole reads as doubtful, and as not real. Of 679 real portraits 0.6 % and none were below.
PASS_FROM, FAIL_BELOW = 0.75, 0.60
# Of the weights, so much must have been measured, else there is no score.
_LEAST_MEASURED: Final = 0.5


@dataclass(frozen=True, slots=True)
class Finding:
    """One measure: its value, where real portraits have it, the verdict, the evidence and a sentence.

    `percentile` is the share of real portraits with a lower value, 0..100; both are None where it could not be taken.
    `minimum` and `maximum` bound what passes. `box` is in pixels of the picture. `credit` is what it adds to the
    score, 0..1 of its `weight`.
    """

    name: str
    unit: str
    value: float | None
    percentile: float | None
    minimum: float | None
    maximum: float | None
    verdict: Verdict
    box: Box | None
    explanation: str
    weight: float
    credit: float


@dataclass(frozen=True, slots=True)
class Critique:
    """What the critic says of one face.

    `realism` is 0..1, the mean credit of the measures that have a weight and could be taken, by weight; None where too
    few could. `classes` are those of people whose portraits it was held against as well, the skin tone first;
    `differences` are measures against the source, where there is one.
    """

    realism: float | None
    verdict: Verdict
    explanation: str
    classes: tuple[str, ...]
    findings: tuple[Finding, ...]
    differences: tuple[Measure, ...]


def criticise(
    portrait: Portrait,
    source: Portrait | None = None,
    face: Face | None = None,
    calibration: Calibration | None = None,
) -> Critique:
    """Judge a face (the largest unless told) against real portraits, and against its source where there is one.

    Raises NoFaceError where the picture has no face.
    """
    scene, known = Scene(portrait, face), calibration or calibrations.default()
    people = classes_of(scene)
    findings = tuple(_judged(spec, _taken(spec, scene, known), known, people) for spec in SPECS)
    realism = _score(findings)
    return Critique(
        realism, _verdict(realism, findings), _summary(realism, findings), people, findings, _differences(scene, source)
    )


def _taken(spec: Spec, scene: Scene, calibration: Calibration) -> Sample:
    if spec.take is not None:
        return spec.take(scene)
    assert spec.name == NATURAL_COLOUR  # noqa: S101 - the only one that needs the calibration to be measured
    found = colours(scene)
    if found is None:
        return Sample(None, scene.whole_face.box, "The picture has no colour, or too little skin is visible.")
    return Sample(calibration.colour_distance(found), scene.box_of(scene.patches))


def _judged(spec: Spec, sample: Sample, calibration: Calibration, people: tuple[str, ...]) -> Finding:
    bounds = calibration.bounds(spec, people)
    if sample.value is None:
        verdict, said, percentile, credit = Verdict.NOT_MEASURABLE, sample.why, None, 0.0
    else:
        percentile = calibration.percentile(spec.name, sample.value)
        verdict, said = _against(spec, sample.value, bounds)
        credit = _credit(sample.value, calibration.rarity(spec, sample.value, people), bounds)
    return Finding(
        spec.name, spec.unit, sample.value, percentile, bounds.warn_low, bounds.warn_high, verdict, sample.box, said,
        spec.weight, credit,
    )  # fmt: skip


def _against(spec: Spec, value: float, bounds: Bounds) -> tuple[Verdict, str]:
    """Return the verdict on a value and its sentence."""
    low = bounds.warn_low is not None and value < bounds.warn_low
    high = bounds.warn_high is not None and value > bounds.warn_high
    if not (low or high):
        return Verdict.PASS, spec.good
    far = (bounds.fail_low is not None and value < bounds.fail_low) or (
        bounds.fail_high is not None and value > bounds.fail_high
    )
    fails = far and spec.weight > 0 and not spec.warns_only
    return (Verdict.FAIL if fails else Verdict.WARN), (spec.low if low else spec.high)


def _credit(value: float, rarity: float, bounds: Bounds) -> float:
    """Return 1 for a usual value, less for one that few real portraits have, 0 where it fails."""
    if (bounds.fail_low is not None and value < bounds.fail_low) or (
        bounds.fail_high is not None and value > bounds.fail_high
    ):
        return 0.0
    return 0.25 + 0.75 * min(1.0, rarity / _USUAL)


def _score(findings: tuple[Finding, ...]) -> float | None:
    measured = [finding for finding in findings if finding.value is not None]
    weight = sum(finding.weight for finding in measured)
    if weight < _LEAST_MEASURED:
        return None
    return sum(finding.weight * finding.credit for finding in measured) / weight


def _verdict(realism: float | None, findings: tuple[Finding, ...]) -> Verdict:
    """Judge the score; one measure that fails is enough to warn, whatever the others say."""
    if realism is None:
        return Verdict.NOT_MEASURABLE
    if realism < FAIL_BELOW:
        return Verdict.FAIL
    fails = any(finding.verdict is Verdict.FAIL for finding in findings)
    return Verdict.WARN if fails or realism < PASS_FROM else Verdict.PASS


def _summary(realism: float | None, findings: tuple[Finding, ...]) -> str:
    if realism is None:
        return "Too little of the face could be measured to say whether it looks real."
    odd = [f for f in findings if f.weight and f.verdict in (Verdict.WARN, Verdict.FAIL)]
    if not odd:
        return "Nothing about the face tells it from a photograph."
    worst = max(odd, key=lambda finding: finding.weight * (1 - finding.credit))
    return worst.explanation


def _differences(scene: Scene, source: Portrait | None) -> tuple[Measure, ...]:
    """Measure what became of the source's skin; nothing where the sizes differ."""
    if source is None or source.picture.pixels.shape != scene.whole.picture.pixels.shape:
        return ()
    before, after, space = source.picture.pixels, scene.whole.picture.pixels, source.picture.space
    distance = scene.whole_face.interocular_pixels
    regions = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
    masks = {region: scene.whole.mask(region, scene.whole_face) for region in (*regions, Region.SKIN)}
    taken = [texture_ratio(before, after, masks[region], space, distance, region) for region in regions]
    return (*taken, skin_delta_e(before, after, masks[Region.SKIN], space, distance))
