"""Take the stylings off the training portraits and leave the faces behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_generate.base.attributes import ATTRIBUTES
from atelier_generate.base.quiet import face_share, halved
from atelier_generate.base.styling import COMPARED, Stylings

from atelier_training_base.cloth import fit_cloth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_training_base.fitting import Fitted

# How many directions of texture a face has to go with.
_VISIBLE: Final = 16
# What a difference from the mean face counts beside one from what is around it.
_FACELESS: Final = 1.0
_RIDGE: Final = 1e-3
# The mean square of a texture's coefficients, 0.7 in the middle, from which on a styling fits nobody else: a hat.
_MOST_UNUSUAL: Final = 2.5
_SHUFFLED: Final = 0  # the seed


def fit_stylings(model: Fitted, standard: NDArray[np.float32], cells: NDArray[np.float32]) -> Stylings:
    """Return the stylings of portraits with attributes (N, A) in standard deviations, in an order of their own.

    `cells` (N, h, w) are how much cloth they show; see `cloth`.

    The coefficients are those, by least squares, whose picture is the portrait's around the face and the mean in it.
    """
    appearance = model.appearance
    face = halved(face_share(appearance, appearance.origins(appearance.mean_shape)))
    around, inside = (_energy(appearance.textures, share) for share in (1 - face, face))
    ridge = _RIDGE * np.trace(around) / len(around) * np.eye(len(around))
    textures = np.linalg.solve(around + _FACELESS * inside + ridge, around @ model.textures.T).T
    directions = np.linalg.eigh(around).eigenvectors[:, ::-1][:, :_VISIBLE].T
    usual = np.flatnonzero(np.square(textures).mean(axis=1) < _MOST_UNUSUAL)
    order = np.random.default_rng(_SHUFFLED).permutation(usual)
    columns = [ATTRIBUTES.index(name) for name in COMPARED]
    return Stylings(
        textures[order].astype(np.float32),
        standard[order][:, columns],
        directions.astype(np.float32),
        fit_cloth(textures, cells),
    )


def _energy(textures: NDArray[np.float32], share: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the inner products (T, T) of components (T, h, w, 3) where `share` (h, w, 1) is."""
    flat = textures.reshape(len(textures), -1).astype(np.float64)
    weighted = (textures * share).reshape(len(textures), -1).astype(np.float64)
    return np.asarray(weighted @ flat.T)
