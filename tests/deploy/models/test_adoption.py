"""Upscalers from elsewhere: the shapes that Real-ESRGAN's nets have, with tiny random weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from atelier_models import adoption, catalogue, conversion, installed
from atelier_models.backend.executor import open_executor
from atelier_models.repository import write_repository
from atelier_sdk.errors import ModelUnusableError
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.deploy.models.conftest import Listener

CHANNELS = 8


class Graph:
    """Writes planes in, planes out, with random weights."""

    def __init__(self, factor: int, kind: int = TensorProto.FLOAT) -> None:
        self._random = np.random.default_rng(factor)
        self._factor = factor
        self._kind = kind
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[TensorProto] = []

    def constant(self, name: str, values: NDArray[np.generic]) -> None:
        self._weights.append(numpy_helper.from_array(values, name))

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def convolve(self, given: str, output: str, before: int, after: int) -> str:
        dtype = np.float16 if self._kind == TensorProto.FLOAT16 else np.float32
        weight = (self._random.normal(0, 0.1, (after, before, 3, 3))).astype(dtype)
        self.constant(f"{output}.weight", weight)
        return self.node("Conv", [given, f"{output}.weight"], output, pads=[1] * 4, kernel_shape=[3, 3])

    def written(self, path: Path, sizes: tuple[str | int, ...] = ("n", 3, "h", "w")) -> Path:
        given = helper.make_tensor_value_info("input", self._kind, sizes)
        taken = helper.make_tensor_value_info("output", self._kind, [None] * 4)
        graph = helper.make_graph(self._nodes, "net", [given], [taken], self._weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(model, path)
        return path


def srvgg(path: Path, factor: int = 4, kind: int = TensorProto.FLOAT) -> Path:
    """Write a plain stack with a pixel shuffle over a nearest-neighbour base (Real-ESRGAN's small nets)."""
    graph = Graph(factor, kind)
    features = graph.convolve("input", "body0", 3, CHANNELS)
    slope = numpy_helper.from_array(
        np.full((CHANNELS, 1, 1), 0.2, np.float16 if kind == TensorProto.FLOAT16 else np.float32), "slope"
    )
    graph._weights.append(slope)
    features = graph.node("PRelu", [features, "slope"], "active0")
    features = graph.convolve(features, "body1", CHANNELS, 3 * factor**2)
    shuffled = graph.node("DepthToSpace", [features], "shuffled", blocksize=factor, mode="CRD")
    graph.constant("scales", np.array([1, 1, factor, factor], np.float32))
    base = graph.node("Resize", ["input", "", "scales"], "base", mode="nearest")
    graph.node("Add", [shuffled, base], "output")
    return graph.written(path)


def rrdb(path: Path) -> Path:
    """Write dense blocks within residuals, enlarged by repeating and convolving (ESRGAN's large nets), here by 2."""
    graph = Graph(2)
    entry = graph.convolve("input", "entry", 3, CHANNELS)
    grown = graph.node("LeakyRelu", [graph.convolve(entry, "dense0", CHANNELS, CHANNELS)], "active0", alpha=0.2)
    both = graph.node("Concat", [entry, grown], "both", axis=1)
    inner = graph.convolve(both, "dense1", 2 * CHANNELS, CHANNELS)
    residual = graph.node("Add", [entry, inner], "residual")
    graph.constant("scales", np.array([1, 1, 2, 2], np.float32))
    larger = graph.node("Resize", [residual, "", "scales"], "larger", mode="nearest")
    graph.convolve(larger, "output", CHANNELS, 3)
    return graph.written(path)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ATELIER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def adopted(name: str, file: Path, home: Path, listener: Listener) -> installed.Installed:
    adoption.adopt(name, file, "BSD-3-Clause", home)
    known = catalogue.load()
    (place,) = conversion.convert([known.models[name]], known, home, listener)
    return place


@pytest.mark.parametrize("factor", [2, 4])
def test_a_plain_net_is_adopted_and_answers_pixels_as_it_answered_planes(
    factor: int, home: Path, tmp_path: Path, listener: Listener
) -> None:
    place = adopted("theirs", srvgg(tmp_path / "net.onnx", factor), home, listener)
    pixels = np.random.default_rng(1).random((2, 17, 23, 3), np.float32)
    answer = open_executor(place.contract["executor"], place.graph, 1).run({"image": pixels})["enlarged"]
    assert answer.shape == (2, 17 * factor, 23 * factor, 3)
    planes = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
    original = open_executor("onnxruntime", tmp_path / "net.onnx", 1).run({"input": planes})["output"]
    assert answer == pytest.approx(original.transpose(0, 2, 3, 1), abs=1e-4)


def test_dense_blocks_are_adopted(home: Path, tmp_path: Path, listener: Listener) -> None:
    place = adopted("dense", rrdb(tmp_path / "rrdb.onnx"), home, listener)
    answer = open_executor("openvino", place.graph, 1).run({"image": np.zeros((1, 8, 9, 3), np.float32)})
    assert answer["enlarged"].shape == (1, 16, 18, 3)


def test_a_net_that_takes_pixels_is_adopted_as_it_is(home: Path, tmp_path: Path, listener: Listener) -> None:
    graph = Graph(2)
    graph.constant("scales", np.array([1, 2, 2, 1], np.float32))
    graph.node("Resize", ["input", "", "scales"], "output", mode="nearest")
    place = adopted("pixels", graph.written(tmp_path / "pixels.onnx", ("n", "h", "w", 3)), home, listener)
    picture = np.random.default_rng(2).random((1, 4, 5, 3), np.float32)
    answer = open_executor("openvino", place.graph, 1).run({"image": picture})["enlarged"]
    assert answer[0, ::2, ::2] == pytest.approx(picture[0], abs=1e-6)


def test_half_precision_is_adopted(home: Path, tmp_path: Path, listener: Listener) -> None:
    place = adopted("half", srvgg(tmp_path / "half.onnx", 2, TensorProto.FLOAT16), home, listener)
    answer = open_executor("onnxruntime", place.graph, 1).run({"image": np.zeros((1, 8, 8, 3), np.float32)})
    assert answer["enlarged"].dtype == np.float32


def test_an_adopted_model_is_in_the_catalogue_and_in_the_repository(
    home: Path, tmp_path: Path, listener: Listener
) -> None:
    adopted("theirs", srvgg(tmp_path / "net.onnx"), home, listener)
    model = catalogue.load().models["theirs"]
    assert (model.license, model.shapes) == ("BSD-3-Clause", {"image": (-1, -1, 3), "enlarged": (-1, -1, 3)})
    config = (write_repository([model], home) / "theirs" / "config.pbtxt").read_text()
    assert "dims: [-1, -1, 3]" in config


def test_a_changed_archive_is_not_believed(home: Path, tmp_path: Path, listener: Listener) -> None:
    adoption.adopt("theirs", srvgg(tmp_path / "net.onnx"), "MIT", home)
    (home / "downloads" / "theirs.zip").write_bytes(b"another")
    known = catalogue.load()
    with pytest.raises(Exception, match=r"theirs\.zip"):
        conversion.convert([known.models["theirs"]], known, home, listener)


def test_a_graph_that_takes_no_pictures_is_refused(home: Path, tmp_path: Path) -> None:
    file = Graph(2)
    file.node("Identity", ["input"], "output")
    with pytest.raises(ModelUnusableError, match="does not take pictures"):
        adoption.adopt("other", file.written(tmp_path / "other.onnx", ("n", 5, 7, "w")), "MIT", home)


@pytest.mark.parametrize("name", ["face_mesh", "Real-ESRGAN", "x"])
def test_a_name_that_is_taken_or_is_none_is_refused(name: str, home: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name"):
        adoption.adopt(name, srvgg(tmp_path / "net.onnx"), "MIT", home)
