"""Triton's side of `diffusion_loop`: a checkpoint in the Python backend, drawing one candidate at a time.

Tensors are handed over by DLPack, not as NumPy arrays: with NumPy 2 the Python backend of Triton 2.51 sends outputs
without their bytes, and status OK.
"""

from __future__ import annotations

import json
import os
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
import triton_python_backend_utils as pb_utils
from atelier_rpc.logs import Log, configure
from atelier_rpc.settings import read
from atelier_sdk.errors import AtelierError, CancelledError, ModelUnusableError

from atelier_generate.diffusion.settings import DiffusersSettings
from atelier_generate.diffusion.studio import Progress, Studio
from atelier_generate.loop import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from atelier_generate.diffusion.drawing import Wanted

    Arrays = dict[str, NDArray[Any]]

log = Log(__name__)

# Triton's nearest code by ours; by name, because Triton fills its module in only after it has imported this one.
_CODES: Final = {
    "INVALID_ARGUMENT": "INVALID_ARG",
    "RESOURCE_EXHAUSTED": "UNAVAILABLE",
    "UNAVAILABLE": "UNAVAILABLE",
    "CANCELLED": "CANCELLED",
}


class TritonPythonModel:
    """One instance: Triton gives it one order after the other, and counts and limits those that wait."""

    def initialize(self, args: Mapping[str, str]) -> None:
        """Load the checkpoint that the model's parameters name, so that a model that is ready has one.

        Parameters are the variables of the backend `diffusers`; what they leave open, Triton's environment may say.
        """
        configure(service=wire.MODEL)
        settings = _settings(args)
        self._terms = wire.terms(settings)
        self._studio = Studio(settings)
        self._studio.open()
        self._family = pb_utils.MetricFamily(
            "atelier_denoising_steps_total", "Steps that the loop has made.", pb_utils.MetricFamily.COUNTER
        )
        self._steps = self._family.Metric({"model": args["model_name"], "instance": args["model_instance_name"]})
        log.info("loaded", model=settings.family_name, device=self._studio.device)

    def execute(self, requests: Sequence[pb_utils.InferenceRequest]) -> None:
        """Answer each request by as many responses as it takes, the last of which is empty or an error."""
        for request in requests:
            sender = request.get_response_sender()
            failure = self._failure(request, sender)
            last = [] if failure is None else [pb_utils.InferenceResponse([], error=failure)]
            sender.send(*last, flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)

    def _failure(
        self, request: pb_utils.InferenceRequest, sender: pb_utils.InferenceResponseSender
    ) -> pb_utils.TritonError | None:
        """Serve a request; return what it failed with, if it failed."""

        def check() -> None:
            if sender.is_cancelled():
                raise CancelledError("The caller is gone.")

        try:
            check()
            for arrays in self._answers(_order(request), check):
                sender.send(_response(arrays))
        except AtelierError as error:
            code = getattr(pb_utils.TritonError, _CODES.get(error.status, "INTERNAL"))
            return pb_utils.TritonError(wire.error_text(error), code)
        except Exception as error:  # noqa: BLE001 (the server lives on)
            # Its text may hold what was asked for; it goes to the log, which leaves that out.
            log.error("drawing failed", error)  # noqa: TRY400 (not logging's)
            return pb_utils.TritonError(type(error).__name__, pb_utils.TritonError.INTERNAL)
        return None

    def _answers(self, content: NDArray[np.uint8], check: Callable[[], None]) -> Iterator[Arrays]:
        asked, wanted = wire.read_order(content)
        if asked != self._terms:
            raise _disagreement(asked, self._terms)
        if wanted is None:
            self._studio.canary()
        yield {wire.ABOUT: wire.from_json(self._studio.record)}
        if wanted is not None:
            yield from self._drawing(wanted, check)

    def _drawing(self, wanted: Wanted, check: Callable[[], None]) -> Iterator[Arrays]:
        with closing(self._studio.draw(wanted, check)) as drawing:
            for told in drawing:
                if not isinstance(told, Progress):
                    yield {wire.CANDIDATE: told}
                    continue
                self._steps.increment(1)
                step = {wire.STEP: np.array([told.done, told.total], np.int32)}
                yield step if told.preview is None else {**step, wire.PREVIEW: told.preview}


def _settings(args: Mapping[str, str]) -> DiffusersSettings:
    said = json.loads(args["model_config"])["parameters"]
    settings = read(DiffusersSettings, {**os.environ, **{name: each["string_value"] for name, each in said.items()}})
    if args["model_instance_kind"] != "GPU" or settings.device:
        return settings
    return replace(settings, device=f"cuda:{args['model_instance_device_id']}")


def _disagreement(asked: wire.Terms, terms: wire.Terms) -> ModelUnusableError:
    return ModelUnusableError(
        f"Triton's {wire.MODEL} was set up for {terms}, and the service for {asked}: write the repository again with "
        "the service's variables ATELIER_GENERATOR_….",
        metadata={"model": wire.MODEL},
    )


def _order(request: pb_utils.InferenceRequest) -> NDArray[np.uint8]:
    tensor = pb_utils.get_input_tensor_by_name(request, wire.ORDER)
    content: NDArray[np.uint8] = torch.from_dlpack(tensor.to_dlpack()).numpy()
    return content


def _response(arrays: Arrays) -> pb_utils.InferenceResponse:
    # A copy, since DLPack hands over memory that may be written to.
    return pb_utils.InferenceResponse(
        [pb_utils.Tensor.from_dlpack(name, torch.from_numpy(array.copy())) for name, array in arrays.items()]
    )
