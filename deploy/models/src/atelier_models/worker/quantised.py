"""Weights as TensorFlow.js stores them: a manifest in JSON and one file of numbers, most of them a byte each.

A quantised tensor is `scale * byte + min`; the others are float32. Tensors lie one after the other in the manifest's
order, without gaps, in little-endian C order.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, NotRequired, TypedDict

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

Weights = dict[str, "NDArray[np.float32]"]


class Quantisation(TypedDict):
    """How bytes become numbers."""

    dtype: str
    scale: float
    min: float


class Entry(TypedDict):
    """One tensor of a manifest."""

    name: str
    shape: list[int]
    dtype: str
    quantization: NotRequired[Quantisation]


def manifest_of(weights: Path) -> Path:
    """Return where the manifest of a file of weights lies: beside it, with the suffix `.json`."""
    return weights.with_suffix(".json")


def read_weights(path: Path) -> Weights:
    """Return every tensor by name, float32, in the layout of the file: convolutions are [height, width, in, out].

    Raises `ValueError` for another type of number, and for a file that is longer or shorter than its manifest says.
    """
    entries: list[Entry] = [
        entry for group in json.loads(manifest_of(path).read_text(encoding="utf-8")) for entry in group["weights"]
    ]
    content, at, weights = path.read_bytes(), 0, Weights()
    for entry in entries:
        stored = _stored(entry)
        count = math.prod(entry["shape"])
        end = at + count * stored.itemsize
        if end > len(content):
            raise ValueError(f"{path.name} ends within {entry['name']}")
        weights[entry["name"]] = _numbers(np.frombuffer(content[at:end], stored), entry).reshape(entry["shape"])
        at = end
    if at != len(content):
        raise ValueError(f"{path.name} has {len(content) - at} bytes that its manifest does not name")
    return weights


def _stored(entry: Entry) -> np.dtype[np.generic]:
    kind = entry["quantization"]["dtype"] if "quantization" in entry else entry["dtype"]
    if kind not in ("uint8", "float32"):
        raise ValueError(f"{entry['name']} is stored as {kind}, not as uint8 or float32")
    return np.dtype(kind).newbyteorder("<")


def _numbers(stored: NDArray[np.generic], entry: Entry) -> NDArray[np.float32]:
    """Return the numbers that were stored; scaled in float64, so that rounding is the last step."""
    if "quantization" not in entry:
        return stored.astype(np.float32)
    scaling = entry["quantization"]
    return (stored.astype(np.float64) * scaling["scale"] + scaling["min"]).astype(np.float32)
