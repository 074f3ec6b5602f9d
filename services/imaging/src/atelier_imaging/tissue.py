"""What every pixel of a person is made of: skin, hair, clothes, or anything else.

Each kind has a place where it is expected (`priors`) and a colour that is learnt from this very picture: skin from
cheeks and nose, the others from where they are expected, by a few rounds of expectation maximisation over
histograms in CIELAB. So dark and light skin, red and grey hair, and black-and-white pictures take the same path. Beards
and glasses end up as anything else inside the face, not as skin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from scipy import ndimage

from atelier_imaging import topology
from atelier_imaging.bareskin import continuous_skin
from atelier_imaging.guided import GuidedFilter
from atelier_imaging.priors import Expectation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.faceframe import FaceFrame

SKIN, HAIR, CLOTHES, OTHER = range(4)

# Bins of L*, a* and b*, the first value and the width of each in OpenCV's 8-bit CIELAB (L* over 0..255, others + 128).
_BINS: Final = (16, 32, 32)
_FIRST: Final = (0, 96, 104)
_WIDTH: Final = (16, 2, 2)
_ROUNDS: Final = 3
# The likelihood of any colour for what is neither skin nor hair nor clothes: about that of a colour that fills a
# hundredth of the space that colours of portraits fill.
_ANY_COLOUR: Final = 1 / 2500
# Skin shines: being lighter than the cheeks speaks half as much against skin as being darker does.
_GLOSS: Final = 0.5
_UNLIKE_SKIN: Final = 0.7
# How much more a colour above the brows speaks for hair when it is nothing like the cheeks'.
_FRINGE: Final = 6.0
# Mean of |a*| and |b*| below which a picture is black and white.
_GREY_CHROMA: Final = 1.5
_GUIDE_RADIUS: Final = 0.06  # of the pupils' distance: the width of a strand
_GUIDE_EPSILON: Final = 2e-3


@dataclass(frozen=True, slots=True, eq=False)
class Tissue:
    """The shares (4, h, w) of skin, hair, clothes and anything else in a frame's pixels, and the filter made for it."""

    shares: NDArray[np.float32]
    guide: GuidedFilter

    def fit(self, kind: int) -> NDArray[np.float32]:
        """Return the share of a kind as a function of colour, to be evaluated at full size (`guided.evaluate`)."""
        return self.guide.coefficients(np.ascontiguousarray(self.shares[kind]))


def classify(frame: FaceFrame, coarse: FaceFrame, person: NDArray[np.float32]) -> Tissue:
    """Tell skin, hair and clothes apart in a frame, on the premise that all of it is a person; beards are no hair.

    What is expected where, and what colours mean, is learnt in the `coarse` frame of the same face, which is several
    times faster and no worse, from pixels that `person` (its h, w), 0..1, calls a person.
    """
    expectation = Expectation(coarse)
    priors, likelihoods = _learn(coarse, expectation, person)
    shares = _posterior(_resized(priors, frame.shape), likelihoods, _bins(_lab(frame)))
    shares[HAIR] *= 1 - _resized(expectation.beard()[None], frame.shape)[0]
    picture = frame.pixels.astype(np.float32) / np.float32(255)
    return Tissue(shares, GuidedFilter(picture, max(2, round(_GUIDE_RADIUS * frame.unit)), _GUIDE_EPSILON))


