"""The backend `triton`: the checkpoint draws in Triton, all else is as in the backend `diffusers`."""

from __future__ import annotations

import sys
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final

from atelier_rpc.settings import read_or_exit
from atelier_service.settings import ServiceSettings

from atelier_generate.diffusion.backend import CheckpointBackend, settings_and_base
from atelier_generate.diffusion.studio import Progress
from atelier_generate.loop import wire
from atelier_generate.loop.stream import Loop
from atelier_generate.settings import TRITON

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from atelier_generate.backend import Backend
    from atelier_generate.diffusion.drawing import Wanted
    from atelier_generate.diffusion.families import DrawingFamily
    from atelier_generate.diffusion.settings import DiffusersSettings
    from atelier_generate.loop.stream import Arrays

_CANARY_SECONDS: Final = 2.0


def open_triton() -> TritonBackend:
    """Make the backend that the environment asks for; exit with a sentence where it asks for what cannot be."""
    settings, base = settings_and_base(TRITON)
    program = f"atelier-generate ({TRITON})"
    url = read_or_exit(ServiceSettings, program=program, description="Draws in Triton.").triton_url
    if not url:
        sys.stderr.write(f"{program}: ATELIER_TRITON_URL: it is empty, and {TRITON} draws there\n")
        raise SystemExit(2)
    return TritonBackend(settings, url, base)


class TritonBackend(CheckpointBackend):
    """Draw with the checkpoint that Triton holds at an address."""

    def __init__(self, settings: DiffusersSettings, url: str, base: Backend | None = None) -> None:
        super().__init__(TRITON, settings, TritonEasel(settings, url), base)


class TritonEasel:
    """The loop in Triton, seen from the service. Each candidate is an order of its own, and waits in Triton's queue."""

    def __init__(self, settings: DiffusersSettings, url: str) -> None:
        self._family = settings.family
        self._terms = wire.terms(settings)
        self._loop = Loop(url)
        self._record: Mapping[str, object] = {}

    @property
    def family(self) -> DrawingFamily:
        """Return the family of the checkpoint."""
        return self._family

    @property
    def record(self) -> Mapping[str, object]:
        """Return what the loop said of itself at the last order that was begun."""
        return self._record

    def ready(self) -> None:
        """Know of nothing that is missing: whatever it is, the loop says it at once."""

    def draw(self, wanted: Wanted, check: Callable[[], None]) -> Generator[Progress | NDArray[np.float32]]:
        """Have a candidate drawn; see `Easel.draw`. Raises what the loop raises, and what `Loop.follow` does."""
        with closing(self._loop.follow(wire.order(self._terms, wanted), check)) as answers:
            for answer in answers:
                if wire.ABOUT in answer:
                    self._note(answer)
                elif wire.STEP in answer:
                    done, total = (int(each) for each in answer[wire.STEP])
                    yield Progress(done, total, answer.get(wire.PREVIEW))
                else:
                    yield answer[wire.CANDIDATE]

    def canary(self) -> None:
        """See that Triton has the loop and that its device can multiply; while it draws for somebody, nothing more.

        Raises what the loop raises, ModelNotInstalledError, BackendDownError.
        """
        until = time.monotonic() + _CANARY_SECONDS

        def check() -> None:
            if time.monotonic() > until:
                raise _AtWorkError

        with suppress(_AtWorkError):
            for answer in self._loop.follow(wire.order(self._terms), check):
                self._note(answer)

    def _note(self, answer: Arrays) -> None:
        self._record = wire.to_json(answer[wire.ABOUT])


class _AtWorkError(Exception):
    """The order's turn has not come: another one is drawn."""
