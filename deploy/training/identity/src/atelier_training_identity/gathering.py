"""Embed portraits of different people, and variations of each."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.decode import decode
from atelier_imaging.identity import embed
from atelier_imaging.impression import impressions
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_imaging.transfer import quantise, to_float
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels

from atelier_training_identity.variations import VARIATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from atelier_imaging.identity import Encoder
    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

_DEADLINE_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, eq=False)
class Sitter:
    """One person: the embedding of the portrait and of its variations by name, float32 (length,), and the skin's angle.

    A variation in which no face was found is left out. `ita_degrees` is None for pictures without colour; `male` is
    the probability that the face reads as male.
    """

    embedding: NDArray[np.float32]
    variations: dict[str, NDArray[np.float32]]
    ita_degrees: float | None
    male: float


def in_process(models: Path) -> ModelRunner:
    """Return the installed models, run in this process."""
    return CallModels(
        InProcessModels(models), cancellation=Cancellation(), deadline=time.monotonic() + _DEADLINE_SECONDS
    )


def gather(portraits: Iterable[Path], models: ModelRunner, encoder: Encoder, vary_every: int) -> Iterator[Sitter]:
    """Go through portraits, one person each; every `vary_every`-th is varied. A picture without a face is left out."""
    for index, path in enumerate(portraits):
        portrait = Portrait(decode(path.read_bytes()), models)
        if not portrait.faces:
            continue
        whole = _embedded(portrait, models, encoder)
        variations = _varied(portrait, models, encoder, index) if index % vary_every == 0 else {}
        face = portrait.faces[0]
        (read,) = impressions(portrait.picture.pixels, [face], models)
        yield Sitter(whole, variations, portrait.ita_degrees(face), read.male)


def _varied(portrait: Portrait, models: ModelRunner, encoder: Encoder, seed: int) -> dict[str, NDArray[np.float32]]:
    face, found = portrait.faces[0], {}
    pixels = quantise(to_float(portrait.picture.pixels), np.uint8)
    for number, (name, variation) in enumerate(VARIATIONS.items()):
        random = np.random.default_rng([seed, number])
        varied = Portrait(Picture.from_array(variation(pixels, face, random)), models)
        if varied.faces:
            found[name] = _embedded(varied, models, encoder)
    return found


def _embedded(portrait: Portrait, models: ModelRunner, encoder: Encoder) -> NDArray[np.float32]:
    return np.asarray(embed(portrait.picture.pixels, [portrait.faces[0]], models, encoder)[0])
