"""The loop in the real Triton draws what the backend `diffusers` draws, and tells each step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_generate.backend import Drawn
from atelier_generate.diffusion.backend import DiffusersBackend
from atelier_generate.diffusion.settings import DiffusersSettings

from tests.services.generate.diffusion.conftest import events, pictures, previews, sketch, steps
from tests.services.generate.diffusion.loop.conftest import backend_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.generate.diffusion.loop.conftest import Server

SDXL = "sdxl"
pytestmark = pytest.mark.filterwarnings("ignore")


def test_it_draws_the_same_bytes_as_in_process_and_a_response_tells_each_step(sdxl: Server, home: Path) -> None:
    here = DiffusersBackend(DiffusersSettings(family_name=SDXL, home=home, device="cpu", side=64))
    there = backend_at(sdxl.url, home, SDXL)
    order = (sketch(7, "a keeper of bees", "waxy"), sketch(2**64 - 1, "a calm person"))
    expected, told = events(here, *order, previews=True), events(there, *order, previews=True)
    assert steps(told) == [(step + 1, 60) for step in range(60)]
    assert [type(event) for event in told] == [type(event) for event in expected]
    assert len(previews(told)) == 60
    for mine, theirs in zip(pictures(expected), pictures(told), strict=True):
        assert np.array_equal(mine, theirs)
    assert [event.notes for event in told if isinstance(event, Drawn)] == [
        event.notes for event in expected if isinstance(event, Drawn)
    ]
    assert dict(there.made_of) == dict(here.made_of)
    assert (there.name, there.family, there.honours) == ("triton", here.family, here.honours)
