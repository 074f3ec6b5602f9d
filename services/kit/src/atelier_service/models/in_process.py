"""Models inside this process: the same contracts where Triton cannot run."""

from __future__ import annotations

import functools
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from atelier_sdk.errors import DeadlineTooShortError, ModelUnusableError

from atelier_service.models.backend import InstalledModel
from atelier_service.models.contract import ModelContract, read_contract

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from atelier_service.cancellation import Cancellation
    from atelier_service.models.backend import Arrays


class Executor(Protocol):
    """One loaded model; safe to be used by several threads."""

    def __call__(self, inputs: Mapping[str, NDArray[np.float32]]) -> Arrays:
        """Run it once."""


class OpenVinoExecutor:
    """A model on OpenVINO's CPU plugin, in float32, or in bfloat16 where its contract allows it and the CPU has it."""

    def __init__(self, contract: ModelContract) -> None:
        from openvino import Core

        core = Core()
        narrow = contract.precision == "bfloat16" and "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "bf16" if narrow else "f32"}
        self._compiled = core.compile_model(str(contract.path), "CPU", settings)
        self._outputs = tuple(tensor.name for tensor in contract.outputs)
        self._threads = threading.local()

    def __call__(self, inputs: Mapping[str, NDArray[np.float32]]) -> Arrays:
        """Run it once, on this thread's own request."""
        request = getattr(self._threads, "request", None)
        if request is None:
            request = self._threads.request = self._compiled.create_infer_request()
        request.infer(dict(inputs), share_inputs=True)
        return {name: np.array(request.get_tensor(name).data) for name in self._outputs}


class OnnxRuntimeExecutor:
    """A model on ONNX Runtime's CPU provider."""

    def __init__(self, contract: ModelContract) -> None:
        import onnxruntime

        self._session = onnxruntime.InferenceSession(str(contract.path), providers=["CPUExecutionProvider"])
        self._outputs = [tensor.name for tensor in contract.outputs]

    def __call__(self, inputs: Mapping[str, NDArray[np.float32]]) -> Arrays:
        """Run it once."""
        return dict(zip(self._outputs, self._session.run(self._outputs, dict(inputs)), strict=True))


EXECUTORS: Final[dict[str, Callable[[ModelContract], Executor]]] = {
    "openvino": OpenVinoExecutor,
    "onnxruntime": OnnxRuntimeExecutor,
}


class InProcessModels:
    """Run models in this process, each loaded when it is first used. A run cannot be interrupted."""

    def __init__(self, models: Path) -> None:
        self._contract = functools.lru_cache(maxsize=None)(functools.partial(read_contract, models))
        self._loading = threading.Lock()
        self._loaded: dict[str, Executor] = {}

    def infer(
        self, model: str, inputs: Mapping[str, NDArray[np.float32]], *, cancellation: Cancellation, deadline: float
    ) -> Arrays:
        """Run `model` once."""
        if time.monotonic() >= deadline:
            raise DeadlineTooShortError(f"The deadline passed before the model {model} was run.")
        contract = self._contract(model)
        contract.check_inputs(inputs)
        executor = self._executor(contract)
        cancellation.check()
        outputs = executor({name: np.ascontiguousarray(array) for name, array in inputs.items()})
        contract.check_outputs(outputs)
        return outputs

    def installed(self, model: str) -> InstalledModel:
        """Return what is known of `model`."""
        found = self._contract(model)
        return InstalledModel(found.name, found.version, found.sha256, found.license, f"in-process/{found.executor}")

    async def close(self) -> None:
        """Forget the loaded models."""
        self._loaded.clear()

    def _executor(self, contract: ModelContract) -> Executor:
        with self._loading:
            if contract.name not in self._loaded:
                self._loaded[contract.name] = _loaded(contract)
            return self._loaded[contract.name]


def _loaded(contract: ModelContract) -> Executor:
    """Load a model. Raises ModelUnusableError where its file is damaged or not one."""
    try:
        return EXECUTORS[contract.executor](contract)
    except Exception as error:  # Executors share no class of errors.
        raise ModelUnusableError(
            f"The model {contract.name} is installed and cannot be loaded by {contract.executor}. Remove its folder "
            f"and install it again: `atelier models convert {contract.name}`.",
            metadata={"model": contract.name},
        ) from error
