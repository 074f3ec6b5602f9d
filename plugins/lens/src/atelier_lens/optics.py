"""A thin lens in front of a face, whose size says how many pixels a millimetre is.

What is out of focus is drawn as a disc: the aperture, seen from the point through the plane in focus. In that plane
the disc measures D |d - s| / d, where D is the aperture's diameter (focal length over f-number), s the distance in
focus and d the point's; times the pixels of a millimetre there it is the disc in the picture, whatever sensor took it
(Potmesil and Chakravarty: A lens and aperture camera model for synthetic image generation. SIGGRAPH 1981).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from numpy.typing import NDArray

# Median distance between the pupils of adults (Dodgson: Variation and extrema of human interpupillary distance, 2004).
PUPILS_MM: Final = 63.0
# Focal lengths are those of a frame of 36 x 24 mm.
LONG_EDGE_MM: Final = 36.0
HALF_DIAGONAL_MM: Final = math.hypot(36.0, 24.0) / 2
_LEAST_COS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Optics:
    """Where the lens stands and how far it is open.

    `distance_mm` is from the lens to the eyes, `background_mm` from the eyes to what is behind, `aperture_mm` the
    diameter of the opening (0 is a pinhole), `pixels_per_mm` the picture's scale at the eyes.
    """

    distance_mm: float
    background_mm: float
    aperture_mm: float
    pixels_per_mm: float

    def disc_pixels(
        self, towards_mm: NDArray[np.float32], near_mm: float = 0.0, far_mm: float = 0.0
    ) -> NDArray[np.float32]:
        """Return the diameters, in pixels, of the discs of points so many millimetres nearer than the eyes.

        Points between `far_mm` (0 or below) and `near_mm` (0 or above) are sharp, and discs grow from there.
        """
        out = np.maximum(towards_mm - near_mm, 0) + np.maximum(far_mm - towards_mm, 0)
        away = np.maximum(self.distance_mm - towards_mm, 0.1 * self.distance_mm)
        return np.asarray(self.aperture_mm * self.pixels_per_mm * out / away, np.float32)

    @property
    def background_pixels(self) -> float:
        """Return the diameter of the background's discs in pixels."""
        return float(self.disc_pixels(np.array([-self.background_mm], np.float32))[0])


def pixels_per_mm(face: Face) -> float:
    """Return how many pixels a millimetre at a face's eyes has, after the distance of the pupils; a turn is undone."""
    return face.interocular_pixels / max(math.cos(math.radians(face.pose.yaw_degrees)), _LEAST_COS) / PUPILS_MM


def framed_distance_mm(focal_mm: float, scale: float, long_edge_pixels: int) -> float:
    """Return from how far a lens frames a face so: the long edge of the picture is that of 36 x 24 mm.

    `scale` is in pixels a millimetre at the face. From the magnification m the distance is f (1 + 1 / m).
    """
    return focal_mm * (1 + long_edge_pixels / scale / LONG_EDGE_MM)
