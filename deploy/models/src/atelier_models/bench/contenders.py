"""Who can run a model on this machine, and for everybody else the reason why not.

- `tensorrt`: an engine for this machine's GPU, in the Triton that serves it;
- `torch-compile`: PyTorch's compiler, which an engine has to beat. Compared, never served: services have no PyTorch;
- `onnxruntime-cuda`: ONNX Runtime on the GPU;
- `openvino`, `onnxruntime`: those that serve on a processor.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from atelier_models.backend.executor import EXECUTORS, open_executor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from atelier_models.backend.executor import Executor, Tensors
    from atelier_models.catalogue import Model
    from atelier_models.engines.precision import EnginePrecision
    from atelier_models.installed import Installed

SERVING: Final = tuple(EXECUTORS)
ORDER: Final = ("tensorrt", "torch-compile", "onnxruntime-cuda", *SERVING)
_CUDA: Final = "CUDAExecutionProvider"
_SECONDS_TO_ANSWER: Final = 20


class AbsentError(Exception):
    """An executor is not present here; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU: its name, its compute capability without the dot, its driver's version."""

    name: str
    sm: int
    driver: str


@dataclass(frozen=True, slots=True)
class Machine:
    """Where models are compared: an executor's threads, the GPU, the Triton that serves engines of a precision."""

    threads: int
    gpu: Gpu | None = None
    triton: str | None = None
    precision: EnginePrecision = "fp16"


def this_gpu() -> Gpu | None:
    """Return the first GPU that nvidia-smi names, or nothing."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return None
    query = [command, "--query-gpu=name,compute_cap,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, check=True, timeout=_SECONDS_TO_ANSWER)
        name, capability, driver = (part.strip() for part in done.stdout.splitlines()[0].split(","))
        return Gpu(name, int(capability.replace(".", "")), driver)
    except (subprocess.SubprocessError, ValueError, IndexError):
        return None


def open_contender(name: str, model: Model, place: Installed, home: Path, machine: Machine) -> Executor:
    """Open an executor by its name in `ORDER`. Raises AbsentError with the reason where it is not here."""
    if name in SERVING:
        return open_executor(name, place.graph, machine.threads, model.precision)
    open_: Callable[[Model, Installed, Path, Machine], Executor] = {
        "tensorrt": _tensorrt,
        "torch-compile": _torch,
        "onnxruntime-cuda": _cuda,
    }[name]
    return open_(model, place, home, machine)


class CudaExecutor:
    """ONNX Runtime on the GPU. Raises AbsentError where it would silently take the processor, as without CUDA's own."""

    def __init__(self, graph: Path) -> None:
        import onnxruntime

        self._session = onnxruntime.InferenceSession(str(graph), providers=[_CUDA])
        if _CUDA not in self._session.get_providers():
            raise AbsentError("onnxruntime: CUDA's libraries cannot be loaded")
        self._names = [output.name for output in self._session.get_outputs()]

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> Tensors:
        """Execute the graph."""
        return dict(zip(self._names, self._session.run(self._names, dict(inputs)), strict=True))


class CompiledExecutor:
    """PyTorch's compiler on the graph, which onnx2fx reads; on the GPU where there is one."""

    def __init__(self, graph: Path, threads: int) -> None:
        onnx, torch, onnx2fx = (import_module(name) for name in ("onnx", "torch", "onnx2fx"))
        self._torch, loaded = torch, onnx.load(str(graph))
        torch.set_num_threads(threads)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._taken = [border.name for border in loaded.graph.input]
        self._given = [border.name for border in loaded.graph.output]
        self._network = torch.compile(onnx2fx.convert(loaded).eval().to(self._device))

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> Tensors:
        """Execute the network; the first run compiles it."""
        with self._torch.inference_mode():
            found: Any = self._network(*[self._torch.from_numpy(inputs[name]).to(self._device) for name in self._taken])
        values = [found] if self._torch.is_tensor(found) else list(found)
        return {name: value.cpu().numpy() for name, value in zip(self._given, values, strict=True)}


def _cuda(model: Model, place: Installed, home: Path, machine: Machine) -> Executor:  # noqa: ARG001 - all open alike
    import onnxruntime

    if _CUDA not in onnxruntime.get_available_providers():
        raise AbsentError("onnxruntime: without CUDA (onnxruntime-gpu has it)")
    if machine.gpu is None:
        raise AbsentError("no NVIDIA GPU")
    return CudaExecutor(place.graph)


def _torch(model: Model, place: Installed, home: Path, machine: Machine) -> Executor:  # noqa: ARG001 - all open alike
    if missing := [name for name in ("torch", "onnx", "onnx2fx") if find_spec(name) is None]:
        raise AbsentError(", ".join(f"{name}: not installed" for name in missing))
    if machine.gpu is None and not any(map(shutil.which, ("c++", "g++", "clang++"))):
        raise AbsentError("no C++ compiler, which PyTorch's compiler needs on a processor")
    try:
        executor = CompiledExecutor(place.graph, machine.threads)
        executor.run({name: np.zeros((1, *border.sample), np.float32) for name, border in model.inputs.items()})
    except Exception as error:  # whatever a converter or a compiler stumbles over
        raise AbsentError(f"torch: {_sentence(error)}") from error
    return executor


def _tensorrt(model: Model, place: Installed, home: Path, machine: Machine) -> Executor:
    from atelier_sdk.errors import ModelUnusableError

    from atelier_models.engines import sidecar
    from atelier_models.engines.making import folder_of
    from atelier_models.engines.spec import spec_of
    from atelier_models.engines.versions import pinned

    if machine.gpu is None:
        raise AbsentError("no NVIDIA GPU")
    folder = folder_of(spec_of(model, machine.gpu.sm, machine.precision), home)
    here = sidecar.Place(pinned().tensorrt, machine.gpu.sm)
    try:
        sidecar.admit(folder, here, place.contract["sha256"], released=False)
    except ModelUnusableError as error:
        raise AbsentError(error.message) from error
    if machine.triton is None:
        raise AbsentError("engines run in Triton: name the one that serves them with --triton")
    from atelier_models.bench.served import ServedExecutor

    return ServedExecutor(machine.triton, model)


def _sentence(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return " ".join(lines[0].split())[:200]
