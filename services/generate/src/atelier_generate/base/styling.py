"""What is around a face, hair, dress and backdrop, as somebody wore it together.

A normal distribution is right about faces. Of hair and dress it draws what is between many people's, which nobody wears
and no network can make a photograph of. So these are drawn another way, by a smoothed bootstrap (Efron and Tibshirani,
"An Introduction to the Bootstrap", 1993, 5.3): one of the training portraits' stylings, without its face, brought to
what the sitter is like and moved at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from atelier_generate.base.population import Population

# The attributes that stylings are chosen by, and what a standard deviation of each counts.
COMPARED: Final = {
    "age_years": 1.0,
    "womanhood": 2.0,
    "skin_ita_degrees": 1.0,
    "skin_lightness": 1.0,
    "hair_lightness": 1.0,
    "hair_chroma": 0.7,
    "hair_share": 1.0,
    "beard": 0.5,
    "light_log_ratio": 1.0,
    "yaw_degrees": 1.5,
    "pitch_degrees": 0.3,
}
# What the sitter takes over from a styling where nothing else is asked: hair lies as a head is turned.
POSE: Final = ("yaw_degrees", "pitch_degrees")
# How much likelier a styling is the nearer its sitter was. At a half, by a normal kernel of a whole deviation, people
# at times wear what is in no way theirs.
_NARROWNESS: Final = 1.4
# How far a styling is moved, as a share of the spread; see `moved`.
MOVED: Final = 0.4
# Where wishes are beyond every sitter, all are equally far.
_MOST: Final = 2.5
# From this component on, a texture is moved by the whole share; the first ones, light and large forms, by less.
_WHOLE_FROM: Final = 24


@dataclass(frozen=True, slots=True, eq=False)
class Stylings:
    """N of them, float32.

    `textures` (N, T) are coefficients of the appearance, the face left out; `attributes` (N, len(COMPARED)) what their
    sitters were like, in standard deviations; `visible` (Q, T) the orthonormal directions of texture that show most
    around a face. `dress` (T + 1, h, w) is how much of each part of the frame is cloth, linear in a texture.
    """

    textures: NDArray[np.float32]
    attributes: NDArray[np.float32]
    visible: NDArray[np.float32]
    dress: NDArray[np.float32]

    def choose(self, asked: Mapping[str, float], generator: np.random.Generator) -> int:
        """Choose a styling, the likelier the more its sitter was like what is asked (in standard deviations).

        Each has its own chance that does not hang on what is asked (the Gumbel-max trick), so that one more wish seldom
        changes the choice.
        """
        far = np.zeros(len(self.textures))
        for column, (name, weight) in enumerate(COMPARED.items()):
            if name in asked:
                far += weight * (np.clip(asked[name], -_MOST, _MOST) - self.attributes[:, column]) ** 2
        return int(np.argmax(generator.gumbel(size=len(far)) - _NARROWNESS * far))

    def cloth(self, texture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how much of each part of the frame (h, w), 0..1 and a little beyond, is cloth in a texture (T,)."""
        return np.asarray(np.tensordot(np.append(texture, 1.0), self.dress, 1), np.float32)

    def pose(self, chosen: int) -> dict[str, float]:
        """Return how the sitter's head was turned, in standard deviations."""
        return {name: float(self.attributes[chosen, list(COMPARED).index(name)]) for name in POSE}

    def texture(
        self, chosen: int, asked: Mapping[str, float], population: Population, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        """Return coefficients (T,) of a styling as a sitter wears it who is as asked, in standard deviations."""
        change = {
            name: asked[name] - float(self.attributes[chosen, column])
            for column, name in enumerate(COMPARED)
            if name in asked
        }
        return moved(self.textures[chosen] + population.follows(change), MOVED, generator)


def moved(texture: NDArray[np.float32], share: float, generator: np.random.Generator) -> NDArray[np.float32]:
    """Move coefficients (T,) at random, the finer a component the further, at most by `share` of the spread.

    Their variance stays 1.
    """
    shares = share * np.minimum(np.arange(len(texture)) / _WHOLE_FROM, 1.0)
    noise = generator.standard_normal(len(texture))
    return np.asarray(np.sqrt(1 - shares**2) * texture + shares * noise, np.float32)
