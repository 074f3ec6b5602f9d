"""The last stroke: what is drawn from noise becomes what a photograph would show.

Led by noise alone, a network answers near a mean of what might be: hazy in the shadows, soft in the eyes, painted in
the hair. The refiner is the same network, trained further against judges of what is a photograph, and asked once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# The deviation of the noise that what was drawn is given, for the refiner to make detail of.
REFINED_AT: Final = 0.1


def refined(
    evaluate: Callable[[NDArray[np.float32], float], NDArray[np.float32]],
    residual: NDArray[np.float32],
    noise: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return a residual (H, W, 3) refined; `noise` is standard normal, `evaluate` the refiner as in `denoised`."""
    return evaluate(np.asarray(residual + np.float32(REFINED_AT) * noise, np.float32), REFINED_AT)
