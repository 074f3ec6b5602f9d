"""Who is here: asked of the machine, and said of everybody who is not."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

import pytest
from atelier_models import installed
from atelier_models.bench.contenders import AbsentError, Gpu, Machine, open_contender, this_gpu
from atelier_models.bench.served import ServedExecutor
from atelier_models.engines.sidecar import PLAN, Sidecar
from atelier_models.engines.versions import pinned
from atelier_sdk.errors import BackendDownError

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_models.catalogue import Model

L4 = Gpu("NVIDIA L4", 89, "590.44")


@pytest.mark.parametrize(
    ("said", "gpu"),
    [
        ("echo 'NVIDIA L4, 8.9, 590.44'", L4),
        ("printf 'NVIDIA B200, 10.0, 595.1\\nNVIDIA L4, 8.9, 595.1\\n'", Gpu("NVIDIA B200", 100, "595.1")),
        ("echo no devices were found", None),
        ("exit 9", None),
    ],
)
def test_the_gpu_is_the_first_that_nvidia_smi_names(
    said: str, gpu: Gpu | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "nvidia-smi"
    command.write_text(f"#!/bin/sh\n{said}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert gpu == this_gpu()


def test_without_nvidia_smi_there_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert this_gpu() is None


def engine(iris: Model, own: Path, **otherwise: object) -> Path:
    """Lay an engine that fits, or is otherwise, where a build puts it."""
    folder = own / "engines" / iris.name / "sm89-fp16"
    folder.mkdir(parents=True)
    (folder / PLAN).write_bytes(b"a plan")
    contract = installed.require(iris, own).contract
    sidecar = Sidecar(
        model=iris.name,
        revision=contract["version"],
        source=contract["source"],
        onnx_sha256=contract["sha256"],
        precision="fp16",
        sm=89,
        builder="tensorrt",
        tensorrt=pinned().tensorrt,
        triton_image=pinned().triton_image,
        spec={},
        plan_sha256=hashlib.sha256(b"a plan").hexdigest(),
        plan_bytes=6,
        build_seconds=1.0,
    )
    dataclasses.replace(sidecar, **otherwise).write(folder)  # type: ignore[arg-type]  # a test says which field
    return folder


def why(model: Model, home: Path, machine: Machine, name: str = "tensorrt") -> str:
    with pytest.raises(AbsentError) as caught:
        open_contender(name, model, installed.require(model, home), home, machine)
    return str(caught.value)


@pytest.mark.parametrize(
    ("otherwise", "said"),
    [
        ({"sm": 90}, "it is for SM 90, here is SM 89"),
        ({"tensorrt": "11.4.0"}, "TensorRT 11.4.0 built it"),
        ({"onnx_sha256": "ab" * 32}, "the graph that it was built from is another one now"),
        ({"plan_sha256": "ab" * 32}, "is not the one that was built"),
        ({"plan_bytes": 7}, "has 6 bytes and had 7"),
        ({"builder": "tensorrt_rtx_bindings"}, "whose engines Triton does not load"),
    ],
)
def test_an_engine_that_does_not_fit_is_absent_with_the_reason(
    otherwise: dict[str, object], said: str, iris: Model, own: Path
) -> None:
    engine(iris, own, **otherwise)

    assert said in why(iris, own, Machine(1, L4))


def test_an_engine_without_its_sidecar_is_absent(iris: Model, own: Path) -> None:
    (engine(iris, own) / "engine.json").unlink()

    assert "it has no engine.json" in why(iris, own, Machine(1, L4))


def test_an_engine_that_fits_needs_the_triton_that_serves_it(iris: Model, own: Path) -> None:
    engine(iris, own)

    assert "--triton" in why(iris, own, Machine(1, L4))


def test_a_triton_that_does_not_answer_is_named(iris: Model, own: Path) -> None:
    engine(iris, own)

    with pytest.raises(BackendDownError, match=r"metrics of Triton at 127\.0\.0\.1:9, at the port after it"):
        open_contender("tensorrt", iris, installed.require(iris, own), own, Machine(1, L4, "127.0.0.1:9"))


def test_onnx_runtime_without_cuda_is_absent(iris: Model, own: Path) -> None:
    assert "onnxruntime" in why(iris, own, Machine(1), "onnxruntime-cuda")


def test_a_model_in_triton_is_timed_by_tritons_own_count(iris: Model, own: Path) -> None:
    """The packaged server, which serves the graph, counts as the one that serves engines does."""
    import time

    from atelier_models.parity import portrait
    from atelier_models.repository import write_repository

    from tests.deploy.models.bench.server import serving

    with serving(write_repository([iris], own)) as url:
        executor = ServedExecutor(url, iris)
        inputs = portrait(iris)
        executor.run(inputs)
        started = time.perf_counter()
        counted = [executor.timed(inputs) for _ in range(3)]
        passed = time.perf_counter() - started

    assert all(each > 0 for each in counted)
    assert sum(counted) < passed
