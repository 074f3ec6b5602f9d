"""From noise to a photograph's residual in a few evaluations of the network.

DPM-Solver++(2M): Lu et al., "DPM-Solver++: Fast Solver for Guided Sampling of Diffusion Probabilistic Models", 2022,
for noise that grows with sigma and a schedule as in Karras et al., "Elucidating the Design Space of Diffusion-Based
Generative Models", NeurIPS 2022.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

STEPS: Final = 16
# Residuals deviate by a tenth: at the highest level hardly anything of one is seen, at the lowest the noise is a level.
HIGHEST: Final = 1.0
LOWEST: Final = 0.01
_BEND: Final = 6.0


def levels(steps: int = STEPS) -> NDArray[np.float64]:
    """Return the levels of noise (steps + 1,), from the highest to 0."""
    way = np.linspace(HIGHEST ** (1 / _BEND), LOWEST ** (1 / _BEND), steps) ** _BEND
    return np.append(way, 0.0)


def denoised(
    evaluate: Callable[[NDArray[np.float32], float], NDArray[np.float32]],
    noise: NDArray[np.float32],
    steps: int = STEPS,
    temperature: Callable[[float], NDArray[np.float32]] = lambda _level: np.ones(1, np.float32),
) -> Iterator[NDArray[np.float32]]:
    """Yield the best guess at the clean residual after each step; the last one is the outcome.

    `evaluate` answers what is left of a noisy array, shaped as `noise`, at a level. `noise` is standard normal;
    `temperature` says which share of it there really is at a level, for each number or for all.
    """
    sigma = levels(steps)
    heat = [temperature(float(level)) for level in sigma[:-1]]
    state = np.asarray(noise * np.float32(sigma[0]) * heat[0], np.float32)
    before: NDArray[np.float32] | None = None
    for step in range(steps):
        guess = evaluate(state, float(sigma[step]))
        yield guess
        if step + 1 == steps:
            return
        ahead = np.log(sigma[step] / sigma[step + 1])
        aim = guess
        if before is not None:
            ratio = ahead / np.log(sigma[step - 1] / sigma[step])
            aim = guess + (guess - before) * np.float32(ratio / 2)
        share = np.float32(sigma[step + 1] / sigma[step]) * heat[step + 1] / heat[step]
        state = np.asarray(aim + share * (state - aim), np.float32)
        before = guess
