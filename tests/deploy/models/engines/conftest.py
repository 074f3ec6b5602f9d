"""An engine in a folder, as a build leaves it, and TensorRT for RTX in its own environment."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from atelier_models import home
from atelier_models.engines.making import TRIAL
from atelier_models.engines.sidecar import PLAN, Parity, Sidecar
from atelier_models.engines.versions import pinned
from atelier_models.environments import ensure_environment, for_engines
from atelier_models.worker import engine

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_models.progress import Reporter


class Quiet:
    """Hears of progress and says nothing."""

    def step(self, title: str, total_bytes: int | None = None) -> AbstractContextManager[Quiet]:  # noqa: ARG002
        return nullcontext(self)

    def at(self, done: int) -> None:
        """Hear how far it is."""


@pytest.fixture(scope="session")
def quiet() -> Reporter:
    return Quiet()


@pytest.fixture(scope="session")
def interpreter(quiet: Reporter) -> Path:
    """The Python that has TensorRT for RTX; installed once for all clones of the machine."""
    with home.alone(home.default_home()):
        return ensure_environment(for_engines(), home.default_home(), quiet) / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a build ended: its exit status, what it said last, and the plan."""

    status: int
    said: str
    plan: bytes


class Builds(Protocol):
    """Builds a graph with profiles and whatever else a specification holds."""

    def __call__(self, graph: bytes, profiles: list[dict[str, Any]], **spec: object) -> Outcome:
        """Build it."""
        ...


@pytest.fixture
def built(interpreter: Path, tmp_path: Path) -> Builds:
    """Build a graph with profiles by the real builder."""

    def run(graph: bytes, profiles: list[dict[str, Any]], **spec: object) -> Outcome:
        (tmp_path / "graph.onnx").write_bytes(graph)
        paths = {name: str(tmp_path / name) for name in ("graph.onnx", "plan", "known")}
        whole = {"profiles": profiles, "workspace_bytes": 2**30, "optimisation_level": 1, **spec}
        asked = {"module": TRIAL, "spec": whole, "graph": paths["graph.onnx"], "plan": paths["plan"]}
        (tmp_path / "request.json").write_text(json.dumps({**asked, "known": paths["known"]}))
        done = subprocess.run(
            [str(interpreter), engine.__file__, str(tmp_path / "request.json")],
            capture_output=True,
            text=True,
            check=False,
        )
        plan = tmp_path / "plan"
        said = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""
        return Outcome(done.returncode, said, plan.read_bytes() if plan.exists() else b"")

    return run


@pytest.fixture
def release(tmp_path: Path) -> tuple[Path, Sidecar]:
    """A folder with a plan and its sidecar, measured on its GPU."""
    folder = tmp_path / "engines" / "iris" / "sm89-fp16"
    folder.mkdir(parents=True)
    plan = b"a plan" * 1000
    (folder / PLAN).write_bytes(plan)
    sidecar = Sidecar(
        model="iris",
        revision="1",
        source="pip:mediapipe==0.10.21/iris.tflite",
        onnx_sha256="ab" * 32,
        precision="fp16",
        sm=89,
        builder="tensorrt",
        tensorrt=pinned().tensorrt,
        triton_image=pinned().triton_image,
        spec={},
        plan_sha256=hashlib.sha256(plan).hexdigest(),
        plan_bytes=len(plan),
        build_seconds=1.0,
        parity=Parity("NVIDIA L4", "590.44", {"eye": 0.001}, 0.03),
    )
    sidecar.write(folder)
    return folder, dataclasses.replace(sidecar)
