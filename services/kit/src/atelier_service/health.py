"""Whether the capability is well: a canary inference again and again, a latch on faults.

Two names of `grpc.health.v1` mean two things. The capability's service name is readiness: SERVING while the latest
canary passed (also while busy) and the process is not draining. The empty name is the process itself: NOT_SERVING only
once a fault has latched, which nothing but a restart mends (a CUDA fault leaves everything after it broken).
Kubernetes' liveness probe asks for the empty name, readiness for the service.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier.v1 import catalog_pb2
from atelier_rpc.logs import Log
from atelier_sdk.errors import AtelierError, QueueFullError
from grpc_health.v1.health import aio as grpc_health
from grpc_health.v1.health_pb2 import HealthCheckResponse

from atelier_service.models.failures import InferenceFailedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

CANARY_TIMEOUT_SECONDS: Final = 60.0

log = Log(__name__)


@dataclass(frozen=True, slots=True)
class Condition:
    """How the capability is; `detail` is a sentence where it is not well, `latched` when only a restart mends it."""

    well: bool
    detail: str = ""
    latched: bool = False


class Health:
    """Keep the health of one capability up to date.

    `canary` does one tiny piece of real work and raises if it fails; it runs in `workers`, a pool of its own, so that a
    busy service is still examined.
    """

    def __init__(
        self, service: str, canary: Callable[[float], None], workers: Executor, *, interval_seconds: float
    ) -> None:
        self.servicer = grpc_health.HealthServicer()
        self.condition = Condition(well=False, detail="The first self-test has not finished.")
        self._service = service
        self._canary = canary
        self._workers = workers
        self._interval_seconds = interval_seconds
        self._suspicion = asyncio.Event()
        self._examined = asyncio.Event()

    def suspect(self) -> None:
        """Have the next canary run now: a call met a fault that nobody expected."""
        self._suspicion.set()

    async def watch(self) -> None:
        """Examine the capability until cancelled, or until a fault latches."""
        await self._publish()
        while not self.condition.latched:
            self._suspicion.clear()
            await self._become(await self._examine())
            self._examined.set()
            try:
                await asyncio.wait_for(self._suspicion.wait(), timeout=self._interval_seconds)
            except TimeoutError:
                continue

    async def examined(self) -> Condition:
        """Wait for the first canary and return how the capability is."""
        await self._examined.wait()
        return self.condition

    async def drain(self) -> None:
        """Say NOT_SERVING from now on."""
        await self.servicer.enter_graceful_shutdown()

    def level(self, *, busy: bool) -> catalog_pb2.Health.ValueType:
        """Return READY, BUSY or UNHEALTHY."""
        if not self.condition.well:
            return catalog_pb2.HEALTH_UNHEALTHY
        return catalog_pb2.HEALTH_BUSY if busy else catalog_pb2.HEALTH_READY

    async def _examine(self) -> Condition:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._workers, self._canary, time.monotonic() + CANARY_TIMEOUT_SECONDS)
        except QueueFullError:
            return Condition(well=True)  # Full is busy, and busy is well.
        except InferenceFailedError as error:
            return self._ill("The model server failed.", error)
        except AtelierError as error:
            return self._ill(error.message, error)
        except Exception as error:  # noqa: BLE001 (whatever nobody expected is what the latch is for)
            return self._ill(f"A fault latched ({type(error).__name__}); restart the process.", error, latched=True)
        return Condition(well=True)

    def _ill(self, detail: str, error: Exception, *, latched: bool = False) -> Condition:
        if detail != self.condition.detail:
            log.error("self-test failed", error, latched=latched)
        return Condition(well=False, detail=detail, latched=latched)

    async def _become(self, condition: Condition) -> None:
        if condition.well and not self.condition.well:
            log.info("ready")
        self.condition = condition
        await self._publish()

    async def _publish(self) -> None:
        serving, not_serving = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING
        await self.servicer.set(self._service, serving if self.condition.well else not_serving)
        await self.servicer.set("", not_serving if self.condition.latched else serving)
