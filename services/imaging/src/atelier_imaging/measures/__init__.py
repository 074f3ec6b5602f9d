"""What is measured of every result: pure functions on arrays, each returning a `Measure`."""

from atelier_imaging.measures.colour import skin_delta_e
from atelier_imaging.measures.difference import outside_mask_difference
from atelier_imaging.measures.geometry import geometry_drift
from atelier_imaging.measures.identity import identity_similarity
from atelier_imaging.measures.measure import Gate, Measure, Verdict, judged, not_measurable
from atelier_imaging.measures.overshoot import overshoot
from atelier_imaging.measures.seam import seam
from atelier_imaging.measures.shift import global_shift
from atelier_imaging.measures.texture import texture_ratio

__all__ = [
    "Gate",
    "Measure",
    "Verdict",
    "geometry_drift",
    "global_shift",
    "identity_similarity",
    "judged",
    "not_measurable",
    "outside_mask_difference",
    "overshoot",
    "seam",
    "skin_delta_e",
    "texture_ratio",
]
