"""What is known of the images without an engine that builds them: they lint, copy what is there, start what exists."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from atelier_gateway import plugins
from atelier_gateway.settings import GatewaySettings
from atelier_generate.selection import REALISM
from atelier_generate.settings import GenerateSettings
from atelier_identity.settings import IdentitySettings
from atelier_models.engines.versions import pinned
from atelier_service.settings import ServiceSettings

from tests.k8s.test_references import variables

ROOT = Path(__file__).parents[3]
DOCKERFILES = sorted((ROOT / "deploy").glob("*.Dockerfile"))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
SERVERS = {name: each for name, each in COMPOSE["services"].items() if name != "folders"}
OWN_SETTINGS: dict[str, type] = {"identity": IdentitySettings, "generate": GenerateSettings}
# Read by the image's own command, and by Python.
OF_THE_IMAGE = {"ATELIER_CAPABILITY", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Return instructions and what follows them, continued lines joined."""
    text = re.sub(r"\\\n", " ", dockerfile.read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def last_stage(dockerfile: Path) -> list[tuple[str, str]]:
    found = instructions(dockerfile)
    start = max(index for index, (name, _) in enumerate(found) if name == "FROM")
    return found[start:]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_every_dockerfile_lints(dockerfile: Path) -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint is not None, "hadolint comes with requirements-dev.txt"

    done = subprocess.run([hadolint, str(dockerfile)], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_every_image_runs_as_nobody_in_particular_and_says_how_it_is(dockerfile: Path) -> None:
    stage = dict(last_stage(dockerfile))

    assert stage["USER"] == "10001:10001"
    assert {"HEALTHCHECK", "LABEL", "CMD"} <= stage.keys()


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_nothing_is_installed_in_the_last_stage(dockerfile: Path) -> None:
    assert "RUN" not in dict(last_stage(dockerfile))


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_what_is_copied_is_there_and_not_ignored(dockerfile: Path) -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    for name, rest in instructions(dockerfile):
        if name != "COPY" or rest.startswith("--from"):
            continue
        *sources, _ = rest.split()
        for source in sources:
            assert (ROOT / source).exists(), f"{dockerfile.name} copies {source}"
            assert not any(fnmatch(source, pattern) for pattern in ignored)


def project(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return document


def own_packages(name: str, everything: dict[str, dict[str, Any]], found: set[str]) -> set[str]:
    """Return the packages of this repository that one installs, itself among them."""
    if name not in found:
        found.add(name)
        for dependency in everything[name].get("dependencies", []):
            if dependency.startswith("atelier-"):
                own_packages(re.split(r"[\s\[<>=~;]", dependency)[0], everything, found)
    return found


@pytest.mark.parametrize(
    ("dockerfile", "source"),
    [
        ("gateway.Dockerfile", "gateway/server"),
        *(
            ("service.Dockerfile", f"services/{name}")
            for name in sorted(SERVERS)
            if (ROOT / "services" / name).is_dir()
        ),
        *(
            ("service.Dockerfile", path.parent.relative_to(ROOT).as_posix())
            for path in ROOT.glob("plugins/*/pyproject.toml")
            if path.parent.name != "sdk"
        ),
    ],
    ids=lambda value: str(value),
)
def test_an_image_installs_every_package_of_ours_that_its_program_needs(dockerfile: str, source: str) -> None:
    """They are in no registry: one that is not named by its path would end the build."""
    folders = [path.parent for path in ROOT.glob("*/*/pyproject.toml")] + [ROOT / "proto"]
    everything = {project(folder)["name"]: project(folder) for folder in folders}
    line = next(rest for name, rest in instructions(ROOT / "deploy" / dockerfile) if name == "RUN")
    paths = re.findall(r"\./[\w/]+", line.replace("./${SOURCE}", f"./{source}"))

    installed = {project(ROOT / path)["name"] for path in paths}

    assert installed >= own_packages(project(ROOT / source)["name"], everything, set())
    copied = [rest.split()[0] for name, rest in instructions(ROOT / "deploy" / dockerfile) if name == "COPY"]
    assert all(any(path[2:].startswith(each) for each in copied) for path in paths)


def test_what_lists_the_content_of_an_image_is_pinned() -> None:
    pins = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}

    assert "cyclonedx-bom" in pins


def test_the_server_is_the_one_that_engines_are_built_for() -> None:
    text = (ROOT / "deploy/triton.Dockerfile").read_text()

    assert f"ARG TRITON=nvidia/{pinned().triton_image}\n" in text


def test_an_image_sets_only_variables_that_its_process_knows() -> None:
    known = {"service.Dockerfile": variables(ServiceSettings), "gateway.Dockerfile": variables(GatewaySettings)}
    for name, settings in known.items():
        [env] = [rest for kind, rest in last_stage(ROOT / "deploy" / name) if kind == "ENV"]
        assert {pair.partition("=")[0] for pair in env.split()} <= settings | OF_THE_IMAGE


def test_compose_runs_the_gateway_and_every_capability_of_this_repository() -> None:
    own = {each.name for each in plugins.capabilities() if importlib.util.find_spec(f"atelier_{each.name}")}

    assert {name for name in own if (ROOT / "services" / name).is_dir()} | {"gateway"} == SERVERS.keys()


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_a_server_of_compose_can_write_nothing_but_what_it_is_given(name: str) -> None:
    server = SERVERS[name]

    assert (
        server["read_only"],
        server["cap_drop"],
        server["security_opt"],
    ) == (True, ["ALL"], ["no-new-privileges:true"])
    assert (ROOT / "deploy" / server["build"]["context"] / server["build"]["dockerfile"]).is_file()


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_a_server_of_compose_is_told_only_what_it_knows(name: str) -> None:
    settings = variables(GatewaySettings if name == "gateway" else ServiceSettings)
    more = variables(OWN_SETTINGS[name]) if name in OWN_SETTINGS else set()

    # What all are told, the gateway too, may be of use to services alone.
    assert SERVERS[name]["environment"].keys() <= settings | more | variables(ServiceSettings)


def test_candidates_are_ranked_by_a_critic_and_compared_with_profiles() -> None:
    generate = SERVERS["generate"]
    plugin = ROOT / generate["build"]["args"]["PLUGINS"]
    modules = tomllib.loads((plugin / "pyproject.toml").read_text())["project"]["entry-points"]["atelier"].values()
    measures = [one.name for module in modules for one in importlib.import_module(module).atelier_measures()]

    assert REALISM in measures
    assert urlsplit(generate["environment"]["ATELIER_IDENTITY_ADDRESS"]).path == "/identity:8620"
    assert set(generate["networks"]) & set(SERVERS["identity"]["networks"])


def test_all_that_is_mounted_is_declared() -> None:
    named = {
        mount.split(":")[0] for each in COMPOSE["services"].values() for mount in each["volumes"] if mount[0] != "$"
    }
    networks = {network for each in SERVERS.values() for network in each["networks"]}

    assert (COMPOSE["volumes"].keys(), COMPOSE["networks"].keys()) == (named, networks)
