"""What is written down of an engine, and who is let in with it.

A plan belongs to one TensorRT version, one kind of GPU and one graph, and says none of that itself: loaded elsewhere
it fails late or, worse, answers wrongly. Beside each plan lies `engine.json`; `admit` holds it against where the plan
is to run, before Triton sees it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from atelier_sdk.errors import ModelUnusableError

if TYPE_CHECKING:
    from pathlib import Path

PLAN, SIDECAR = "model.plan", "engine.json"


@dataclass(frozen=True, slots=True)
class Parity:
    """How far an engine is from the graph in float32, measured on its own GPU.

    `differences` and `accepted` are by output and relative to the output's largest value.
    """

    gpu: str
    driver: str
    differences: dict[str, float]
    accepted: float

    @property
    def holds(self) -> bool:
        """Tell whether all outputs are near enough."""
        return bool(self.differences) and all(each <= self.accepted for each in self.differences.values())


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What is known of an engine; hashes are SHA-256. Without `parity` it may be tried and not released."""

    model: str
    revision: str
    source: str
    onnx_sha256: str
    precision: str
    sm: int
    builder: str
    tensorrt: str
    triton_image: str
    spec: dict[str, Any]
    plan_sha256: str
    plan_bytes: int
    build_seconds: float
    parity: Parity | None = None

    def write(self, folder: Path) -> None:
        """Write it beside the plan, whole or not at all."""
        unfinished = folder / f".{SIDECAR}"
        unfinished.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8")
        unfinished.replace(folder / SIDECAR)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine is to run: TensorRT's version and the GPU's compute capability."""

    tensorrt: str
    sm: int


def read(folder: Path) -> Sidecar:
    """Read the sidecar of a folder. Raises ModelUnusableError where there is none that can be read."""
    try:
        document = json.loads((folder / SIDECAR).read_text(encoding="utf-8"))
        parity = document.pop("parity")
        return Sidecar(**document, parity=None if parity is None else Parity(**parity))
    except FileNotFoundError as error:
        raise _refused(folder, f"it has no {SIDECAR}, so nobody knows what it was built from") from error
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise _refused(folder, f"its {SIDECAR} cannot be read") from error


def admit(folder: Path, place: Place, onnx_sha256: str, *, released: bool = True) -> Sidecar:
    """Return the sidecar of an engine that may run at a place, for the graph of that hash.

    `released` asks for a parity that was measured and holds. Raises ModelUnusableError that says all that is wrong.
    """
    sidecar = read(folder)
    wrong = [
        *_elsewhere(sidecar, place),
        *([] if sidecar.onnx_sha256 == onnx_sha256 else ["the graph that it was built from is another one now"]),
        *_damage(folder, sidecar),
        *(_unproven(sidecar) if released else []),
    ]
    if wrong:
        raise _refused(folder, "; ".join(wrong))
    return sidecar


def _elsewhere(sidecar: Sidecar, place: Place) -> list[str]:
    wrong = []
    if sidecar.builder != "tensorrt":
        wrong.append(f"{sidecar.builder} built it, whose engines Triton does not load")
    if sidecar.tensorrt != place.tensorrt:
        wrong.append(f"TensorRT {sidecar.tensorrt} built it, here is {place.tensorrt}")
    if sidecar.sm != place.sm:
        wrong.append(f"it is for SM {sidecar.sm}, here is SM {place.sm}")
    return wrong


def _damage(folder: Path, sidecar: Sidecar) -> list[str]:
    try:
        plan = (folder / PLAN).read_bytes()
    except FileNotFoundError:
        return [f"{PLAN} is missing"]
    if len(plan) != sidecar.plan_bytes:
        return [f"{PLAN} has {len(plan)} bytes and had {sidecar.plan_bytes} when it was built"]
    return [] if hashlib.sha256(plan).hexdigest() == sidecar.plan_sha256 else [f"{PLAN} is not the one that was built"]


def _unproven(sidecar: Sidecar) -> list[str]:
    if sidecar.parity is None:
        return ["its parity was never measured on a GPU: run `atelier models parity` there"]
    if not sidecar.parity.holds:
        worst = max(sidecar.parity.differences.values(), default=float("inf"))
        return [f"it differs from its graph by {worst:.2g}, and {sidecar.parity.accepted:.2g} is accepted"]
    return []


def _refused(folder: Path, why: str) -> ModelUnusableError:
    return ModelUnusableError(
        f"The engine in {folder} is refused: {why}. Build it anew with `atelier models build {folder.parent.name}`.",
        metadata={"model": folder.parent.name, "engine": folder.name},
    )
