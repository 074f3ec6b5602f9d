"""Models behind Triton, over gRPC on the event loop; worker threads wait for it."""

from __future__ import annotations

import asyncio
import functools
import re
import time
from typing import TYPE_CHECKING, Final

import grpc
import numpy as np
from atelier_rpc.logs import Log, request_id
from atelier_sdk.errors import CancelledError, DeadlineTooShortError, DrainingError
from tritonclient.grpc.aio import InferenceServerClient
from tritonclient.utils import InferenceServerException

from atelier_service.models.backend import InstalledModel
from atelier_service.models.contract import read_contract
from atelier_service.models.failures import failure_of
from atelier_service.models.lent import Lent
from atelier_service.models.regions import Regions, owner_is_gone, unlink_the_dead

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tritonclient.grpc import InferResult

    from atelier_service.bridge import Bridge
    from atelier_service.cancellation import Cancellation
    from atelier_service.models.backend import Arrays
    from atelier_service.models.contract import ModelContract

log = Log(__name__)

RETRY_AFTER_SECONDS: Final = 0.1
URGENT_SECONDS: Final = 2.0
_HOUSEKEEPING_SECONDS: Final = 2.0
_LOCAL: Final = ("127.", "localhost:", "[::1]:", "unix:")
_BATCH_LIMIT: Final = re.compile(r"batch-size must be <= (\d+)")
CHANNEL_OPTIONS: Final = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # A Triton that restarts is found again within a second; gRPC's own back-off grows to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)
_OPTIONS: Final = (
    *CHANNEL_OPTIONS,
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)


