"""Tiny pipelines, whose every part is real, and their parts as graphs: each written once for all tests."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from atelier_models.engines.parts import Part
    from atelier_models.engines.precision import EnginePrecision

WITHOUT_TORCH = "needs PyTorch: `make torch`, then .venv-torch/bin/python -m pytest tests/deploy/models/engines/parts"
Exported = tuple["Part", "Path"]


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny Stable Diffusion XL and a tiny FLUX.1."""
    torch = pytest.importorskip("torch", reason=WITHOUT_TORCH)
    torch.set_num_threads(1)  # more of them only wait for each other over tensors this small
    from tests.services.generate.diffusion import tiny

    folder = tmp_path_factory.mktemp("checkpoints")
    tiny.sdxl(folder / "sdxl", levels=2)  # one that enlarges and the last, which does not: others are as the first
    tiny.flux1(folder / "flux1")
    return folder


@pytest.fixture(scope="session")
def pipeline(checkpoints: Path) -> Callable[[str], Any]:
    """Load a pipeline anew: parts are brought to a precision in place."""

    def load(family: str) -> Any:
        import diffusers

        return diffusers.DiffusionPipeline.from_pretrained(checkpoints / family)

    return load


@pytest.fixture(scope="session")
def exported(pipeline: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Exported]:
    """Write a part of a family at a precision as a graph; a part that is the same at two precisions is written once."""
    graphs: dict[tuple[str, ...], Path] = {}

    @functools.cache
    def write(family: str, name: str, precision: EnginePrecision) -> Exported:
        from atelier_models.engines import parts

        part = next(part for part in parts.parts_of(pipeline(family), precision) if part.name == name)
        key = (family, name, *_arithmetic(part))
        if key not in graphs:
            path = tmp_path_factory.mktemp("parts") / f"{name}.onnx"
            parts.export(part, path)
            graphs[key] = path
        return part, graphs[key]

    return write


def _arithmetic(part: Part) -> tuple[str, ...]:
    """Return the precision that a part says it has, and every type that its weights and inputs do have."""
    tensors = (*part.network.parameters(), *part.network.buffers(), *part.inputs.values())
    return part.precision, *sorted({str(tensor.dtype) for tensor in tensors})
