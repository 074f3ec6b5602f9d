"""Does a converted graph answer as the original does? Measured, stated and kept beside the model.

Three questions, for each executor: the known landmarks of a real portrait; the original runtime's answers to the same
pictures, one by one and as one batch; and whether a picture's answer depends on its company in a batch.
"""

from __future__ import annotations

import io
import json
import tempfile
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from atelier_sdk.errors import ModelUnusableError

from atelier_models.backend.executor import EXECUTORS, open_executor
from atelier_models.trial import largest_differences, random_inputs, thread_count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from atelier_models.backend.executor import Executor, Tensors
    from atelier_models.catalogue import Converter, Model

ORIGINALS: Mapping[Converter, str] = {
    "tflite": "LiteRT",
    "face-api": "NumPy, float64",
    "onnx": "PyTorch",
    "adopted": "ONNX Runtime, the graph as it came",
}
KNOWN = "known landmarks"
NOISE_PICTURES = 3
PARITY_BATCH = 2 + NOISE_PICTURES  # the portrait, its mirror image, noise


class Parity(TypedDict):
    """The content of parity.json: the largest difference of each output, by executor and by what was compared."""

    reference: str
    pictures: int
    tolerance: dict[str, float]
    difference: dict[str, dict[str, dict[str, float]]]


@dataclass(frozen=True, slots=True)
class Landmark:
    """Values that the original runtime gives for the portrait, from index `at` of a flattened output."""

    model: str
    output: str
    name: str
    at: int
    values: tuple[float, ...]


def known_landmarks() -> tuple[tuple[Landmark, ...], float]:
    """Return the known landmarks and how far from them a correct graph may be."""
    document = tomllib.loads(_read("known.toml").decode())
    landmarks = [Landmark(**{**entry, "values": tuple(entry["values"])}) for entry in document["landmark"]]
    return tuple(landmarks), float(document["tolerance"])


def portrait(model: Model) -> Tensors:
    """Return the portrait as the model takes it: [1, height, width, 3] float32 in the range of its input.

    The crops are of scikit-image's `astronaut`, a photograph by NASA in the public domain: the person, the face, the
    left eye, and the face as its encoder and as its expression and age are read from.
    """
    name, border = next(iter(model.inputs.items()))
    with np.load(io.BytesIO(_read("portrait.npz"))) as crops:
        crop = {64: "eye", 112: "head", 150: "aligned", 192: "face"}.get(border.sample[0], "person")
        pixels = _halved(crops[crop], border.sample[0])
    low, high = border.range
    return {name: (pixels[None] / 255 * (high - low) + low).astype(np.float32)}


def pictures(model: Model) -> Tensors:
    """Return what the graphs are compared on: the portrait, its mirror image and noise, as one batch.

    A model of several inputs takes more than a picture shows, and gets noise alone.
    """
    if len(model.inputs) > 1:
        return random_inputs(model, PARITY_BATCH, seed=1)
    name = next(iter(model.inputs))
    real = portrait(model)[name]
    return {name: np.concatenate([real, real[:, :, ::-1], random_inputs(model, NOISE_PICTURES, seed=1)[name]])}


def measure(
    model: Model, graph: Path, expected: Tensors | None, executors: Mapping[str, Executor] | None = None
) -> Parity:
    """Return the differences of every executor; `expected` is what the original answers to `pictures`, if known."""
    opened = executors or {name: open_executor(name, graph, thread_count(), model.precision) for name in EXECUTORS}
    return {
        "reference": ORIGINALS[model.converter] if expected else KNOWN,
        "pictures": PARITY_BATCH,
        "tolerance": {name: border.tolerance for name, border in model.outputs.items()},
        "difference": {name: _differences(model, executor, expected) for name, executor in opened.items()},
    }


def hold(model: Model, parity: Parity) -> None:
    """Raise `ModelUnusableError` for the first difference that is larger than is accepted."""
    _, landmark_tolerance = known_landmarks()
    for executor, compared in parity["difference"].items():
        for what, outputs in compared.items():
            for output, difference in outputs.items():
                limit = landmark_tolerance if what == "known" else model.outputs[output].tolerance
                if not difference <= limit:
                    raise ModelUnusableError(
                        f"{model.name} on {executor}: {output} differs by {difference:.3g} ({what.replace('_', ' ')}), "
                        f"and {limit:.3g} is accepted.",
                        metadata={"model": model.name, "executor": executor, "output": output, "compared": what},
                    )


def largest(parity: Parity) -> float:
    """Return the largest difference from the reference, in the units of the outputs.

    Where the original was asked, its known landmarks do not count: they are rounded to three digits.
    """
    prefix = "known" if parity["reference"] == KNOWN else "original"
    return max(
        difference
        for compared in parity["difference"].values()
        for what, outputs in compared.items()
        for difference in outputs.values()
        if what.startswith(prefix)
    )


def write(parity: Parity, folder: Path, name: str) -> None:
    """Write the measurement beside the model, whole or not at all."""
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
        file.write(json.dumps(parity, indent=2) + "\n")
    Path(file.name).chmod(0o644)
    Path(file.name).replace(folder / name)


def _differences(model: Model, executor: Executor, expected: Tensors | None) -> dict[str, dict[str, float]]:
    together_in = pictures(model)
    together = executor.run(together_in)
    runs = [
        executor.run({name: value[index : index + 1] for name, value in together_in.items()})
        for index in range(PARITY_BATCH)
    ]
    alone = {name: np.concatenate([run[name] for run in runs]) for name in model.outputs}
    compared = {
        "known": _from_known(model, alone),
        "alone_and_in_a_batch": largest_differences(model, together, alone),
    }
    if expected is not None:
        compared["original_one_by_one"] = largest_differences(model, alone, expected)
        compared["original_as_a_batch"] = largest_differences(model, together, expected)
    return compared


def _from_known(model: Model, outputs: Tensors) -> dict[str, float]:
    """Return the largest distance from the known landmarks by output; the portrait is the first picture."""
    landmarks, _ = known_landmarks()
    distances: dict[str, float] = {}
    for landmark in landmarks:
        if landmark.model != model.name:
            continue
        found = outputs[landmark.output][0].ravel()[landmark.at : landmark.at + len(landmark.values)]
        distance = float(np.abs(found - np.asarray(landmark.values)).max())
        distances[landmark.output] = max(distances.get(landmark.output, 0.0), distance)
    return distances


def _halved(pixels: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
    """Average blocks until the square picture has that size, a divisor of its own."""
    block = len(pixels) // size
    halved: NDArray[np.float64] = pixels.reshape(size, block, size, block, 3).mean(axis=(1, 3))
    return halved


def _read(name: str) -> bytes:
    return resources.files("atelier_models").joinpath(name).read_bytes()
