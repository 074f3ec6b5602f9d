"""What the generator is worth: are there faces, are they nobody's, do they differ, look real, and obey.

Pictures are drawn by the service's own backend with the installed models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_generate.backend import Drawn, Order, Sketch
from atelier_generate.base.attributes import ATTRIBUTES
from atelier_generate.base.drafting import drafted
from atelier_generate.base.embedded import EmbeddedBackend, shown
from atelier_generate.base.finish import cut
from atelier_generate.base.frame import HEIGHT, WIDTH
from atelier_generate.brief import Brief, Frame, Light, Sitter

from atelier_training_base.distances import distances, kernel_distance, standardised, texture_and_colour
from atelier_training_base.survey import MEASURES, look

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

    from atelier_training_base.survey import Sitting

FRAME: Final = Frame(512, 640)
_BLUR: Final = 2.0  # pixels of 512: a photograph out of focus


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Pictures with a face: how many were looked at, what was measured, and their features."""

    looked_at: int
    measures: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    textures: NDArray[np.float64]

    @property
    def found(self) -> float:
        """Return the share of pictures with a face."""
        return len(self.measures) / self.looked_at


def drawn(briefs: Sequence[tuple[int, Brief]], models: ModelRunner) -> list[NDArray[np.uint8]]:
    """Draw a picture a seed and brief."""
    order = Order(tuple(Sketch(seed, brief) for seed, brief in briefs))
    events = EmbeddedBackend().draw(order, models, lambda: None)
    return [_bytes(event.pixels) for event in events if isinstance(event, Drawn)]


def briefs_like(attributes: NDArray[np.float32]) -> list[Brief]:
    """Return briefs that ask for the age, sex and skin of sitters with attributes (N, A); what is NaN stays open."""
    places = [ATTRIBUTES.index(name) for name in ("age_years", "womanhood", "skin_ita_degrees")]
    asked = [[None if np.isnan(value) else float(value) for value in row] for row in attributes[:, places]]
    return [
        Brief(Sitter(age, None if woman is None else float(woman > 0.5), skin), frame=FRAME)
        for age, woman, skin in asked
    ]


def low_rank(seed: int) -> NDArray[np.uint8]:
    """Draw what the statistics alone make of a seed."""
    return _bytes(cut(shown(drafted(Sketch(seed, Brief())).condition.base()), FRAME))


def photograph(framed: NDArray[np.uint8], *, blurred: bool = False) -> NDArray[np.uint8]:
    """Bring a framed portrait (HEIGHT, WIDTH, 3) to the size of what is drawn."""
    if framed.shape[:2] != (HEIGHT, WIDTH):
        raise ValueError(f"a framed portrait is {HEIGHT} x {WIDTH}, not {framed.shape[:2]}")
    picture = cut(np.asarray(framed / np.float32(255), np.float32), FRAME)
    return _bytes(np.asarray(cv2.GaussianBlur(picture, (0, 0), _BLUR * 2), np.float32) if blurred else picture)


def seen(pictures: Iterable[NDArray[np.uint8]], models: ModelRunner) -> Seen:
    """Look at pictures."""
    sittings: list[Sitting] = []
    textures: list[NDArray[np.float64]] = []
    count = 0
    for picture in pictures:
        count += 1
        sitting = look(picture, models)
        if sitting is not None:
            sittings.append(sitting)
            textures.append(texture_and_colour(picture))
    return Seen(
        count,
        np.stack([each.measures for each in sittings]),
        np.stack([each.embedding for each in sittings]),
        np.stack(textures),
    )


@dataclass(frozen=True, slots=True)
class Likeness:
    """Distances of embeddings: median between samples and between people, nearest portraits, and the line between.

    `line` is the 1st percentile of distances between different people; `nearest` the 1st percentile and the least of
    distances from a sample to its nearest training portrait, `held_out_nearest` the same for people who are held out;
    `below` and `held_out_below` are the shares whose nearest is nearer than the line.
    """

    between_samples: float
    between_people: float
    line: float
    nearest: tuple[float, float]
    held_out_nearest: tuple[float, float]
    below: float
    held_out_below: float


