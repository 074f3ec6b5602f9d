"""What the camera and the file left: noise, and the blocks of compression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_inspect.scene import Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_inspect.scene import Scene

_BLOCK: Final = 8
_FEWEST_BLOCKS: Final = 6
# Of normal noise: the median of the absolute difference of its diagonal details over its standard deviation.
_MEDIAN_OF_NORMAL: Final = 0.6745


def compression_artifacts(scene: Scene) -> Sample:
    """Measure how much steps stand out every 8 pixels: their mean over that of all others, less 1.

    A step is what three neighbours on either side do not foresee; the phase that stands out most is the grid's, for a
    crop moves it.
    """
    luma = scene.whole_luma
    if min(luma.shape) < _FEWEST_BLOCKS * _BLOCK:
        return Sample(None, scene.whole_face.box, "The picture is too small to show a grid of blocks.")
    return Sample((_blocks(luma) + _blocks(luma.T)) / 2, scene.whole_face.box)


def noise(scene: Scene) -> Sample:
    """Measure the noise of the face's surroundings in levels of 255, by the median of diagonal details (Donoho)."""
    luma = scene.luma
    even = luma[: luma.shape[0] // 2 * 2, : luma.shape[1] // 2 * 2]
    detail = (even[::2, ::2] - even[1::2, ::2] - even[::2, 1::2] + even[1::2, 1::2]) / 2
    return Sample(float(255 * np.median(np.abs(detail)) / _MEDIAN_OF_NORMAL))


def _blocks(luma: NDArray[np.float32]) -> float:
    """Return how far the columns of the most conspicuous phase of 8 stand out."""
    step = np.diff(luma, axis=1)
    lonely = np.maximum(np.abs(step[:, 1:-1]) - (np.abs(step[:, :-2]) + np.abs(step[:, 2:])) / 2, 0)
    columns = np.minimum(lonely, 0.06).mean(axis=0)
    phases = np.array([columns[phase::_BLOCK].mean() for phase in range(_BLOCK)])
    top = int(phases.argmax())
    others = np.delete(phases, top).mean()
    return float(phases[top] / max(float(others), 1e-5) - 1)
