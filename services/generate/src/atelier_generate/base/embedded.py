"""The backend `atelier-base`: one sitter of the population a candidate, made a photograph by two small networks.

brief ─wishes─> attributes ─population, styling─> shape, textures ─appearance─> low-rank picture
low-rank picture ─denoiser, refiner─> portrait ─finish─>
"""

from __future__ import annotations

import hashlib
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region
from atelier_imaging.transfer import quantised
from atelier_sdk.errors import ModelUnusableError

from atelier_generate.backend import Drawn, Preview, Sketch, Step
from atelier_generate.base.drafting import drafted
from atelier_generate.base.finish import cut, enlarged, grained, on_backdrop
from atelier_generate.base.knowledge import FILE
from atelier_generate.base.quiet import temperature
from atelier_generate.base.refining import refined
from atelier_generate.base.sampler import STEPS, denoised
from atelier_generate.base.wishes import HONOURS, PEOPLE, Colour
from atelier_generate.brief import Brief

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

    from atelier_generate.backend import Event, Order
    from atelier_generate.base.drafting import Draft

DENOISER: Final = "portrait_denoiser"
REFINER: Final = "portrait_refiner"
_PREVIEW_EVERY: Final = 4
_CANARY_STEPS: Final = 1
# The sampler's, the refiner's, and the finish.
_STEPS_EACH: Final = STEPS + 2


class EmbeddedBackend:
    """Draw portraits with what comes with the service."""

    name = "atelier-base"
    family = "embedded"
    honours = HONOURS
    people = PEOPLE
    takes_references = False

    @property
    def made_of(self) -> Mapping[str, object]:
        """Return the checksum of the population; the networks are the catalogue's."""
        return {"population_sha256": _population_digest()}

    def draw(self, order: Order, models: ModelRunner, check: Callable[[], None]) -> Iterator[Event]:
        """Draw the candidates one after the other; see `Backend.draw`."""
        total = len(order.sketches) * _STEPS_EACH
        for number, sketch in enumerate(order.sketches):
            done = number * _STEPS_EACH
            made = drafted(sketch)
            picture = made.condition.base()
            for step, picture in enumerate(developed(made, models)):
                check()
                yield Step(done + step + 1, total)
                if order.previews and step % _PREVIEW_EVERY == 0:
                    yield Preview(number, np.asarray(np.rint(shown(picture) * 255), np.uint8))
            finished = _finished(shown(picture), made.wishes.backdrop, sketch, models, check)
            yield Step(done + _STEPS_EACH, total)
            yield Drawn(number, finished, made.wishes.notes + _framing_notes(sketch), made.wishes.chosen)

    def canary(self, models: ModelRunner) -> None:
        """Run each network once and see that it makes a picture of finite numbers."""
        made = drafted(Sketch(0, Brief()))
        for name, picture in zip((DENOISER, REFINER), developed(made, models, _CANARY_STEPS), strict=True):
            if not np.isfinite(picture).all():
                raise ModelUnusableError(
                    f"The model {name} answers with numbers that are none.", metadata={"model": name}
                )


def developed(draft: Draft, models: ModelRunner, steps: int = STEPS) -> Iterator[NDArray[np.float32]]:
    """Yield the portrait (H, W, 3), -1..1 and a little beyond, as it is guessed after each step, and then refined."""
    base = draft.condition.base()
    residual = np.zeros_like(base)
    heat = partial(temperature, face=draft.face)
    for residual in denoised(_asked(DENOISER, draft, models), draft.noise, steps, heat):
        yield np.asarray(base + residual, np.float32)
    yield np.asarray(base + refined(_asked(REFINER, draft, models), residual, draft.refining_noise), np.float32)


def _asked(name: str, draft: Draft, models: ModelRunner) -> Callable[[NDArray[np.float32], float], NDArray[np.float32]]:
    """Return what asks a network for the residual without noise, of a noisy one (H, W, 3) and its deviation."""
    told = draft.condition
    fixed = {"low": told.low[None], "places": told.places[None], "attributes": told.attributes[None]}

    def evaluate(noisy: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
        given = {"noisy": noisy[None], "sigma": np.array([[sigma]], np.float32), **fixed}
        return np.asarray(models.infer(name, given)["residual"][0], np.float32)

    return evaluate


def shown(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring -1..1 to display-encoded 0..1."""
    return np.asarray(np.clip(picture / 2 + 0.5, 0, 1), np.float32)


def _finished(
    picture: NDArray[np.float32],
    backdrop: Colour | None,
    sketch: Sketch,
    models: ModelRunner,
    check: Callable[[], None],
) -> NDArray[np.float32]:
    larger = enlarged(picture, models)
    check()
    if backdrop is not None:
        portrait = Portrait(Picture.from_array(quantised(larger, 8)), models)
        larger = on_backdrop(larger, backdrop, portrait.mask(Region.BACKGROUND))
        check()
    return grained(cut(larger, sketch.brief.frame), np.random.Generator(np.random.Philox(sketch.seed + 2**64)))


def _framing_notes(sketch: Sketch) -> tuple[str, ...]:
    if sketch.brief.frame.framing == "three-quarter":
        return ("A three-quarter view is beyond the generator, which draws head and shoulders.",)
    return ()


@cache
def _population_digest() -> str:
    return hashlib.sha256((files("atelier_generate.base") / FILE).read_bytes()).hexdigest()
