"""What is committed of a run."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
import skimage.data
from onnxruntime import InferenceSession
from PIL import Image

torch = pytest.importorskip("torch")
from atelier_training_upscale import evaluate as evaluation  # noqa: E402 - only where PyTorch is
from atelier_training_upscale.network import Upscaler  # noqa: E402
from atelier_training_upscale.release import ARCHIVE, CARD, METRICS, REPAIR, release, weights_of  # noqa: E402
from atelier_training_upscale.train import CHECKPOINT  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

GIVEN = np.random.default_rng(0).random((2, 16, 16, 3), np.float32)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Release untrained networks, measured on a face."""
    folder = tmp_path_factory.mktemp("released")
    face = np.ascontiguousarray(skimage.data.astronaut()[64:192, 160:288])
    (folder / "portraits").mkdir()
    Image.fromarray(face).save(folder / "portraits" / "face.png")
    students = {purpose: {"mean": Upscaler().state_dict()} for purpose in evaluation.PURPOSES}
    torch.save({"students": students, "step": 10, "seconds": 60.0}, folder / CHECKPOINT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "held_out", lambda portraits: sorted(portraits.glob("*.png")))
        patch.setattr(evaluation, "elsewhere", lambda _scale: [face])
        release(folder, folder / "portraits", GIVEN, folder, folder)
    return folder


def test_the_archive_holds_four_networks_and_what_each_answers(released: Path) -> None:
    with zipfile.ZipFile(released / ARCHIVE) as archive:
        graphs = [name for name in archive.namelist() if name.endswith(".onnx")]
        assert len(graphs) == 4
        for name in graphs:
            session = InferenceSession(archive.read(name), providers=["CPUExecutionProvider"])
            answer = session.run(["detail"], {"image": GIVEN})[0]
            recorded = np.load(io.BytesIO(archive.read(f"{name}.npz")))["detail"]
            # Both from the same half-precision weights; what is recorded is rounded to half precision too.
            np.testing.assert_allclose(answer, recorded, rtol=1e-3, atol=1e-5)


def test_repair_is_released_between_the_purposes_and_fidelity_as_it_was_trained() -> None:
    students = {
        name: {"mean": {"weight": torch.full((2,), value)}} for name, value in (("faithful", 0.0), ("restore", 1.0))
    }
    assert weights_of("faithful", students)["weight"].tolist() == [0.0, 0.0]
    assert weights_of("restore", students)["weight"].tolist() == pytest.approx([REPAIR, REPAIR])


def test_the_figures_are_written_and_the_card_tells_them(released: Path) -> None:
    figures = json.loads((released / METRICS).read_text())
    psnr = figures["clean x4, held-out portraits"]["bicubic"]["psnr_y"]
    assert f"| bicubic | {psnr:.2f} |" in (released / CARD).read_text()


def test_every_method_is_measured_on_the_same_pictures(released: Path) -> None:
    figures = json.loads((released / METRICS).read_text())
    for task, methods in figures.items():
        assert set(methods) == {"bicubic", "Lanczos", "faithful", "restore"}, task
