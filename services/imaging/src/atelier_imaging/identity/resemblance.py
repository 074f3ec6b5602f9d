"""How alike edits of one face are to it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_sdk.errors import ModelNotInstalledError, NoFaceError

from atelier_imaging.identity.alignment import aligned, crop_of_face
from atelier_imaging.identity.embedding import Embedding, embed_aligned
from atelier_imaging.identity.encoder import load_encoder
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_imaging.refusals import too_small

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.crop import Crop
    from atelier_imaging.face import Face
    from atelier_imaging.identity.calibration import Calibration
    from atelier_imaging.identity.encoder import Encoder
    from atelier_imaging.models import ModelRunner

# Below this distance of the pupils a face reduced to it is no longer told apart as the calibration says.
MIN_INTEROCULAR_PIXELS: Final = 16.0
# Two pictures whose sides differ by less than this, relatively, after scaling have the same framing.
_SAME_ASPECT: Final = 0.01


class Resemblance:
    """Compare edits of one face with it; the face itself is embedded once, with the first edit, in one batch.

    Raises FaceTooSmallError when it is made for a face of too few pixels, and ModelNotInstalledError for an encoder
    without a calibration, whose distances mean nothing.
    """

    def __init__(self, source: Picture, face: Face, models: ModelRunner, encoder: Encoder | None = None) -> None:
        chosen = encoder or load_encoder()
        if face.interocular_pixels < MIN_INTEROCULAR_PIXELS:
            raise too_small(face.interocular_pixels, MIN_INTEROCULAR_PIXELS)
        if chosen.calibration is None:
            raise ModelNotInstalledError(
                f"The face encoder {chosen.model} has no calibration; its distances mean nothing.",
                metadata={"model": chosen.model},
            )
        self.calibration: Calibration = chosen.calibration
        self._source, self._face, self._models, self._encoder = source, face, models, chosen
        self._crop = crop_of_face(face, chosen)
        self._aligned = aligned(source.pixels, self._crop, chosen)
        self._known: Embedding | None = None

    def similarity(self, edited: Picture | Portrait) -> float:
        """Return the similarity, -1 to 1, of an edit to the source.

        A `Picture` of the source's framing, of any size, has its face where the source has it, and is not analysed;
        one of another framing and a `Portrait` are. Raises NoFaceError when the edit has no face left, and what
        `ModelRunner.infer` raises.
        """
        return self.calibration.similarity(self.distance(edited))

    def distance(self, edited: Picture | Portrait) -> float:
        """Return the encoder's own distance of an edit from the source; 0 where no pixel of the face has changed."""
        picture, crop = self._placed(edited)
        after = aligned(picture.pixels, crop, self._encoder)
        if np.array_equal(after, self._aligned):
            return 0.0
        if self._known is None:
            known, found = embed_aligned(np.stack([self._aligned, after]), self._models, self._encoder)
            self._known = Embedding(known)
        else:
            found = embed_aligned(after[None], self._models, self._encoder)[0]
        return self._known.distance(Embedding(found))

    def _placed(self, edited: Picture | Portrait) -> tuple[Picture, Crop]:
        """Return the edited pixels and where the face lies in them."""
        if isinstance(edited, Picture):
            (height, width), (rows, columns) = self._source.pixels.shape[:2], edited.pixels.shape[:2]
            across, down = columns / width, rows / height
            if abs(across / down - 1) <= _SAME_ASPECT:
                crop = self._crop
                side = crop.side * (across + down) / 2
                return edited, dataclasses.replace(crop, x=crop.x * across, y=crop.y * down, side=side)
            edited = Portrait(edited, self._models)
        if not edited.faces:
            raise NoFaceError("The edited picture has no face any more.")
        place, picture = _middle(self._face, self._source), edited.picture
        nearest = min(edited.faces, key=lambda face: float(np.linalg.norm(_middle(face, picture) - place)))
        return picture, crop_of_face(nearest, self._encoder)


def _middle(face: Face, picture: Picture) -> NDArray[np.float64]:
    """Return the middle of a face as a share of the picture's sides."""
    height, width = picture.pixels.shape[:2]
    box = face.box
    return np.array([(box.left + box.width / 2) / width, (box.top + box.height / 2) / height])
