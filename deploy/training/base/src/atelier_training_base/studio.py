"""All that is learnt from, worked out once and kept in the working folder."""

from __future__ import annotations

import pickle
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_generate.base.knowledge import Knowledge
from atelier_models.home import default_home
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels
from atelier_training_upscale.photographs import load, portraits

from atelier_training_base.album import Album, album, fitted
from atelier_training_base.cloth import cloth
from atelier_training_base.population_fit import fit_population
from atelier_training_base.styling_fit import fit_stylings
from atelier_training_base.survey import Survey, survey

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

    from atelier_training_base.fitting import Fitted

SURVEY: Final = "survey.npz"
FIT: Final = "fit.pkl"
CLOTH: Final = "cloth.npy"
_LONG: Final = 24 * 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class Studio:
    """The portraits, what was fitted to them, and their attributes in standard deviations."""

    survey: Survey
    album: Album
    model: Fitted
    knowledge: Knowledge
    standard: NDArray[np.float32]


def models() -> ModelRunner:
    """Return the installed models in this process."""
    backend = InProcessModels(default_home() / "models")
    return CallModels(backend, cancellation=Cancellation(), deadline=time.monotonic() + _LONG)


def studio(folder: Path, work: Path) -> Studio:
    """Survey the portraits of `folder` and fit to them, unless `work` holds both already."""
    work.mkdir(parents=True, exist_ok=True)
    if not (work / SURVEY).is_file():
        survey([(path.name, load(path)) for path in portraits(folder)], models()).write(work / SURVEY)
    known = Survey.read(work / SURVEY)
    shown = album(known, folder)
    if not (work / FIT).is_file():
        model = fitted(shown)
        with (work / FIT).open("wb") as file:
            pickle.dump((model, *fit_population(model, shown.attributes, shown.chances)), file)
    with (work / FIT).open("rb") as file:  # our own, of this run
        model, population, standard = pickle.load(file)  # noqa: S301
    if not (work / CLOTH).is_file():
        half = cloth(shown.pictures[: len(shown.pictures) // 2], models())
        np.save(work / CLOTH, np.concatenate([half, half[..., ::-1]]))  # beside their mirror images, as in the album
    stylings = fit_stylings(model, standard, np.load(work / CLOTH))
    return Studio(known, shown, model, Knowledge(model.appearance, population, stylings), standard)
