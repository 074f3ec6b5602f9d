"""An engine in the Triton that serves it, timed by Triton's own count: the way there is no merit of the engine."""

from __future__ import annotations

import re
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Final

from atelier_sdk.errors import BackendDownError

from atelier_models.engines.parity import answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from atelier_models.backend.executor import Tensors
    from atelier_models.catalogue import Model

# Copying to and from the GPU counts: executors in this process do it as well.
_COUNTED: Final = r'^nv_inference_compute_(?:input|infer|output)_duration_us\{model="%s",.*\} (\d+)'
_SECONDS_TO_ANSWER: Final = 10
_SECONDS_TO_COUNT, _BETWEEN_LOOKS = 1.0, 0.002


class ServedExecutor:
    """A model behind Triton's gRPC at `url`, HOST:PORT; its metrics are at the next port, as in our image.

    Statistics would say the same and are closed to everybody there. Every method raises BackendDownError.
    """

    def __init__(self, url: str, model: Model) -> None:
        self._url, self._model = url, model
        self._microseconds()

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> Tensors:
        """Ask Triton."""
        return answer(self._url, self._model, dict(inputs))

    def timed(self, inputs: Tensors) -> float:
        """Ask Triton and return how long it computed; nobody else may ask for the model meanwhile."""
        before = self._microseconds()
        self.run(inputs)
        # Triton answers first and counts then.
        latest = time.monotonic() + _SECONDS_TO_COUNT
        while (counted := self._microseconds()) == before:
            if time.monotonic() > latest:
                raise BackendDownError(f"Triton at {self._url} answered for {self._model.name} and did not count it.")
            time.sleep(_BETWEEN_LOOKS)
        return (counted - before) / 1e6

    def _microseconds(self) -> int:
        counted = re.findall(_COUNTED % re.escape(self._model.name), self._metrics(), re.MULTILINE)
        if not counted:
            raise BackendDownError(f"Triton at {self._url} does not serve {self._model.name}.")
        return sum(map(int, counted))

    def _metrics(self) -> str:
        host, _, port = self._url.rpartition(":")
        try:
            with closing(HTTPConnection(host, int(port) + 1, timeout=_SECONDS_TO_ANSWER)) as connection:
                connection.request("GET", "/metrics")
                return connection.getresponse().read().decode()
        except (OSError, HTTPException, ValueError) as error:
            raise BackendDownError(
                f"The metrics of Triton at {self._url}, at the port after it, cannot be read ({error})."
            ) from error
