"""What light a portrait was taken in: a key and an ambient light, and what they leave unexplained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_edit.light.evidence import at_points, evidence_of
from atelier_edit.light.rig import Rig
from atelier_edit.light.search import find_key
from atelier_edit.light.shading import opened, thrown
from atelier_edit.light.shadows import visibility

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_edit.form.form import Form
    from atelier_edit.light.evidence import Evidence

# Most of what the rig leaves unexplained between mirrored points, in log light; how sure both must be; and how smooth
# it is over the face, in pupil distances.
_MOST_UNEVEN: Final = 0.7
_TRUSTED: Final = 0.5
_UNEVEN_BLUR: Final = 0.07


@dataclass(frozen=True, slots=True, eq=False)
class SourceLight:
    """The light of a picture: its rig, where a surface that faces the key gets 1, and how sure it is, 0..1.

    `explained` (h, w) is the light of that rig on every node of the form. `shading` (h, w) is what really lies there:
    what mirrored points of the face tell of shadows and further lamps is added, `uneven` in log light. `luminance`
    (h, w) is the picture's, linear.
    """

    rig: Rig
    confidence: float
    explained: NDArray[np.float32]
    shading: NDArray[np.float32]
    uneven: NDArray[np.float32]
    luminance: NDArray[np.float32]


def estimate(form: Form, luminance: NDArray[np.float32]) -> SourceLight:
    """Find the light of a picture from its linear luminance (h, w) on the form's grid."""
    evidence = evidence_of(form, luminance)
    key, depth = find_key(form, evidence)
    scale = 1 / (1 + key.intensity)
    rig = Rig(replace(key, intensity=key.intensity * scale), ambient=scale)
    explained = shading_of(form, rig, depth)
    uneven = _uneven(form, evidence, explained)
    # A light without direction could come from anywhere.
    confidence = float(1 - np.exp(-key.intensity))
    return SourceLight(rig, confidence, explained, explained * np.exp(uneven), uneven, luminance)


def shading_of(form: Form, rig: Rig, depth: float) -> NDArray[np.float32]:
    """Return the light (h, w) that a key and an ambient light throw on a form, its shadows of a `depth` of 0..1."""
    seen = 1 - np.float32(depth) * (1 - visibility(form, rig.key))
    return np.asarray(rig.key.intensity * thrown(form, rig.key, seen) + rig.ambient * opened(form), np.float32)


def _uneven(form: Form, evidence: Evidence, explained: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the log light (h, w) that tells mirrored points of a face apart and that the rig leaves unexplained."""
    left_over = evidence.light - np.log(np.maximum(at_points(form, explained), 1e-3))
    both = np.minimum(evidence.weight[evidence.right], evidence.weight[evidence.left])
    half = np.clip((left_over[evidence.right] - left_over[evidence.left]) / 2, -_MOST_UNEVEN, _MOST_UNEVEN)
    half *= np.clip(both / _TRUSTED, 0, 1)
    values = np.zeros((len(left_over), 1), np.float32)
    values[evidence.right, 0] = half
    values[evidence.left, 0] = -half
    drawn = form.raster.values(values)
    smooth = cv2.GaussianBlur(drawn[..., 0] * form.face, (0, 0), _UNEVEN_BLUR * form.unit)
    return np.asarray(smooth, np.float32)
