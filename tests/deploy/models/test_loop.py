"""The denoising loop in a repository: when it is there, how it runs, and where it cannot."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from atelier_models.loop import CODE, MODEL, Loop, configured, loop_files
from atelier_models.repository import write_repository
from atelier_sdk.errors import HostUnsuitableError
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

if TYPE_CHECKING:
    from atelier_models.targets import Target

ASKED = {"ATELIER_GENERATOR": "triton", "ATELIER_GENERATOR_FAMILY": "sdxl", "ATELIER_GENERATOR_SIDE": ""}
ROOT = Path(__file__).resolve().parents[3]


def config(target: Target, loop: Loop) -> model_config_pb2.ModelConfig:
    """Parse a configuration as Triton does: an unknown field is an error."""
    text = loop_files(loop, target)[Path(MODEL, "config.pbtxt")].decode()
    return text_format.Parse(text, model_config_pb2.ModelConfig())


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment in which Triton would find PyTorch."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (tmp_path / "env" / "lib" / version / "site-packages" / "torch").mkdir(parents=True)
    (tmp_path / "env" / "bin").mkdir()
    (tmp_path / "env" / "bin" / "activate").touch()
    return tmp_path / "env"


@pytest.mark.parametrize("generator", ["", "atelier-base", "diffusers"])
def test_it_is_there_only_where_triton_draws(generator: str, tmp_path: Path) -> None:
    assert configured({**ASKED, "ATELIER_GENERATOR": generator}, "local", tmp_path) is None
    assert not (write_repository([], tmp_path) / MODEL).exists()


def test_here_it_runs_in_the_environment_that_is_named_with_this_home(environment: Path, tmp_path: Path) -> None:
    asked = {**ASKED, "ATELIER_GENERATOR_ENVIRONMENT": str(environment)}
    loop = configured(asked, "local", tmp_path)
    assert loop == Loop({"ATELIER_GENERATOR_FAMILY": "sdxl", "ATELIER_HOME": str(tmp_path)}, str(environment))
    repository = write_repository([], tmp_path, loop=loop)
    read = text_format.Parse((repository / MODEL / "config.pbtxt").read_text(), model_config_pb2.ModelConfig())
    assert {name: each.string_value for name, each in read.parameters.items()} == {
        "ATELIER_GENERATOR_FAMILY": "sdxl",
        "ATELIER_HOME": str(tmp_path),
        "EXECUTION_ENV_PATH": str(environment),
    }
    assert (repository / MODEL / "1" / "model.py").read_bytes() == CODE


def test_a_container_has_a_home_of_its_own_and_may_have_its_own_python(tmp_path: Path) -> None:
    assert configured(ASKED, "gpu", tmp_path) == Loop({"ATELIER_GENERATOR_FAMILY": "sdxl"})


@pytest.mark.parametrize("missing", ["bin/activate", "lib"])
def test_an_environment_that_could_not_run_it_is_refused_with_what_it_lacks(
    missing: str, environment: Path, tmp_path: Path
) -> None:
    (environment / missing).rename(environment / "elsewhere")
    with pytest.raises(HostUnsuitableError, match=r"pip install 'atelier-generate\[diffusion\]'") as raised:
        configured({**ASKED, "ATELIER_GENERATOR_ENVIRONMENT": str(environment)}, "local", tmp_path)
    assert missing in raised.value.metadata["missing"]


@pytest.mark.parametrize("target", ["local", "cpu", "gpu"])
def test_it_answers_a_request_more_than_once_and_batches_nothing(target: Target) -> None:
    read = config(target, Loop({}))
    assert (read.name, read.backend, read.max_batch_size) == (MODEL, "python", 0)
    assert read.model_transaction_policy.decoupled
    kinds = model_config_pb2.ModelInstanceGroup
    wanted = kinds.KIND_GPU if target == "gpu" else kinds.KIND_CPU
    assert [(group.count, group.kind, len(group.rate_limiter.resources)) for group in read.instance_group] == [
        (1, wanted, 0)
    ]


def test_waiting_is_bounded_in_the_container_and_not_here() -> None:
    assert not config("local", Loop({})).HasField("dynamic_batching")
    batching = config("gpu", Loop({})).dynamic_batching
    policy = batching.default_queue_policy
    assert (policy.max_queue_size, policy.default_timeout_microseconds, batching.priority_levels) == (
        64,
        600 * 10**6,
        2,
    )
    assert policy.timeout_action == model_config_pb2.ModelQueuePolicy.REJECT


def test_the_one_line_of_code_names_what_the_service_has() -> None:
    """Both sides know the other by name alone; neither imports it."""
    (line,) = ast.parse(CODE).body
    assert isinstance(line, ast.ImportFrom)
    assert line.module is not None
    source = ROOT / "services/generate/src" / Path(*line.module.split(".")).with_suffix(".py")
    classes = {node.name for node in ast.parse(source.read_bytes()).body if isinstance(node, ast.ClassDef)}
    assert {alias.name for alias in line.names} <= classes


def test_its_tensors_are_those_of_the_wire() -> None:
    wire = ast.parse((ROOT / "services/generate/src/atelier_generate/loop/wire.py").read_bytes())
    told = {
        node.target.id: node.value.value
        for node in wire.body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    read = config("local", Loop({}))
    assert told["MODEL"] == read.name
    assert [told["ORDER"]] == [each.name for each in read.input]
    assert {told[name] for name in ("ABOUT", "STEP", "PREVIEW", "CANDIDATE")} == {each.name for each in read.output}
