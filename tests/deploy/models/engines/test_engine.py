"""The builder against a real TensorRT, which parses and builds without a GPU."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest
from atelier_models import catalogue, home, installed
from atelier_models.engines import making, sidecar
from atelier_models.engines.spec import spec_of
from atelier_models.engines.versions import pinned
from atelier_sdk.errors import ModelUnusableError
from onnx import TensorProto, helper

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_models.engines.precision import EnginePrecision
    from atelier_models.progress import Reporter

    from tests.deploy.models.engines.conftest import Builds

MODELS = catalogue.load().models
RANGE = [[1, 4], [2, 4], [8, 4]]


def graph(operator: str = "Relu", kind: int = TensorProto.FLOAT, second: int | None = None) -> bytes:
    """A graph of one node over rows of four."""
    inputs = [helper.make_tensor_value_info("picture", kind, ["n", 4])]
    if second is not None:
        inputs.append(helper.make_tensor_value_info("other", second, ["n", 4]))
    node = helper.make_node(operator, [border.name for border in inputs], ["result"], name="the_node")
    result = helper.make_tensor_value_info("result", kind, ["n", 4])
    made = helper.make_model(
        helper.make_graph([node], "one", inputs, [result]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    return made.SerializeToString()


def test_a_graph_becomes_a_plan(built: Builds) -> None:
    done = built(graph(), [{"picture": RANGE}])

    assert (done.status, done.said) == (0, "")
    assert len(done.plan) > 1000


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ({"picure": RANGE}, "the profile names picure, and the graph takes picture"),
        ({}, "the input picture [-1, 4] is of free size, and the profile has no range for it"),
        ({"picture": [[4, 4], [2, 4], [8, 4]]}, "the profile of picture goes from 4 over 2 to 8 along axis 0"),
        ({"picture": [[1, 3], [1, 3], [1, 3]]}, "picture is 4 along axis 1, and the profile says 3 to 3"),
        ({"picture": [[1], [2], [8]]}, "the profile's shapes of picture are not of its rank 2"),
    ],
)
def test_a_wrong_profile_is_named_before_anything_is_built(
    built: Builds, profile: dict[str, object], said: str
) -> None:
    done = built(graph(), [profile])

    assert said in done.said
    assert (done.status, done.plan) == (1, b"")


def test_a_missing_profile_is_said(built: Builds) -> None:
    assert "no optimization profile" in built(graph(), []).said


def test_an_operator_that_tensorrt_lacks_is_named_with_its_node(built: Builds) -> None:
    assert "Det the_node" in built(graph("Det"), [{"picture": RANGE}]).said


def test_mixed_types_are_named_with_their_node(built: Builds) -> None:
    mixed = graph("Add", TensorProto.FLOAT, TensorProto.FLOAT16)

    done = built(mixed, [{"picture": RANGE, "other": RANGE}])

    assert done.status == 1
    assert "the_node" in done.said


def test_what_is_no_graph_is_refused(built: Builds) -> None:
    assert "no ONNX graph" in built(b"\x00 not a graph", [{"picture": RANGE}]).said


def test_a_gpu_that_tensorrt_does_not_know_is_named(built: Builds) -> None:
    done = built(graph(), [{"picture": RANGE}], compute_capability=[7, 9])

    assert "SM79 is no GPU that this TensorRT builds for" in done.said


@pytest.mark.usefixtures("interpreter")
@pytest.mark.parametrize(
    ("name", "precision"),
    [
        *((name, "fp16") for name in sorted(MODELS)),
        ("face_mesh", "fp32"),
        ("upscaler_restore_x4", "fp32"),
        ("face_mesh", "bf16"),
        ("upscaler_restore_x4", "bf16"),
    ],
)
def test_a_default_model_builds_and_says_what_it_was_built_from(
    name: str, precision: EnginePrecision, quiet: Reporter, tmp_path: Path
) -> None:
    place = installed.find(MODELS[name], home.default_home())
    if place is None:
        pytest.skip(f"{name} is not installed; run `make models`")
    spec = dataclasses.replace(spec_of(MODELS[name], 89, precision), optimisation_level=1)  # builds sooner

    folder = making.make(MODELS[name], spec, linked_home(tmp_path), quiet)

    known = sidecar.read(folder)
    assert (place.contract["sha256"], 89, precision) == (known.onnx_sha256, known.sm, known.precision)
    assert pinned().trial == known.tensorrt
    assert json.loads(json.dumps(spec.as_json())) == known.spec
    with pytest.raises(ModelUnusableError, match="whose engines Triton does not load"):
        sidecar.admit(folder, sidecar.Place(pinned().tensorrt, 89), known.onnx_sha256)


@pytest.mark.usefixtures("interpreter")
def test_an_operator_without_bfloat16_is_named_and_leaves_nothing(quiet: Reporter, tmp_path: Path) -> None:
    model, own = MODELS["person_segmenter"], linked_home(tmp_path)

    with pytest.raises(ModelUnusableError, match=r"the node HardSwish h_swish: .*current type = BF16"):
        making.make(model, spec_of(model, 89, "bf16"), own, quiet)

    assert list((own / "engines" / model.name).iterdir()) == []


def linked_home(tmp_path: Path) -> Path:
    """Return a home with the machine's models and environments, whose engines are its own."""
    own = tmp_path / "home"
    own.mkdir()
    for shared in ("models", "envs"):
        (own / shared).symlink_to(home.default_home() / shared)
    return own


def test_the_requirements_name_the_pinned_trial() -> None:
    from atelier_models.environments import for_engines

    pins = [line for line in for_engines().requirements.splitlines() if line and not line.startswith("#")]

    assert {pinned().trial} == {pin.partition("==")[2] for pin in pins}
