"""One order, sent to Triton and followed by a stream of its own."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import grpc
import numpy as np
from atelier_rpc.logs import Log, request_id
from atelier_sdk.errors import ModelNotInstalledError
from atelier_service.models.failures import failure_of
from atelier_service.models.triton import CHANNEL_OPTIONS, RETRY_AFTER_SECONDS
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import triton_to_np_dtype

from atelier_generate.loop import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

log = Log(__name__)

_LOOK_SECONDS: Final = 0.1
_LAST: Final = "triton_final_response"
# What Triton says of a model that its repository lacks; within a stream it gives texts alone, and no codes.
_LACKING: Final = "is not found"


class Loop:
    """Triton's model `diffusion_loop` at an address; safe to be used from several threads."""

    def __init__(self, url: str) -> None:
        self._stub = service_pb2_grpc.GRPCInferenceServiceStub(grpc.insecure_channel(url, CHANNEL_OPTIONS))

    def follow(self, order: NDArray[np.uint8], check: Callable[[], None]) -> Generator[Arrays]:
        """Send an order and yield the tensors of each response by name.

        `check` is called between whiles; what it raises, or closing the generator, cancels the order, which stops
        within a step. An order that was not begun, as while Triton stops, is sent once more.

        Raises the error of ours that the model answered, ModelNotInstalledError where Triton has no such model, and
        what `failure_of` makes of any other.
        """
        for again in (False, True):
            begun = False
            try:
                with closing(self._answers(order, check)) as answers:
                    for answer in answers:
                        begun = True
                        yield answer
            except _FailedError as error:
                if begun or again or not error.failure.retry:
                    raise _meaning(error) from error
                time.sleep(RETRY_AFTER_SECONDS)
            else:
                return

    def _answers(self, order: NDArray[np.uint8], check: Callable[[], None]) -> Generator[Arrays]:
        call = self._stub.ModelStreamInfer(iter([_request(order)]))
        heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(call, heard), name=wire.MODEL, daemon=True).start()
        try:
            while (response := _next(heard, check)) is not None:
                if response.infer_response.outputs:
                    yield _arrays(response.infer_response)
        finally:
            call.cancel()


class _FailedError(Exception):
    """Triton failed, or could not be reached."""

    def __init__(self, code: grpc.StatusCode | None, text: str) -> None:
        super().__init__(text)
        self.text = text
        self.failure = failure_of(code, text)


def _listen(call: Any, heard: queue.SimpleQueue[Any]) -> None:
    """Pass on the responses of a call, and last None or the error that ended it."""
    last = False
    try:
        for response in call:
            heard.put(_FailedError(None, response.error_message) if response.error_message else response)
            last = response.infer_response.parameters[_LAST].bool_param
        heard.put(None if last else _FailedError(grpc.StatusCode.UNAVAILABLE, "the stream ended before its end"))
    except grpc.RpcError:
        heard.put(_FailedError(call.code(), call.details() or ""))


def _next(heard: queue.SimpleQueue[Any], check: Callable[[], None]) -> Any:
    """Wait for a response, asking between whiles whether it is still wanted; None after the last."""
    while True:
        check()
        try:
            told = heard.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            continue
        if isinstance(told, _FailedError):
            raise told
        return told


def _request(order: NDArray[np.uint8]) -> service_pb2.ModelInferRequest:
    request = service_pb2.ModelInferRequest(model_name=wire.MODEL, id=request_id.get())
    request.inputs.add(name=wire.ORDER, datatype="UINT8", shape=order.shape)
    request.raw_input_contents.append(order.tobytes())
    # So that the end is told, and a stream that merely ended is known from one that was done.
    request.parameters["triton_enable_empty_final_response"].bool_param = True
    return request


def _arrays(response: service_pb2.ModelInferResponse) -> Arrays:
    return {
        output.name: np.frombuffer(content, triton_to_np_dtype(output.datatype)).reshape(output.shape)
        for output, content in zip(response.outputs, response.raw_output_contents, strict=True)
    }


def _meaning(error: _FailedError) -> Exception:
    """Return what a failure means to the caller."""
    if (ours := wire.error_in(error.text)) is not None:
        return ours
    log.warning("triton failed", model=wire.MODEL, failure=error.failure.name, text=error.text)
    if _LACKING not in error.text:
        return error.failure.error(wire.MODEL)
    command = "ATELIER_GENERATOR=triton atelier models repository"
    return ModelNotInstalledError(
        f"Triton has no model {wire.MODEL}. Write a repository that has it with `{command}`.",
        metadata={"model": wire.MODEL, "command": command},
    )
