"""A picture together with what is known of it, each fact found out once and only when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from atelier_imaging.face import Face
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.picture import Picture
    from atelier_imaging.region import Region


class Portrait:
    """Carry a picture and its analysis through one call.

    Nothing is computed before it is asked for, and everything at most once. Safe to be used from several threads.
    """

    def __init__(self, picture: Picture, models: ModelRunner) -> None:
        self.picture = picture
        self._models = models

    @property
    def faces(self) -> tuple[Face, ...]:
        """Return every face of the picture, the largest first; empty when there is none."""
        raise NotImplementedError

    def select(self, index: int | None = None, at: tuple[float, float] | None = None) -> Face:
        """Return the face of that index, or the one at that pixel, or the largest.

        Raises NoFaceError when the picture has no face, FaceNotSelectedError when the selector points at none.
        """
        raise NotImplementedError

    def require_face(
        self,
        face: Face | None = None,
        *,
        min_interocular_pixels: float = 0.0,
        max_yaw_degrees: float = 180.0,
        max_pitch_degrees: float = 180.0,
    ) -> Face:
        """Return the face (default: the largest) if an operation with these limits can serve it.

        Raises NoFaceError, FaceTooSmallError or PoseTooExtremeError; the metadata has `measure`, `limit` and `measured`.
        """
        raise NotImplementedError

    def mask(self, region: Region, face: Face | None = None) -> NDArray[np.float32]:
        """Return the soft mask of a region, float32 (H, W), 0..1, read-only; of every face when none is given."""
        raise NotImplementedError

    def ita_degrees(self, face: Face | None = None) -> float | None:
        """Return the individual typology angle of cheeks and forehead; None where skin is covered or without colour."""
        raise NotImplementedError
