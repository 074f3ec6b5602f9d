"""What `kubectl kustomize` makes of a folder, and how things are found in it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
K8S: Final = ROOT / "k8s"
Manifest = dict[str, Any]


def kubectl() -> str | None:
    """Find kubectl: the one that is pinned for development, else any."""
    beside = Path(sys.executable).with_name("kubectl")
    return str(beside) if beside.exists() else shutil.which("kubectl")


def build(folder: Path) -> tuple[Manifest, ...]:
    """Return what kustomize makes of a folder."""
    command = kubectl()
    assert command is not None
    done = subprocess.run([command, "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return tuple(yaml.load_all(done.stdout, Loader=yaml.CSafeLoader))


@dataclass(frozen=True, slots=True)
class Container:
    """A container where it stands: `init` for those that start before, sidecars among them."""

    workload: Workload
    spec: Manifest
    init: bool

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def sidecar(self) -> bool:
        return self.init and self.spec.get("restartPolicy") == "Always"

    @property
    def lasting(self) -> bool:
        """Whether it runs as long as its pod."""
        return not self.init or self.sidecar

    @property
    def environment(self) -> dict[str, Any]:
        """Variables and their values, from config maps too; what a field or a resource fills in is an empty string."""
        found: dict[str, Any] = {}
        for source in self.spec.get("envFrom", ()):
            found |= self.workload.cluster.one("ConfigMap", source["configMapRef"]["name"])["data"]
        return found | {each["name"]: each.get("value", "") for each in self.spec.get("env", ())}

    @property
    def where(self) -> str:
        return f"{self.workload.name}/{self.name}"


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, StatefulSet or Job."""

    cluster: Cluster
    manifest: Manifest

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    @property
    def kind(self) -> str:
        return str(self.manifest["kind"])

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its pods."""
        return dict(self.manifest["spec"]["template"]["metadata"]["labels"])

    @property
    def component(self) -> str:
        return self.labels["app.kubernetes.io/component"]

    @property
    def pod(self) -> Manifest:
        spec: Manifest = self.manifest["spec"]["template"]["spec"]
        return spec

    @property
    def containers(self) -> tuple[Container, ...]:
        """All containers in the order in which they start."""
        first = (Container(self, spec, init=True) for spec in self.pod.get("initContainers", ()))
        return (*first, *(Container(self, spec, init=False) for spec in self.pod["containers"]))

    @property
    def server(self) -> Container:
        """The one container that is there for its own sake."""
        (found,) = (each for each in self.containers if not each.init)
        return found


@dataclass(frozen=True, slots=True)
class Cluster:
    """All manifests of one overlay."""

    name: str
    manifests: tuple[Manifest, ...]

    def of(self, *kinds: str) -> Iterator[Manifest]:
        return (each for each in self.manifests if each["kind"] in kinds)

    def one(self, kind: str, name: str) -> Manifest:
        (found,) = (each for each in self.of(kind) if each["metadata"]["name"] == name)
        return found

    def has(self, kind: str, name: str) -> bool:
        return any(each["metadata"]["name"] == name for each in self.of(kind))

    @property
    def workloads(self) -> tuple[Workload, ...]:
        return tuple(Workload(self, each) for each in self.of("Deployment", "StatefulSet", "Job"))

    def workload(self, name: str) -> Workload:
        (found,) = (each for each in self.workloads if each.name == name)
        return found

    @property
    def capabilities(self) -> tuple[Workload, ...]:
        return tuple(each for each in self.workloads if each.component == "capability")

    @property
    def containers(self) -> tuple[Container, ...]:
        return tuple(container for workload in self.workloads for container in workload.containers)


def seconds(workload: Workload, variable: str) -> float:
    """Return a number of seconds that a workload's server is told by a variable."""
    return float(workload.server.environment[variable])
