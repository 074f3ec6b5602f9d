"""Build engines, and put plan and sidecar in their place whole.

Engines lie in `engines/<model>/sm<SM>-<precision>/`. Where TensorRT itself is installed, as in Triton's image, it
builds for this machine's GPU; else TensorRT for RTX, in an environment of its own, shows that graph and profiles can be
built.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import onnx
from atelier_sdk.errors import HostUnsuitableError

from atelier_models import installed
from atelier_models.engines.audit import audit
from atelier_models.engines.precision import at_precision
from atelier_models.engines.sidecar import PLAN, Sidecar
from atelier_models.engines.versions import pinned
from atelier_models.environments import ensure_environment, for_engines
from atelier_models.home import clear_unfinished
from atelier_models.worker_runs import run_worker

if TYPE_CHECKING:
    from atelier_models.catalogue import Model
    from atelier_models.engines.spec import BuildSpec
    from atelier_models.installed import Installed
    from atelier_models.progress import Reporter


TRIAL: Final = "tensorrt_rtx_bindings"
_MAKING: Final = ".making-"


def folder_of(spec: BuildSpec, home: Path) -> Path:
    """Return where an engine lies or will lie."""
    return home / "engines" / spec.model / f"sm{spec.sm}-{spec.precision}"


def make(model: Model, spec: BuildSpec, home: Path, progress: Reporter) -> Path:
    """Build an engine and return its folder, which holds plan and sidecar.

    Raises ModelNotInstalledError, ModelUnusableError with TensorRT's sentence, HostUnsuitableError where another
    version of TensorRT than the pinned one is installed, RegistryUnreachableError.
    """
    place, folder = installed.require(model, home), folder_of(spec, home)
    module, interpreter = _builder(home, progress)
    folder.parent.mkdir(parents=True, exist_ok=True)
    clear_unfinished(folder.parent, _MAKING)
    with (
        progress.step(f"Building {model.name} for SM {spec.sm} in {spec.precision}"),
        tempfile.TemporaryDirectory(prefix=_MAKING, dir=folder.parent) as work,
    ):
        made = Path(work) / "made"
        made.mkdir()
        graph = graph_at_precision(place, spec, Path(work))
        known = _build(module, interpreter, graph, spec, made)
        _sidecar(place, spec, module, known, made).write(made)
        shutil.rmtree(folder, ignore_errors=True)
        made.replace(folder)
    return folder


def graph_at_precision(place: Installed, spec: BuildSpec, folder: Path) -> Path:
    """Write an installed model's graph at the precision of a build, audited, and return its path."""
    graph = at_precision(onnx.load(place.graph), spec.precision)
    audit(graph, spec.precision)
    path = folder / f"{spec.precision}.onnx"
    onnx.save(graph, path)
    return path


def _builder(home: Path, progress: Reporter) -> tuple[str, Path]:
    """Return the module that builds and the interpreter that has it."""
    try:
        here = version("tensorrt")
    except PackageNotFoundError:
        return TRIAL, ensure_environment(for_engines(), home, progress) / "bin" / "python"
    if here != pinned().tensorrt and not here.startswith(f"{pinned().tensorrt}."):
        raise HostUnsuitableError(
            f"TensorRT {here} is installed here, and {pinned().triton_image} serves engines of {pinned().tensorrt} "
            "alone. Build inside that image.",
            metadata={"found": here, "needed": pinned().tensorrt},
        )
    return "tensorrt", Path(sys.executable)


def _build(module: str, interpreter: Path, graph: Path, spec: BuildSpec, made: Path) -> dict[str, object]:
    request, known = made.parent / "request.json", made.parent / "known.json"
    # TensorRT itself builds for the GPU that is there.
    asked = spec.as_json() if module == TRIAL else {**spec.as_json(), "compute_capability": None}
    paths = {"graph": str(graph), "plan": str(made / PLAN), "known": str(known)}
    request.write_text(json.dumps({"module": module, "spec": asked, **paths}), encoding="utf-8")
    run_worker(lambda: interpreter, "engine", [request])
    told: dict[str, object] = json.loads(known.read_text(encoding="utf-8"))
    return told


def _sidecar(place: Installed, spec: BuildSpec, module: str, known: dict[str, object], made: Path) -> Sidecar:
    plan = (made / PLAN).read_bytes()
    return Sidecar(
        model=spec.model,
        revision=place.contract["version"],
        source=place.contract["source"],
        onnx_sha256=place.contract["sha256"],
        precision=spec.precision,
        sm=spec.sm,
        builder=module,
        tensorrt=str(known["tensorrt"]),
        triton_image=pinned().triton_image,
        spec=spec.as_json(),
        plan_sha256=hashlib.sha256(plan).hexdigest(),
        plan_bytes=len(plan),
        build_seconds=float(str(known["build_seconds"])),
    )
