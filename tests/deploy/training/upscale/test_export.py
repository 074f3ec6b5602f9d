from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnxruntime import InferenceSession

torch = pytest.importorskip("torch")
from atelier_training_upscale.export import write_onnx  # noqa: E402 - only where PyTorch is
from atelier_training_upscale.network import Upscaler  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("size", [(1, 8, 8), (3, 21, 5)])
def test_the_graph_answers_as_the_network_does_at_every_size(
    scale: int, size: tuple[int, int, int], tmp_path: Path
) -> None:
    network = Upscaler()
    write_onnx(network, scale, tmp_path / "x.onnx", half=False)
    image = np.random.default_rng(1).random((*size, 3), np.float32)
    answer = InferenceSession(str(tmp_path / "x.onnx")).run(["detail"], {"image": image})[0]
    with torch.no_grad():
        wanted = network(torch.from_numpy(image).permute(0, 3, 1, 2), scale).permute(0, 2, 3, 1).numpy()
    # Float32, in another order of summation.
    np.testing.assert_allclose(answer, wanted, atol=1e-5)


def test_the_graph_has_only_operators_that_every_executor_fuses(tmp_path: Path) -> None:
    write_onnx(Upscaler(), 4, tmp_path / "x.onnx")
    used = {node.op_type for node in onnx.load(tmp_path / "x.onnx").graph.node}
    assert used == {"Transpose", "Cast", "Conv", "Relu", "Add", "DepthToSpace"}


def test_half_precision_halves_the_file(tmp_path: Path) -> None:
    write_onnx(Upscaler(), 4, tmp_path / "half.onnx")
    write_onnx(Upscaler(), 4, tmp_path / "full.onnx", half=False)
    assert (tmp_path / "half.onnx").stat().st_size < 0.52 * (tmp_path / "full.onnx").stat().st_size


def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    network = Upscaler()
    for name in ("one", "two"):
        write_onnx(network, 2, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