def likeness(samples: Seen, trained_on: NDArray[np.float32], held_out: NDArray[np.float32]) -> Likeness:
    """Compare the embeddings of samples with those of real people, (N, D) each."""
    people = distances(held_out, trained_on)
    apart = distances(samples.embeddings, samples.embeddings)[np.triu_indices(len(samples.embeddings), 1)]
    nearest = distances(samples.embeddings, trained_on).min(axis=1)
    line = float(np.percentile(people, 1))
    return Likeness(
        float(np.median(apart)),
        float(np.median(people)),
        line,
        (float(np.percentile(nearest, 1)), float(nearest.min())),
        (float(np.percentile(people.min(axis=1), 1)), float(people.min())),
        float((nearest < line).mean()),
        float((people.min(axis=1) < line).mean()),
    )


def kernel_distances(real: Seen, others: Mapping[str, Seen]) -> dict[str, tuple[float, float]]:
    """Return for each set its kernel distances from real portraits: by the face encoder, by texture and colour."""
    found = {}
    for name, other in others.items():
        faces = standardised(real.embeddings.astype(np.float64), other.embeddings.astype(np.float64))
        textures = standardised(real.textures, other.textures)
        found[name] = (kernel_distance(*faces), kernel_distance(*textures))
    return found


def _settings() -> dict[str, tuple[str, list[tuple[str, Brief]]]]:
    """Return for each control the measure that judges it and five settings."""

    def brief(sitter: Sitter | None = None, light: Light | None = None, yaw: float | None = None) -> Brief:
        return Brief(sitter or Sitter(), light or Light(), FRAME, yaw)

    worn = (("without", False), ("with", True))
    lights = (-75.0, -35.0, 0.0, 35.0, 75.0)
    return {
        "age": ("age_years", [(f"{v:.0f}", brief(Sitter(age_years=v))) for v in (32.0, 42.0, 52.0, 62.0, 72.0)]),
        "smile": ("smile", [(f"{v:g}", brief(Sitter(smile=v))) for v in (0.0, 0.25, 0.5, 0.75, 1.0)]),
        "womanhood": ("womanhood", [(f"{v:g}", brief(Sitter(womanhood=v))) for v in (0.0, 0.25, 0.5, 0.75, 1.0)]),
        "skin, ITA": (
            "skin_ita_degrees",
            [(f"{v:.0f}", brief(Sitter(skin_ita_degrees=v))) for v in (-40.0, -15.0, 10.0, 35.0, 58.0)],
        ),
        "hair": (
            "hair_lightness",
            [(v, brief(Sitter(hair=v))) for v in ("black", "brown", "grey", "blond", "white")],
        ),
        "glasses": (
            "glasses",
            [(name, brief(Sitter(glasses=on))) for name, on in worn],
        ),
        "beard": ("beard", [(name, brief(Sitter(womanhood=0.0, beard=on))) for name, on in worn]),
        "less hair": ("hair_share", [(v, brief(Sitter(womanhood=0.0, hair=v))) for v in ("bald", "grey")]),
        "light's side, ratio 4": (
            "light_log_ratio",
            [(f"{v:.0f}°", brief(light=Light(azimuth_degrees=v, ratio=4.0))) for v in lights],
        ),
        "yaw": ("yaw_degrees", [(f"{v:.0f}°", brief(yaw=v)) for v in (-14.0, -7.0, 0.0, 7.0, 14.0)]),
        "backdrop, grey": (
            "background_lightness",
            [(f"{v:g}", Brief(frame=FRAME, background=(v, v, v))) for v in (0.1, 0.3, 0.5, 0.7, 0.9)],
        ),
    }


@dataclass(frozen=True, slots=True)
class Response:
    """A control's answer: its settings, the mean of what was measured at each, and the mean spread beside it."""

    control: str
    measure: str
    settings: tuple[str, ...]
    measured: tuple[float, ...]
    spread: float


def responses(seeds: Sequence[int], models: ModelRunner) -> list[Response]:
    """Draw every control at its five settings with the same seeds, and measure."""
    found = []
    for control, (measure, settings) in _settings().items():
        values = []
        for _, brief in settings:
            sight = seen(drawn([(seed, brief) for seed in seeds], models), models)
            values.append(sight.measures[:, MEASURES.index(measure)])
        means = tuple(float(np.nanmean(each)) for each in values)
        spread = float(np.mean([np.nanstd(each) for each in values]))
        found.append(Response(control, measure, tuple(name for name, _ in settings), means, spread))
    return found


def _bytes(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(picture * 255), np.uint8)
