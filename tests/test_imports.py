"""Who may import whom: the arrows of the architecture, read from the sources themselves."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[1]

SERVICE = {"atelier", "atelier_sdk", "atelier_rpc", "atelier_imaging", "atelier_service"}
# A plugin's command calls its service through the client.
PLUGIN = SERVICE - {"atelier_rpc"} | {"atelier_client", "buf"}  # generated stubs import buf
ARROWS: dict[str, set[str]] = {
    "proto": set(),
    "plugins/sdk": set(),
    "gateway/rpc": {"atelier", "buf", "atelier_sdk"},
    "gateway/server": {"atelier", "atelier_sdk", "atelier_rpc"},
    "gateway/client": {"atelier"},
    "services/imaging": {"atelier_sdk"},
    "services/kit": SERVICE - {"atelier_service"},
    # The director takes the ranges of fields from their annotations.
    "services/generate": SERVICE | {"buf"},
    "deploy/models": {"atelier_sdk", "atelier_rpc", "atelier_gateway"},
    # What it simulates is the gateway's own choice.
    "deploy/simulation": {"atelier_sdk", "atelier_gateway"},
    "deploy/local": {"atelier", "atelier_sdk", "atelier_rpc", "atelier_gateway", "atelier_models"},
    # Training and calibration run what is installed.
    "deploy/training/identity": {*SERVICE, "atelier_models"},
    "deploy/training/upscale": {*SERVICE, "atelier_models"},
    # What is drawn is drawn by the service's own code, and portraits are chosen as the upscaler's are.
    "deploy/training/base": {*SERVICE, "atelier_models", "atelier_generate", "atelier_training_upscale"},
    # The demo stands above all of them: it shows how they work together.
    "deploy/demo": {*SERVICE, "atelier_client", "atelier_local", "atelier_models"},
}

HEAVY = {"torch", "tensorflow", "diffusers", "transformers", "jax", "mediapipe"}
PIXELS = {"numpy", "scipy", "cv2", "PIL", "pyvips", "pillow_heif", "skimage", "openvino", "onnxruntime", "tritonclient"}
GRPC = {"grpc", "google", "grpc_health", "grpc_reflection", "tritonclient"}
BANNED = {
    "gateway/server": HEAVY | PIXELS,
    "gateway/rpc": HEAVY | PIXELS,
    "gateway/client": HEAVY,
    "plugins/sdk": HEAVY | PIXELS | GRPC,
    "services/imaging": HEAVY | GRPC,
    "services/kit": HEAVY,
    "services/style": HEAVY,
    "services/upscale": HEAVY,
    "services/identity": HEAVY,
}

# Run by environments of their own, which hold what these import: model conversion, and Triton's Python backend.
ELSEWHERE = ("atelier_models/worker/", "atelier_models/backend/", "atelier_generate/loop/model.py")

# What needs the extra `atelier-sdk[testing]`, the SDK itself being installed with pluggy alone, or
# `atelier-service[diffusion]`.
EXTRA = ("atelier_sdk/testing/", "atelier_sdk/pytest_plugin.py", "atelier_service/diffusion/")

DISTRIBUTIONS = sorted(str(path.parent.relative_to(ROOT)) for path in ROOT.glob("*/**/pyproject.toml"))

# Our import names, and the distributions that carry them.
OURS = {
    package.name: str(tomllib.loads((ROOT / folder / "pyproject.toml").read_text("utf-8"))["project"]["name"])
    for folder in DISTRIBUTIONS
    for package in (ROOT / folder / "src").iterdir()
}


def imports(distribution: str, *, without: tuple[str, ...] = ()) -> set[str]:
    """Top-level names of others that a distribution imports, wherever in its files."""
    found = set()
    sources = ROOT / distribution / "src"
    for path in sources.rglob("*.py"):
        if str(path.relative_to(sources)).startswith(without):
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            found |= {name.partition(".")[0] for name in names}
    return found - {path.name for path in sources.iterdir()} - sys.stdlib_module_names


def declared(distribution: str) -> set[str]:
    """Names of the distributions that a pyproject.toml asks for, extras included."""
    project = tomllib.loads((ROOT / distribution / "pyproject.toml").read_text("utf-8"))["project"]
    extras: dict[str, list[str]] = project.get("optional-dependencies", {})
    asked: list[str] = [*project.get("dependencies", []), *(each for extra in extras.values() for each in extra)]
    return {re.split(r"[^\w.-]", each)[0] for each in asked}


@cache
def installed() -> Mapping[str, list[str]]:
    return packages_distributions()


def carriers(name: str) -> set[str]:
    """Which distributions carry a top-level name, in the spelling of the pyproject files."""
    if name in OURS:
        return {OURS[name]}
    return {each.lower().replace("_", "-") for each in installed().get(name, [name])}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_arrows_point_one_way(distribution: str) -> None:
    default = PLUGIN if distribution.startswith("plugins/") else SERVICE
    assert (imports(distribution, without=EXTRA) & {*OURS}) - ARROWS.get(distribution, default) == set()


@pytest.mark.parametrize("distribution", sorted(BANNED))
def test_heavy_packages_stay_where_they_are_used(distribution: str) -> None:
    assert imports(distribution, without=EXTRA) & BANNED[distribution] == set()


def test_the_sdk_needs_pluggy_alone_and_its_kit_nothing_of_ours_but_the_api() -> None:
    assert imports("plugins/sdk", without=EXTRA) == {"pluggy"}
    assert imports("plugins/sdk") & {*OURS} == {"buf"}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_what_is_imported_is_declared(distribution: str) -> None:
    asked = declared(distribution)
    assert {name for name in imports(distribution, without=ELSEWHERE) if not carriers(name) & asked} == set()


def test_every_distribution_was_looked_at() -> None:
    assert {*ARROWS} <= {*DISTRIBUTIONS}
    assert {"grpc", "atelier_imaging"} <= imports("services/kit")
