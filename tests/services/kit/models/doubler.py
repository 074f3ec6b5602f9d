"""An installed model that doubles rows of numbers."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# y = x + x, float32 (N, 2), opset 17; made with onnx.helper.
ONNX = base64.b64decode(
    "CAgSADo/Cg4KAXgKAXgSAXkiA0FkZBIBZ1oUCgF4Eg8KDQgBEgkKAxIBTgoCCAJiFAoBeRIPCg0IARIJCgMSAU4KAggCQgQKABAR"
)


def install(models: Path, *, executor: str = "onnxruntime", width: int = 2, version: str = "1") -> Path:
    """Write the doubler into the folder of models and return that folder."""
    folder = models / "doubler" / version
    folder.mkdir(parents=True)
    tensor = {"dtype": "float32", "shape": [-1, width]}
    said = {
        "name": "doubler",
        "version": version,
        "sha256": "d" * 64,
        "license": "CC0-1.0",
        "source": "a test",
        "inputs": [{"name": "x", **tensor}],
        "outputs": [{"name": "y", **tensor}],
        "executor": executor,
        "precision": "float32",
    }
    (folder / "model.json").write_text(json.dumps(said), encoding="utf-8")
    (folder / "model.onnx").write_bytes(ONNX)
    return models
