"""The ratio of light on a face, and lamps set up to make it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_edit.light.shading import opened, thrown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_edit.form.form import Form
    from atelier_edit.light.rig import Rig

# The lit side is what the brightest tenth of the skin gets, the shadow side the darkest tenth, so that neither a
# nostril nor a cheekbone decides.
_TENTHS: Final = (0.1, 0.9)
_HALVINGS: Final = 14
# Of the skin's nodes as many as give the ratio to a hundredth.
_ENOUGH_NODES: Final = 1500
_BRIGHTEST_FILL: Final = 16.0


def skin_nodes(form: Form) -> NDArray[np.bool_]:
    """Return the nodes of the face that show skin; all of the face where little skin shows."""
    skin = (form.skin > 0.5) & (form.face > 0.5)
    return skin if skin.sum() > 64 else form.face > 0.5


def ratio_of(light: NDArray[np.float32]) -> float:
    """Return the ratio of lit side to shadow side of light (n,) on a face's skin."""
    low, high = (round(share * (len(light) - 1)) for share in _TENTHS)
    ranked = np.partition(light, (low, high))
    return float(ranked[high] / max(float(ranked[low]), 1e-4))


def with_ratio(form: Form, rig: Rig, ratio: float, seen: NDArray[np.float32]) -> Rig:
    """Scale fill and ambient of a rig until the ratio on the face's skin is that asked for, or nearly.

    `seen` (h, w) is how much of the key each node sees.
    """
    nodes = skin_nodes(form)
    key = rig.key.intensity * thrown(form, rig.key, seen)[nodes]
    filled = rig.ambient * opened(form)[nodes]
    if rig.fill is not None:
        filled = filled + rig.fill.intensity * thrown(form, rig.fill, np.ones_like(seen))[nodes]
    every = max(1, len(key) // _ENOUGH_NODES)
    key, filled = key[::every], filled[::every]
    low, high = 0.0, _BRIGHTEST_FILL / max(float(filled.mean()), 1e-4)
    for _ in range(_HALVINGS):
        scale = (low + high) / 2
        if ratio_of(np.asarray(key + scale * filled, np.float32)) > ratio:
            low = scale
        else:
            high = scale
    fill = None if rig.fill is None else replace(rig.fill, intensity=rig.fill.intensity * high)
    return replace(rig, fill=fill, ambient=rig.ambient * high, ratio=ratio)
