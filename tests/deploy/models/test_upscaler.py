"""The upscaler's committed weights: whole, small, and better than what one would use without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import skimage.data
from atelier_models import catalogue, downloads, parity, verification, worker_runs
from atelier_models.backend.executor import EXECUTORS, open_executor
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.deploy.models.conftest import Listener

NAMES = [f"upscaler_{purpose}_x{scale}" for purpose in ("faithful", "restore") for scale in (2, 4)]
ARCHIVE = catalogue.load().sources["atelier-upscaler"]
# BT.601 luma of the literature, 16 to 235.
LUMA = np.array([65.481, 128.553, 24.966]) / 255


@pytest.fixture
def graph(name: str, tmp_path: Path, listener: Listener) -> Path:
    """Take a network out of the archive; beside it lies what PyTorch answers."""
    archive = downloads.pull(ARCHIVE, tmp_path, listener)
    worker_runs.extract(catalogue.load().models[name], archive, tmp_path / "graph.onnx")
    return tmp_path / "graph.onnx"


def resized(picture: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """Return a square picture by bicubic, 0 to 1, not rounded."""
    planes = [
        Image.fromarray(plane.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC)
        for plane in np.moveaxis(picture, 2, 0)
    ]
    return np.asarray(np.dstack([np.asarray(plane) for plane in planes]) / 255, np.float32)


def psnr(answer: NDArray[np.float32], truth: NDArray[np.uint8]) -> float:
    error = (np.clip(answer, 0, 1) * 255 - truth)[8:-8, 8:-8] @ LUMA
    return float(10 * np.log10(255**2 / np.mean(error**2)))


def test_the_archive_is_small_enough_to_be_committed() -> None:
    assert ARCHIVE.size < 8_000_000


@pytest.mark.parametrize("name", NAMES)
def test_a_portrait_comes_back_nearer_than_by_bicubic(name: str, graph: Path) -> None:
    scale, truth = int(name[-1]), np.asarray(skimage.data.astronaut())
    small = np.rint(resized(truth, 512 // scale) * 255).clip(0, 255).astype(np.uint8)
    plain = resized(small, 512)
    detail = open_executor("onnxruntime", graph, 2).run({"image": (small / 255).astype(np.float32)[None]})["detail"][0]
    # Not trained on, nor by the same camera. A network that restores pays for what it takes for noise.
    gain = psnr(plain + detail, truth) - psnr(plain, truth)
    assert gain > (1.0 if "faithful" in name else 0.3)


@pytest.mark.parametrize("name", NAMES)
def test_both_executors_answer_as_pytorch_did(name: str, graph: Path) -> None:
    model = catalogue.load().models[name]

    def interpreter() -> Path:
        raise AssertionError("the answers are recorded; nothing has to run")

    recorded = verification.original_answers(model, graph, interpreter)
    measured = parity.measure(model, graph, recorded)
    assert measured["difference"].keys() == set(EXECUTORS)
    parity.hold(model, measured)


@pytest.mark.parametrize(
    ("colours", "levels"),
    [
        # A level and a half of 255 is seen by nobody, nor three on the gaudiest of paints.
        (
            [
                [0.0, 0.0, 0.0],
                [0.5, 0.5, 0.5],
                [1.0, 1.0, 1.0],
                [0.85, 0.65, 0.55],
                [0.45, 0.3, 0.22],
                [0.25, 0.16, 0.12],
            ],
            1.5,
        ),
        (np.random.default_rng(0).random((20, 3)), 3.0),
    ],
    ids=["grey and skin", "all"],
)
@pytest.mark.parametrize("name", NAMES)
def test_flat_colour_stays_what_it_is(
    name: str, colours: list[list[float]] | NDArray[np.float64], levels: float, graph: Path
) -> None:
    flat = np.tile(np.asarray(colours, np.float32)[:, None, None], (1, 40, 40, 1))
    detail = open_executor("onnxruntime", graph, 2).run({"image": flat})["detail"]
    inner = slice(13 * int(name[-1]), -13 * int(name[-1]))
    assert np.abs(detail[:, inner, inner]).max() < levels / 255


@pytest.mark.parametrize("name", NAMES[:1])
@pytest.mark.parametrize("size", [(1, 1), (1, 37), (19, 5)])
def test_every_size_is_taken(name: str, size: tuple[int, int], graph: Path) -> None:
    detail = open_executor("openvino", graph, 2, "bfloat16").run({"image": np.zeros((2, *size, 3), np.float32)})[
        "detail"
    ]
    assert detail.shape == (2, 2 * size[0], 2 * size[1], 3)