class TritonModels:
    """Run models on a Triton server.

    Made on the event loop. Tensors go through shared memory when Triton is on this host and takes it. What it fails
    with is told apart by `failures`; a request that it did not begin is sent once more. It is found again after a
    restart.
    """

    def __init__(self, url: str, models: Path, bridge: Bridge) -> None:
        self._client = InferenceServerClient(url, channel_args=list(_OPTIONS))
        self._bridge = bridge
        self._contract = functools.lru_cache(maxsize=None)(functools.partial(read_contract, models))
        self._regions = Regions() if url.startswith(_LOCAL) else None
        self._pool = self._regions
        self._max_batch: dict[str, int] = {}
        self._growth: dict[tuple[str, str], float] = {}

    def infer(
        self, model: str, inputs: Mapping[str, NDArray[np.float32]], *, cancellation: Cancellation, deadline: float
    ) -> Arrays:
        """Run `model` once; a batch that is larger than Triton accepts goes in parts."""
        contract = self._contract(model)
        contract.check_inputs(inputs)
        batch = next(iter(inputs.values())).shape[0]
        part = min(batch, self._max_batch.get(model, batch))
        infer = functools.partial(self._infer, contract, cancellation=cancellation, deadline=deadline)
        try:
            answers = [infer(_part(inputs, at, at + part)) for at in range(0, batch, part)]
        except _BatchTooLargeError as error:
            self._max_batch[model] = error.limit
            return self.infer(model, inputs, cancellation=cancellation, deadline=deadline)
        except _MemoryRefusedError as error:
            log.info("triton takes no shared memory", text=str(error))
            self._pool = None
            return self.infer(model, inputs, cancellation=cancellation, deadline=deadline)
        outputs = answers[0] if len(answers) == 1 else _joined(answers)
        contract.check_outputs(outputs)
        return outputs

    def installed(self, model: str) -> InstalledModel:
        """Return what is known of `model`."""
        found = self._contract(model)
        return InstalledModel(found.name, found.version, found.sha256, found.license, f"triton/{found.executor}")

    async def close(self) -> None:
        """Have Triton forget our memory, give it back, and close the connection."""
        if self._regions is not None:
            for name in self._regions.close():
                await self._try_to_unregister(name)
            self._regions = self._pool = None
        await self._client.close()

    async def forget_the_dead(self) -> None:
        """Give back memory of services that were killed, here and in Triton, which keeps it mapped otherwise."""
        if self._regions is None:
            return
        unlink_the_dead()
        try:
            known = await self._client.get_system_shared_memory_status(client_timeout=_HOUSEKEEPING_SECONDS)
        except InferenceServerException:
            return  # No Triton yet, or one without shared memory: nothing to forget.
        for name in known.regions:
            if owner_is_gone(name):
                await self._try_to_unregister(name)

    def _infer(
        self,
        contract: ModelContract,
        inputs: Mapping[str, NDArray[np.float32]],
        *,
        cancellation: Cancellation,
        deadline: float,
    ) -> Arrays:
        sent = sum(array.nbytes for array in inputs.values())
        lent = Lent(contract, inputs, self._pool, self._expected(contract, sent))
        untouched = True
        try:
            sending = self._send(contract.name, lent, deadline)
            result = self._bridge.wait(sending, cancellation=cancellation, deadline=deadline)
            return self._noted(contract.name, lent.answer(result), sent)
        except (CancelledError, DeadlineTooShortError, DrainingError):
            untouched = False  # We have stopped waiting; Triton may still write.
            raise
        finally:
            lent.release(untouched=untouched)

    def _expected(self, contract: ModelContract, sent: int) -> dict[str, int]:
        """Say how many bytes each output will have: as many over those sent as it had before.

        So it is with networks of free size, which answer a picture for a picture. Shared memory is lent before the
        answer is known, and only a model's first answer travels in the message.
        """
        grown = {tensor.name: self._growth.get((contract.name, tensor.name), 0.0) for tensor in contract.outputs}
        return {name: round(growth * sent) for name, growth in grown.items()}

    def _noted(self, model: str, answer: Arrays, sent: int) -> Arrays:
        self._growth |= {(model, name): array.nbytes / sent for name, array in answer.items()}
        return answer

    async def _send(self, model: str, lent: Lent, deadline: float) -> InferResult:
        for again in (False, True):
            generation = self._regions.generation if self._regions else 0
            try:
                await self._register(lent, generation)
                return await self._call(model, lent, deadline)
            except InferenceServerException as error:
                limit = _BATCH_LIMIT.search(error.message() or "")
                if limit:
                    raise _BatchTooLargeError(int(limit[1])) from None
                failure = failure_of(_code(error), error.message() or "")
                log.warning("triton failed", model=model, failure=failure.name, text=error.message() or "", again=again)
                if failure.forget_memory and self._regions:
                    self._regions.forget(generation)
                if again or not failure.retry:
                    raise failure.error(model) from error
            await asyncio.sleep(RETRY_AFTER_SECONDS)
        raise AssertionError("unreachable")

    async def _call(self, model: str, lent: Lent, deadline: float) -> InferResult:
        left = max(0.001, deadline - time.monotonic())
        return await self._client.infer(
            model,
            lent.inputs,
            outputs=lent.outputs,
            request_id=request_id.get(),
            priority=1 if left < URGENT_SECONDS else 0,
            timeout=int(left * 1e6),
            client_timeout=left,
        )

    async def _register(self, lent: Lent, generation: int) -> None:
        """Make the regions known to Triton that it does not know yet."""
        for region in lent.regions.values():
            if region.known_to == generation:
                continue
            try:
                await self._client.register_system_shared_memory(
                    region.name, f"/{region.name}", region.size_bytes, client_timeout=_HOUSEKEEPING_SECONDS
                )
            except InferenceServerException as error:
                _judge_registration(error)
            region.known_to = generation

    async def _try_to_unregister(self, name: str) -> None:
        try:
            await self._client.unregister_system_shared_memory(name, client_timeout=_HOUSEKEEPING_SECONDS)
        except InferenceServerException as error:
            log.debug("triton does not unregister", region=name, text=error.message() or "")


class _BatchTooLargeError(Exception):
    """Triton takes at most `limit` of a batch."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class _MemoryRefusedError(Exception):
    """This Triton takes no shared memory: it is forbidden there, or it does not see ours."""


def _judge_registration(error: InferenceServerException) -> None:
    """Pass where Triton knows the region already or is down (the inference will say so); raise where it refuses."""
    text = (error.message() or "").lower()
    unreachable = _code(error) in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    if "already in manager" in text or (unreachable and "restricted" not in text):
        return
    raise _MemoryRefusedError(text)


def _code(error: InferenceServerException) -> grpc.StatusCode:
    """Return the gRPC code, which tritonclient keeps as `StatusCode.NAME`."""
    name = str(error.status()).rpartition(".")[2]
    return grpc.StatusCode[name] if name in grpc.StatusCode.__members__ else grpc.StatusCode.UNKNOWN


def _part(inputs: Mapping[str, NDArray[np.float32]], start: int, stop: int) -> dict[str, NDArray[np.float32]]:
    return {name: array[start:stop] for name, array in inputs.items()}


def _joined(answers: Sequence[Arrays]) -> Arrays:
    return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}
