"""`atelier plugins manifest`: a plugin's capabilities for a cluster, as a kustomize component.

    DIR/kustomization.yaml    lists what follows
    DIR/<capability>.yaml     account, headless service, disruption budget and deployment of each capability
    DIR/gateway.yaml          hangs the plugin's own manifest, which stands beside it, into the gateway
    DIR/<plugin>.toml, .binpb the manifest and descriptors by which a gateway knows a plugin that it cannot import

What a plugin's file says of models, resources and environment is in it; how pods are confined, probed and stopped is as
in `k8s/base`.
"""

from __future__ import annotations

from importlib import resources
from pathlib import PurePath
from string import Template
from typing import TYPE_CHECKING, Any, Final

import yaml
from atelier_sdk.capability import MIB
from atelier_sdk.manifest import Manifest, write_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_sdk import Capability
    from atelier_sdk.plugin import PluginStatus

FOLDER: Final = "/etc/atelier/plugins.d"
# For a capability that asks for nothing: what the built-in ones of one picture have.
_CPUS, _MEMORY_BYTES = 2.0, 3072 * MIB


def write_component(status: PluginStatus, capabilities: tuple[Capability, ...], image: str, folder: Path) -> list[str]:
    """Write the component into a folder, made where it is missing, and return the names of its files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [f"{capability.name}.yaml" for capability in capabilities]
    for capability, name in zip(capabilities, written, strict=True):
        (folder / name).write_text(deployment(status.name, capability, image), encoding="utf-8")
    manifest = Manifest(status.name, status.distribution, status.version, status.api, capabilities)
    files = [f"{status.name}.toml", *(f"{status.name}.{each.name}.binpb" for each in capabilities)]
    write_manifest(manifest, folder)
    (folder / "gateway.yaml").write_text(_dumped(_gateway(status.name, files)), encoding="utf-8")
    (folder / "kustomization.yaml").write_text(_kustomization(status.name, written, files), encoding="utf-8")
    return ["kustomization.yaml", "gateway.yaml", *written, *files]


def deployment(plugin: str, capability: Capability, image: str) -> str:
    """Return the manifests of one capability."""
    asked = capability.resources
    text = Template(
        resources.files("atelier_local.kustomize").joinpath("capability.yaml").read_text("utf-8")
    ).substitute(
        plugin=plugin,
        name=capability.name,
        service=capability.service,
        image=image,
        command=list(_in_the_image(capability.command)),
        cpus=f"{asked.cpus or _CPUS:g}",
        memory=f"{-(-(asked.memory_bytes or _MEMORY_BYTES) // MIB)}Mi",
    )
    head, *manifests = text.split("---\n")
    documents = [yaml.safe_load(each) for each in (head, *manifests)]
    _particular(documents[-1]["spec"]["template"]["spec"], capability)
    comment = head.partition("\n")[0]
    return f"{comment}\n" + "---\n".join(map(_dumped, documents))


def _particular(pod: dict[str, Any], capability: Capability) -> None:
    """Put into a pod what this capability needs, and take out what it does not."""
    (server,) = pod["containers"]
    server["env"] += [{"name": name, "value": value} for name, value in sorted(capability.environment.items())]
    if capability.resources.gpus:
        server["resources"]["limits"]["nvidia.com/gpu"] = capability.resources.gpus
        pod["priorityClassName"] = "atelier-accelerated"
        pod["tolerations"].append({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"})
    if not capability.models:  # Perhaps not even built on the kit, which the fetching of models is part of.
        del pod["initContainers"]


def _in_the_image(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return a command of this machine as it is in an image: its Python is the image's."""
    program = PurePath(command[0]).name
    return ("python" if program.startswith("python") else command[0], *command[1:])


def _gateway(plugin: str, files: list[str]) -> dict[str, Any]:
    volume = f"plugin-{plugin}"
    mounts = [{"name": volume, "mountPath": f"{FOLDER}/{file}", "subPath": file, "readOnly": True} for file in files]
    pod = {
        "containers": [{"name": "server", "volumeMounts": mounts}],
        "volumes": [{"name": volume, "configMap": {"name": volume}}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "gateway"},
        "spec": {"template": {"spec": pod}},
    }


def _kustomization(plugin: str, manifests: list[str], files: list[str]) -> str:
    return (f"# The plugin {plugin}. In an overlay, before components that concern every capability.\n") + _dumped(
        {
            "apiVersion": "kustomize.config.k8s.io/v1alpha1",
            "kind": "Component",
            "resources": manifests,
            "configMapGenerator": [{"name": f"plugin-{plugin}", "files": files}],
            "patches": [{"path": "gateway.yaml"}],
        }
    )


def _dumped(document: dict[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
