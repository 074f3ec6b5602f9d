"""The repositories of NVIDIA's container: configurations held to Triton's own schema and to the graphs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import onnx
import pytest
from atelier_models import catalogue, home, installed
from atelier_models.engines.sidecar import PLAN, Parity, Sidecar
from atelier_models.engines.spec import BUCKETS
from atelier_models.engines.versions import pinned
from atelier_models.repository import write_repository
from atelier_models.targets import HEAVY, Engines
from atelier_models.triton_config import ALONE
from atelier_sdk.errors import ModelUnusableError
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_models.catalogue import Model

MODELS = [model for model in catalogue.load().models.values() if installed.find(model, home.default_home())]
pytestmark = pytest.mark.skipif(not MODELS, reason="no model is installed; run `make models`")


def config_of(repository: Path, model: Model) -> model_config_pb2.ModelConfig:
    """Parse a configuration as Triton does: an unknown field is an error."""
    text = (repository / model.name / "config.pbtxt").read_text()
    return text_format.Parse(text, model_config_pb2.ModelConfig())


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A home with the machine's models and nothing else."""
    (tmp_path / "models").symlink_to(home.default_home() / "models")
    return tmp_path


def engine(own: Path, model: Model, sm: int) -> Path:
    """Lay an engine with papers that hold where a build puts it."""
    folder = own / "engines" / model.name / f"sm{sm}-fp16"
    folder.mkdir(parents=True)
    plan = f"{model.name} for {sm}".encode()
    (folder / PLAN).write_bytes(plan)
    contract = installed.require(model, own).contract
    Sidecar(
        model=model.name,
        revision=contract["version"],
        source=contract["source"],
        onnx_sha256=contract["sha256"],
        precision="fp16",
        sm=sm,
        builder="tensorrt",
        tensorrt=pinned().tensorrt,
        triton_image=pinned().triton_image,
        spec={},
        plan_sha256=hashlib.sha256(plan).hexdigest(),
        plan_bytes=len(plan),
        build_seconds=1.0,
        parity=Parity("NVIDIA L4", "590.44", {"output": 0.001}, 0.03),
    ).write(folder)
    return folder


@pytest.fixture
def gpu(own: Path) -> Path:
    """The repository of two kinds of GPU."""
    for model in MODELS:
        for sm in (89, 90):
            engine(own, model, sm)
    return write_repository(MODELS, own, "gpu", Engines((89, 90)))


def test_without_a_gpu_every_model_runs_on_onnx_runtime_and_takes_what_its_graph_takes(own: Path) -> None:
    repository = write_repository(MODELS, own, "cpu")

    for model in MODELS:
        config = config_of(repository, model)
        graph = onnx.load(repository / model.name / model.version / installed.GRAPH).graph
        assert ("onnxruntime", model.name) == (config.backend, config.name)
        assert borders([*graph.input, *graph.output]) == {
            each.name: [-1, *each.dims] for each in (*config.input, *config.output)
        }


def borders(values: list[onnx.ValueInfoProto]) -> dict[str, list[int]]:
    """Return names and shapes of a graph, -1 where a size is free."""
    return {
        value.name: [size.dim_value or -1 for size in value.type.tensor_type.shape.dim]
        for value in values
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    }


def test_with_gpus_each_kind_has_its_engine(gpu: Path) -> None:
    for model in MODELS:
        config, files = config_of(gpu, model), {file.name for file in (gpu / model.name / model.version).iterdir()}
        assert (
            config.backend,
            dict(config.cc_model_filenames),
        ) == ("tensorrt", {"8.9": "sm89.plan", "9.0": "sm90.plan"})
        assert {"sm89.plan", "sm89.engine.json", "sm90.plan", "sm90.engine.json"} == files
        assert config.instance_group[0].kind == model_config_pb2.ModelInstanceGroup.KIND_GPU


def test_waiting_is_bounded_and_the_urgent_go_first(gpu: Path) -> None:
    for model in MODELS:
        batching = config_of(gpu, model).dynamic_batching
        policy = batching.default_queue_policy
        assert (
            policy.max_queue_size,
            policy.default_timeout_microseconds,
            batching.priority_levels,
        ) == (64, 2_000_000, 2)
        assert policy.timeout_action == model_config_pb2.ModelQueuePolicy.REJECT


def test_every_size_of_a_network_of_free_size_is_warmed_up_by_a_profile_of_its_own(gpu: Path) -> None:
    model = catalogue.load().models["upscaler_restore_x4"]

    config = config_of(gpu, model)

    assert [str(index) for index in range(len(BUCKETS))] == list(config.instance_group[0].profile)
    assert {(side, side, 3) for side in BUCKETS} == {tuple(each.inputs["image"].dims) for each in config.model_warmup}


def test_what_fills_a_gpu_runs_alone(gpu: Path) -> None:
    for model in MODELS:
        limits = config_of(gpu, model).instance_group[0].rate_limiter.resources
        assert ([ALONE] if model.name in HEAVY else []) == [each.name for each in limits]


def test_an_engine_that_is_not_admitted_stops_the_repository(own: Path) -> None:
    model = catalogue.load().models["iris"]
    (engine(own, model, 89) / PLAN).write_bytes(b"half")

    with pytest.raises(ModelUnusableError, match="has 4 bytes and had"):
        write_repository([model], own, "gpu", Engines((89,)))

    assert not (own / "triton").exists()


def test_an_engine_that_was_never_built_is_said_with_the_command(own: Path) -> None:
    with pytest.raises(ModelUnusableError, match="atelier models build iris"):
        write_repository([catalogue.load().models["iris"]], own, "gpu", Engines((89,)))
