"""Faces laid on a template, so that an encoder sees eyes and nose where it learnt to expect them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from atelier_imaging.crop import Crop, sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.face import Face
    from atelier_imaging.identity.encoder import Encoder
    from atelier_imaging.vips import Pixels


def crop_of_face(face: Face, encoder: Encoder) -> Crop:
    """Return the square of the picture that lays the face's points onto the encoder's template as nearly as can be.

    A turn, a scale and a shift of least squares (Umeyama, IEEE TPAMI 13, 1991), in the plane.
    """
    points = face.mesh[list(encoder.mesh_points), :2].astype(np.float64)
    template = encoder.template - 0.5  # the crop is described by its middle
    centre, middle = template.mean(axis=0), points.mean(axis=0)
    # In the plane a similarity is one complex factor: its length is the crop's side, its angle the head's roll.
    given, wanted = _complex(points - middle), _complex(template - centre)
    factor = complex((wanted.conj() @ given) / (wanted.conj() @ wanted))
    place = complex(*middle) - factor * complex(*centre)
    return Crop(place.real, place.imag, abs(factor), math.atan2(factor.imag, factor.real))


def aligned(pixels: Pixels, crop: Crop, encoder: Encoder) -> NDArray[np.float32]:
    """Draw an aligned face as the encoder takes it: float32 (size, size, 3), display-encoded RGB, 0..1.

    Averages before it shrinks; black where the crop leaves the picture.
    """
    return sample(pixels, crop, encoder.size)


def _complex(points: NDArray[np.float64]) -> NDArray[np.complex128]:
    return np.asarray(points[:, 0] + 1j * points[:, 1])
