"""Where a Triton repository is for, and how each model runs there.

- `local`: the packaged server of one machine, whose Python backend runs OpenVINO or ONNX Runtime;
- `cpu`: NVIDIA's container without a GPU, on ONNX Runtime;
- `gpu`: the same container with GPUs: TensorRT engines, and ONNX Runtime where `atelier models bench` found it faster.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from atelier_models import installed
from atelier_models.engines import sidecar
from atelier_models.engines.spec import BUCKETS, spec_of
from atelier_models.engines.versions import pinned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_models.catalogue import Model, TritonSettings
    from atelier_models.engines.precision import EnginePrecision

Target = Literal["local", "cpu", "gpu"]

# What fills a GPU alone: two at once would only take turns in small pieces, and both callers would wait for both.
HEAVY: Final = frozenset({"portrait_denoiser", "portrait_refiner"})
_BACKEND_FILES: Final = ("model.py", "executor.py")
# Half a millisecond's wait for company is nothing that a caller feels, and fills batches as soon as two call.
_WAIT_MICROSECONDS: Final = 500
# Requests that may wait, in how many classes, and for how long.
QUEUE: Final = 64
CLASSES: Final = 2
_LONGEST_WAIT_MILLISECONDS: Final = 2000


@dataclass(frozen=True, slots=True)
class Running:
    """How Triton runs a model: `parameters` reach its backend as text, `files` are those of its version.

    `plans` are the engines' file names by compute capability, such as `8.9`; `profiles` how many an engine has. `sides`
    are the sizes that a model of free size is warmed up with.
    """

    backend: str
    on_gpu: bool
    triton: TritonSettings
    parameters: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    plans: Mapping[str, str] = field(default_factory=dict)
    profiles: int = 0
    sides: tuple[int, ...] = ()
    heavy: bool = False


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines that a `gpu` repository takes: one for each compute capability, of one precision."""

    sms: tuple[int, ...]
    precision: EnginePrecision = "fp16"


def running(model: Model, home: Path, target: Target, engines: Engines | None = None) -> Running:
    """Return how a model runs in a target; `engines` for `gpu`.

    Raises ModelNotInstalledError, and ModelUnusableError for an engine that is not admitted.
    """
    place = installed.require(model, home)
    graph = {installed.GRAPH: place.graph.read_bytes()}
    if target == "local":
        code = {name: (Path(__file__).parent / "backend" / name).read_bytes() for name in _BACKEND_FILES}
        contract = (place.folder / installed.CONTRACT).read_bytes()
        told = {"executor": place.contract["executor"], "threads": str(place.contract["trial"]["threads"])}
        return Running("python", False, model.triton, told, {**graph, **code, installed.CONTRACT: contract})
    waiting = dataclasses.replace(
        model.triton,
        queue_size=QUEUE,
        queue_timeout_milliseconds=_LONGEST_WAIT_MILLISECONDS,
        priorities=CLASSES,
        queue_delay_microseconds=_WAIT_MICROSECONDS,
    )
    if target == "cpu":
        threads = {"intra_op_thread_count": "4", "inter_op_thread_count": "1"}
        return Running("onnxruntime", False, waiting, threads, graph)
    if engines is None or place.contract.get("gpu") == "onnxruntime":
        return Running("onnxruntime", True, waiting, {}, graph)
    return _engines(model, home, waiting, engines)


def _engines(model: Model, home: Path, waiting: TritonSettings, engines: Engines) -> Running:
    onnx = installed.require(model, home).contract["sha256"]
    files, plans = {}, {}
    for sm in engines.sms:
        spec = spec_of(model, sm, engines.precision)
        folder = home / "engines" / model.name / f"sm{sm}-{engines.precision}"
        sidecar.admit(folder, sidecar.Place(pinned().tensorrt, sm), onnx)
        plans[f"{sm // 10}.{sm % 10}"] = f"sm{sm}.plan"
        files[f"sm{sm}.plan"] = (folder / sidecar.PLAN).read_bytes()
        files[f"sm{sm}.{sidecar.SIDECAR}"] = (folder / sidecar.SIDECAR).read_bytes()
    free = any(-1 in border.shape for border in model.inputs.values())
    return Running(
        "tensorrt",
        True,
        waiting,
        files=files,
        plans=plans,
        profiles=len(spec.profiles),
        sides=BUCKETS if free else (),
        heavy=model.name in HEAVY,
    )
