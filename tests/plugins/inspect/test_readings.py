"""Other services take the critic's measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.measures import Verdict
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_inspect import plugin
from atelier_sdk.discovery import Found
from atelier_sdk.host import PluginHost
from atelier_service.plugins import Plugins

if TYPE_CHECKING:
    from atelier_imaging.models import ModelRunner


def plugins() -> Plugins:
    host = PluginHost()
    host.add(Found("inspect", "atelier-inspect", "0.1.0", lambda: plugin))
    return Plugins(host)


def test_a_service_measures_realism_in_its_own_process(astronaut: Portrait) -> None:
    (score,) = plugins().take(["realism"], astronaut, None, seconds=60)
    assert (score.name, score.verdict) == ("realism", Verdict.PASS)
    assert score.value is not None
    assert 0.9 < score.value <= 1


def test_every_single_measure_can_be_asked_for(astronaut: Portrait) -> None:
    names = [each.name for each in plugins().take(["critique"], astronaut, None, seconds=60)]
    assert names[0] == "realism"
    assert {"skin_texture", "asymmetry", "edge_overshoot", "noise", "eyes_open"} <= {*names}


def test_what_has_no_face_has_no_realism(models: ModelRunner) -> None:
    grey = Portrait(Picture.from_array(np.full((128, 128, 3), 128, np.uint8)), models)
    (score,) = plugins().take(["realism"], grey, None, seconds=60)
    assert score.verdict is Verdict.NOT_MEASURABLE
