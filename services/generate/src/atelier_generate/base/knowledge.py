"""What comes with the generator beside its network: appearance, population and stylings, in one file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from atelier_generate.base.appearance import Appearance
from atelier_generate.base.population import Population
from atelier_generate.base.styling import Stylings

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "knowledge.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """An appearance, its population, and the stylings of its sitters."""

    appearance: Appearance
    population: Population
    stylings: Stylings

    def write(self, path: Path) -> None:
        """Write it, what is large in half precision."""
        np.savez_compressed(
            path,
            mean_shape=self.appearance.mean_shape,
            shapes=self.appearance.shapes,
            mean_texture=self.appearance.mean_texture.astype(np.float16),
            textures=self.appearance.textures.astype(np.float16),
            covariance=self.population.covariance,
            attribute_mean=self.population.attribute_mean,
            attribute_deviation=self.population.attribute_deviation,
            styling_textures=self.stylings.textures.astype(np.float16),
            styling_attributes=self.stylings.attributes.astype(np.float16),
            styling_visible=self.stylings.visible,
            styling_dress=self.stylings.dress.astype(np.float16),
        )

    @classmethod
    def read(cls, path: Path) -> Knowledge:
        """Read what `write` wrote."""
        with np.load(path) as stored:
            values = {name: stored[name].astype(np.float32) for name in stored.files}
        stylings = {name: values.pop(f"styling_{name}") for name in ("textures", "attributes", "visible", "dress")}
        population = {name: values.pop(name) for name in ("covariance", "attribute_mean", "attribute_deviation")}
        appearance = Appearance(**values)
        return cls(appearance, Population(**population, shapes=len(appearance.shapes)), Stylings(**stylings))


@cache
def knowledge() -> Knowledge:
    """Return what is packaged."""
    return Knowledge.read(cast("Path", files("atelier_generate.base") / FILE))