def _learn(
    frame: FaceFrame, expectation: Expectation, person: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Learn what speaks for each kind where (4, h, w), and the likelihoods (3, bins) of colours."""
    lab = _lab(frame)
    bins = _bins(lab)
    typical = _typical_skin(frame, lab)
    bare = continuous_skin(frame, person, typical)
    unlike = 1 - np.maximum(typical, bare)
    priors = _expected(expectation, lab) * _runs_on(bare)
    priors[HAIR] *= 1 + _FRINGE * expectation.fringe() * unlike**2
    weight = np.repeat((person * (1 - _features(frame)))[None], 3, axis=0)
    # Else a beard or a fringe, both where skin is expected, would teach what skin looks like.
    weight[SKIN] *= 1 - np.maximum(expectation.beard(), expectation.fringe()) * (unlike > _UNLIKE_SKIN)
    doubt = (1.02 - typical) ** 2
    shares = _normalised(priors * np.stack([typical + 0.1, doubt, doubt + 0.1, doubt]))
    for _ in range(_ROUNDS):
        likelihoods = _likelihoods(bins, shares[:3] * weight)
        shares = _posterior(priors, likelihoods, bins)
    priors[HAIR] *= expectation.long_hair(shares[HAIR] * person)
    shares = _posterior(priors, likelihoods, bins)
    return priors, _likelihoods(bins, shares[:3] * weight)


def _runs_on(bare: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn continuity with the face into factors (4, h, w) for the four kinds."""
    against = 1 - np.float32(0.9) * bare
    return np.stack([np.ones_like(bare), against, against, against])


def _expected(expectation: Expectation, lab: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return where each kind is expected (4, h, w), more firmly in a picture without colour, where colour says less."""
    chroma = np.abs(lab[..., 1:].astype(np.float32) - 128).mean()
    shares = expectation.shares()
    return _normalised(shares**2) if float(chroma) < _GREY_CHROMA else shares


def _posterior(
    priors: NDArray[np.float32], likelihoods: NDArray[np.float32], bins: NDArray[np.int32]
) -> NDArray[np.float32]:
    shares = priors.copy()
    for kind, likelihood in enumerate(likelihoods):
        shares[kind] *= likelihood[bins]
    shares[OTHER] *= np.float32(_ANY_COLOUR)
    return _normalised(shares)


def _features(frame: FaceFrame) -> NDArray[np.float32]:
    """Cover eyes, brows and lips, float32 (h, w), 0..1."""
    eyes, brows = (topology.LEFT_EYE, topology.RIGHT_EYE), (topology.LEFT_BROW, topology.RIGHT_BROW)
    outlines = (*eyes, *brows, topology.LIPS_OUTER)
    return np.asarray(np.maximum.reduce([frame.polygon(outline) for outline in outlines]), np.float32)


def _resized(planes: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    sizes = [cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_LINEAR) for plane in planes]
    return np.asarray(sizes, np.float32)


def _typical_skin(frame: FaceFrame, lab: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Say how like the skin of cheeks and nose every pixel is, 0..1; a forehead may be under a fringe."""
    colour = lab.astype(np.float32)
    outlines = (topology.LEFT_CHEEK, topology.RIGHT_CHEEK, topology.NOSE)
    sample = colour[np.maximum.reduce([frame.polygon(outline) for outline in outlines]) > 0.5]
    if not len(sample):
        return np.zeros(frame.shape, np.float32)
    middle = np.median(sample, axis=0)
    # 1.48 makes a median deviation a standard deviation; skin of the rest of the head varies more than these places do.
    spread = (1.48 * np.median(np.abs(sample - middle), axis=0) + (6.0, 2.5, 2.5)) * (3.0, 1.5, 1.5)
    offset = colour - middle
    offset[..., 0] = np.where(offset[..., 0] > 0, offset[..., 0] * _GLOSS, offset[..., 0])
    distance = ((offset / spread) ** 2).sum(axis=-1)
    return np.asarray(np.exp(-0.5 * distance), np.float32)


def _likelihoods(bins: NDArray[np.int32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Count colours (3, bins) by weights (3, h, w), blurred by a bin, each row summing to about 1."""
    size = _BINS[0] * _BINS[1] * _BINS[2]
    rows = []
    for weight in weights:
        counts = np.bincount(bins.ravel(), weights=weight.ravel(), minlength=size).reshape(_BINS)
        blurred = ndimage.gaussian_filter(counts, 1.0).ravel()
        total = max(float(blurred.sum()), 1.0)
        rows.append((blurred / total + 1e-5) / (1 + 1e-5 * size))
    return np.array(rows, np.float32)


def _lab(frame: FaceFrame) -> NDArray[np.uint8]:
    """Return 8-bit CIELAB, noise taken off first."""
    return np.asarray(cv2.cvtColor(cv2.GaussianBlur(frame.pixels, (0, 0), 0.6), cv2.COLOR_RGB2LAB), np.uint8)


def _bins(lab: NDArray[np.uint8]) -> NDArray[np.int32]:
    values = lab.astype(np.int32)
    places = [np.clip((values[..., i] - _FIRST[i]) // _WIDTH[i], 0, _BINS[i] - 1) for i in range(3)]
    return np.asarray((places[0] * _BINS[1] + places[1]) * _BINS[2] + places[2], np.int32)


def _normalised(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(shares / np.maximum(shares.sum(axis=0), np.float32(1e-12)), np.float32)
