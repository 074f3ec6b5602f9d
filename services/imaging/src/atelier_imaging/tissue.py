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
from atelier_imaging.priors import beard_zone, falling_hair, fringe_zone, spatial_priors

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
_UNLIKE_SKIN: Final = 0.3
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


def classify(frame: FaceFrame, coarse: FaceFrame, coarse_person: NDArray[np.float32]) -> Tissue:
    """Tell skin, hair and clothes apart in a frame, on the premise that all of it is a person.

    Colours are learnt in the `coarse` frame of the same face, which is several times faster and no worse, from pixels
    that `coarse_person` (h, w), 0..1, calls a person.
    """
    colours, evidence = _learn(coarse, coarse_person)
    resized = [cv2.resize(plane, frame.shape[::-1], interpolation=cv2.INTER_LINEAR) for plane in evidence]
    shares = _posterior(frame, _expected(frame) * np.asarray(resized, np.float32), colours)
    guide_picture = frame.pixels.astype(np.float32) / np.float32(255)
    guide = GuidedFilter(guide_picture, max(2, round(_GUIDE_RADIUS * frame.unit)), _GUIDE_EPSILON)
    smooth = np.stack([guide.smooth(share) for share in shares])
    return Tissue(smooth / np.maximum(smooth.sum(axis=0), np.float32(1e-6)), guide)


def features_mask(frame: FaceFrame) -> NDArray[np.float32]:
    """Cover eyes, brows and lips, float32 (h, w), 0..1."""
    outlines = (
        topology.LEFT_EYE,
        topology.RIGHT_EYE,
        topology.LEFT_BROW,
        topology.RIGHT_BROW,
        topology.LIPS_OUTER,
    )
    return np.asarray(np.maximum.reduce([frame.polygon(outline) for outline in outlines]), np.float32)


def _learn(frame: FaceFrame, person: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Learn the likelihoods (3, bins) of colours, and what else speaks for a kind (4, h, w)."""
    typical = _typical_skin(frame)
    bare = continuous_skin(frame, person, typical)
    weight = np.repeat((person * (1 - features_mask(frame)))[None], 3, axis=0)
    # Else a beard or a fringe, both where skin is expected, would teach what skin looks like.
    weight[SKIN] *= 1 - np.maximum(beard_zone(frame), fringe_zone(frame)) * (np.maximum(typical, bare) < _UNLIKE_SKIN)
    unlike = (1.02 - typical) ** 2
    evidence = _runs_on(bare)
    evidence[HAIR] *= 1 + _FRINGE * fringe_zone(frame) * (1 - np.maximum(typical, bare)) ** 2
    priors = _expected(frame)
    shares = _normalised(priors * evidence * np.stack([typical + 0.1, unlike, unlike + 0.1, unlike]))
    bins = _bins(frame)
    for _ in range(_ROUNDS):
        colours = _likelihoods(bins, shares[:3] * weight)
        shares = _posterior(frame, priors * evidence, colours)
    evidence[HAIR] *= falling_hair(frame, shares[HAIR] * person)
    shares = _posterior(frame, priors * evidence, colours)
    return _likelihoods(bins, shares[:3] * weight), evidence


def _runs_on(bare: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn continuity with the face into factors (4, h, w) for the four kinds."""
    against = 1 - np.float32(0.9) * bare
    return np.stack([np.ones_like(bare), against, against, against])


def _expected(frame: FaceFrame) -> NDArray[np.float32]:
    """Return where each kind is expected (4, h, w), more firmly in a picture without colour, where colour says less."""
    priors = spatial_priors(frame)
    chroma = _lab(frame)[..., 1:].astype(np.float32) - 128
    return _normalised(priors**2) if float(np.abs(chroma).mean()) < _GREY_CHROMA else priors


def _posterior(frame: FaceFrame, priors: NDArray[np.float32], colours: NDArray[np.float32]) -> NDArray[np.float32]:
    bins = _bins(frame)
    likelihoods = np.concatenate([colours[:, bins], np.full((1, *bins.shape), _ANY_COLOUR, np.float32)])
    return _normalised(priors * likelihoods)


def _typical_skin(frame: FaceFrame) -> NDArray[np.float32]:
    """Say how like the skin of cheeks and nose every pixel is, 0..1; a forehead may be under a fringe."""
    lab = _lab(frame).astype(np.float32)
    outlines = (topology.LEFT_CHEEK, topology.RIGHT_CHEEK, topology.NOSE)
    sample = lab[np.maximum.reduce([frame.polygon(outline) for outline in outlines]) > 0.5]
    if not len(sample):
        return np.zeros(frame.shape, np.float32)
    middle = np.median(sample, axis=0)
    # 1.48 makes a median deviation a standard deviation; skin of the rest of the head varies more than these places do.
    spread = (1.48 * np.median(np.abs(sample - middle), axis=0) + (6.0, 2.5, 2.5)) * (3.0, 1.5, 1.5)
    offset = lab - middle
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


def _bins(frame: FaceFrame) -> NDArray[np.int32]:
    lab = _lab(frame).astype(np.int32)
    places = [np.clip((lab[..., i] - _FIRST[i]) // _WIDTH[i], 0, _BINS[i] - 1) for i in range(3)]
    return np.asarray((places[0] * _BINS[1] + places[1]) * _BINS[2] + places[2], np.int32)


def _normalised(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(shares / np.maximum(shares.sum(axis=0), np.float32(1e-12)), np.float32)
