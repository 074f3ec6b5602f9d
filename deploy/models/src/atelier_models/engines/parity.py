"""Does an engine answer as its graph does? Asked through Triton, on the GPU that it is for, by values.

The graph in float32 on ONNX Runtime is the reference. Silent wrong answers are what this is for: a plan that loads, is
fast, and is off in a layer that fell out of its range.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import numpy as np
import tritonclient.grpc as triton
from atelier_sdk.errors import BackendDownError, ModelUnusableError
from tritonclient.utils import InferenceServerException

from atelier_models import installed
from atelier_models.backend.executor import open_executor
from atelier_models.engines import sidecar
from atelier_models.engines.sidecar import Parity
from atelier_models.parity import pictures
from atelier_models.trial import thread_count

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_models.backend.executor import Tensors
    from atelier_models.catalogue import Model

# Largest difference that is accepted, relative to an output's largest value. On a processor the networks here are
# off by at most 1.4e-2 in half and 7e-2 in bfloat16 (docs/adr/0150), but for the segmenter in bfloat16, which is off by
# 0.3 and ought to be refused. In float32 runtimes differ by 1e-6; TensorRT may multiply in TF32, whose step is 5e-4.
ACCEPTED: Final = {"fp32": 1e-3, "fp16": 3e-2, "bf16": 1e-1}


def measure(model: Model, precision: str, home: Path, url: str, gpu: str, driver: str) -> Parity:
    """Compare what Triton at `url` answers for a model with its graph, for a portrait alone and in a batch.

    Raises BackendDownError where Triton does not answer, ModelNotInstalledError.
    """
    place = installed.require(model, home)
    reference = open_executor("onnxruntime", place.graph, thread_count())
    differences = dict.fromkeys(model.outputs, 0.0)
    together = {name: values[: model.triton.max_batch] for name, values in pictures(model).items()}
    alone = {name: values[:1] for name, values in together.items()}
    for inputs in (alone, together):
        expected, found = reference.run(inputs), answer(url, model, inputs)
        for name in model.outputs:
            differences[name] = max(differences[name], _relative(found[name], expected[name]))
    return Parity(gpu, driver, differences, ACCEPTED[precision])


def record(folder: Path, parity: Parity) -> None:
    """Write a parity into an engine's sidecar.

    Raises ModelUnusableError where it does not hold, after it is written.
    """
    dataclasses.replace(sidecar.read(folder), parity=parity).write(folder)
    if not parity.holds:
        raise ModelUnusableError(
            f"The engine in {folder} differs from its graph by {max(parity.differences.values()):.3g} of the largest "
            f"value, and {parity.accepted:.3g} is accepted. It is not released.",
            metadata={"model": folder.parent.name, "engine": folder.name},
        )


def answer(url: str, model: Model, inputs: Tensors) -> Tensors:
    """Return what Triton answers. Raises BackendDownError."""
    client = triton.InferenceServerClient(url)
    asked = []
    for name, values in inputs.items():
        tensor = triton.InferInput(name, list(values.shape), "FP32")
        tensor.set_data_from_numpy(values)
        asked.append(tensor)
    try:
        response = client.infer(model.name, asked)
    except InferenceServerException as error:
        raise BackendDownError(f"Triton at {url} does not answer for {model.name}: {error.message()}") from error
    finally:
        client.close()
    return {name: response.as_numpy(name) for name in model.outputs}


def _relative(found: np.ndarray, expected: np.ndarray) -> float:
    if found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf")
    return float(np.abs(found - expected).max() / max(float(np.abs(expected).max()), 1e-6))
