"""Build a TensorRT engine: a module that takes TensorRT as its argument, and a program around it.

    python -m atelier_models.worker.engine REQUEST.json

The request names the TensorRT module, the graph, where the plan goes, and the build's specification
(`atelier_models.engines.spec`); what is known after the build is written beside the plan. Whatever is wrong ends the
program with one sentence that names the tensor or the node.

`trt` is `tensorrt` in Triton's image, or TensorRT for RTX (`tensorrt_rtx_bindings`), which has the same interface and
builds without a GPU.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

Trt = Any  # two modules of one interface, neither of them installed where types are checked
Shapes = dict[str, list[list[int]]]  # by input: smallest, usual and largest shape


class BuildError(Exception):
    """An engine cannot be built; the sentence names the tensor or the node."""


def build(trt: Trt, graph: bytes, spec: dict[str, Any]) -> bytes:
    """Return the plan of a graph.

    `spec` holds `profiles` (a list of Shapes), `workspace_bytes`, `optimisation_level` and, where the engine is for
    another GPU than this machine's, `compute_capability` as [major, minor] (TensorRT for RTX alone has that).
    Raises BuildError.
    """
    log = _Log.of(trt)
    builder = trt.Builder(log)
    network = builder.create_network(0)  # strongly typed since TensorRT 11: precision is the graph's own
    _parse(trt, network, graph, log)
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, spec["workspace_bytes"])
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    config.builder_optimization_level = spec["optimisation_level"]
    # A release is built from nothing: a timing cache would carry one machine's measurements into another's engine.
    config.set_flag(trt.BuilderFlag.DISABLE_TIMING_CACHE)
    if spec.get("compute_capability"):
        _aim(trt, config, spec["compute_capability"])
    for shapes in spec["profiles"]:
        config.add_optimization_profile(_profile(builder, network, shapes))
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise BuildError(f"TensorRT built nothing: {log.last()}")
    return bytes(plan)


def _parse(trt: Trt, network: Any, graph: bytes, log: Any) -> None:
    parser = trt.OnnxParser(network, log)
    if parser.parse(graph):
        return
    if not parser.num_errors:
        raise BuildError(f"the graph is no ONNX graph: {log.last()}")
    errors = [parser.get_error(index) for index in range(parser.num_errors)]
    told = [f"{error.node_operator()} {error.node_name()}: {_sentence(error.desc())}" for error in errors[:3]]
    raise BuildError(f"TensorRT does not take the node {'; '.join(told)}")


def _aim(trt: Trt, config: Any, capability: list[int]) -> None:
    if not hasattr(config, "set_compute_capability"):
        raise BuildError("this TensorRT builds for the GPU of its own machine alone: build there")
    name = f"SM{capability[0]}{capability[1]}"
    known = {value.name: value for value in trt.ComputeCapability.__members__.values()}
    if name not in known:
        raise BuildError(f"{name} is no GPU that this TensorRT builds for: it knows {', '.join(sorted(known))}")
    config.num_compute_capabilities = 1
    config.set_compute_capability(known[name], 0)


def _profile(builder: Any, network: Any, shapes: Shapes) -> Any:
    """Return a profile. TensorRT itself takes unknown names and ranges upside down, and fails much later."""
    inputs = {network.get_input(index).name: network.get_input(index) for index in range(network.num_inputs)}
    if not inputs:
        raise BuildError("the graph is empty, or no ONNX graph")
    if unknown := shapes.keys() - inputs.keys():
        raise BuildError(
            f"the profile names {', '.join(sorted(unknown))}, and the graph takes {', '.join(sorted(inputs))}"
        )
    profile = builder.create_optimization_profile()
    for name, tensor in inputs.items():
        declared = list(tensor.shape)
        if -1 not in declared:
            continue
        if name not in shapes:
            raise BuildError(f"the input {name} {declared} is of free size, and the profile has no range for it")
        _hold(name, declared, shapes[name])
        profile.set_shape(name, *map(tuple, shapes[name]))
    return profile


def _hold(name: str, declared: list[int], ranges: list[list[int]]) -> None:
    smallest, usual, largest = ranges
    if not len(smallest) == len(usual) == len(largest) == len(declared):
        raise BuildError(f"the profile's shapes of {name} are not of its rank {len(declared)}: {ranges}")
    for axis, (low, middle, high, size) in enumerate(zip(smallest, usual, largest, declared, strict=True)):
        if not 1 <= low <= middle <= high:
            raise BuildError(f"the profile of {name} goes from {low} over {middle} to {high} along axis {axis}")
        if size != -1 and not low == middle == high == size:
            raise BuildError(f"{name} is {size} along axis {axis}, and the profile says {low} to {high}")


class _Log:
    """Keeps what TensorRT says, for the sentence that a failed build ends with."""

    @staticmethod
    def of(trt: Trt) -> Any:
        """Return a logger of the module."""

        class Log(trt.ILogger):  # type: ignore[misc]  # of no type where types are checked
            def __init__(self) -> None:
                super().__init__()
                self.errors: list[str] = []

            def log(self, severity: object, message: str) -> None:
                if severity in (trt.ILogger.ERROR, trt.ILogger.INTERNAL_ERROR):
                    self.errors.append(message)

            def last(self) -> str:
                return _sentence(self.errors[-1]) if self.errors else "it said nothing"

        return Log()


def _sentence(text: str) -> str:
    return " ".join(text.split())[:400]


def main(request: Path) -> None:
    """Carry out a request."""
    asked = json.loads(request.read_text(encoding="utf-8"))
    trt = import_module(asked["module"])
    started = time.monotonic()
    plan = build(trt, Path(asked["graph"]).read_bytes(), asked["spec"])
    Path(asked["plan"]).write_bytes(plan)
    known = {"tensorrt": trt.__version__, "build_seconds": round(time.monotonic() - started, 3)}
    Path(asked["known"]).write_text(json.dumps(known), encoding="utf-8")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except BuildError as error:
        sys.exit(str(error))
