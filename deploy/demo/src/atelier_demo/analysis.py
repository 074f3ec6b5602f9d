"""Face analysis: what every operation sees before it changes a pixel."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from atelier_imaging.decode import decode
from atelier_imaging.drawing import draw_analysis
from atelier_imaging.portrait import Portrait
from atelier_models.home import default_home
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels
from PIL import Image

if TYPE_CHECKING:
    from atelier_demo.studio import Studio

PATIENCE_SECONDS = 60.0


def run(studio: Studio) -> None:
    """Draw mesh, irises, masks and pose of the portrait.

    An answer carries measures and not masks, so the picture is analysed here once more, with the same models.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    models = CallModels(InProcessModels(default_home() / "models"), cancellation=Cancellation(), deadline=deadline)
    portrait = Portrait(decode(studio.portrait), models)
    Image.fromarray(draw_analysis(portrait)).save(studio.folder / "analysis.png")
