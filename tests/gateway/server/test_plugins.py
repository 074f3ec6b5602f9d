from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from atelier_gateway import default_plugins, plugins
from atelier_sdk import hookimpl
from atelier_sdk.discovery import Found
from atelier_sdk.host import PluginHost
from atelier_sdk.manifest import Manifest, write_manifest
from atelier_sdk.plugin import PluginState
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tests.gateway.server.toy import capability, descriptors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from atelier_sdk import Capability, Limits
    from atelier_sdk.plugin import PluginStatus


def host_of(**declared: Iterable[Capability]) -> PluginHost:
    """A host with the built-in plugin and one for each name, which declares these capabilities."""
    host = PluginHost()
    host.add(Found("atelier", "atelier-gateway", "0.1.0", lambda: default_plugins))
    for name, listed in declared.items():

        def atelier_capabilities(listed: Iterable[Capability] = listed) -> Iterable[Capability]:
            return listed

        module = SimpleNamespace(atelier_api="1.0", atelier_capabilities=hookimpl(atelier_capabilities))
        host.add(Found(name, f"{name}-dist", "1.2.3", partial(SimpleNamespace, **vars(module))))
    return host


def status(host: PluginHost, name: str) -> PluginStatus:
    return next(one for one in host.statuses() if one.name == name)


def names(host: PluginHost) -> set[str]:
    """The names of all capabilities but the built-in ones."""
    return {one.name for one in plugins.capabilities(host)} - {one.name for one in plugins.capabilities(host_of())}


def test_the_built_in_capabilities_come_through_the_hook() -> None:
    style = {found.name: found for found in plugins.capabilities()}["style"]
    assert (style.service, style.command[1:]) == ("atelier.v1.StyleService", ("-m", "atelier_style"))
    assert style.models == ("face_detector", "face_mesh", "iris", "person_segmenter")


def test_capabilities_of_several_plugins_are_sorted_by_name() -> None:
    other = replace(capability("aaa"), service="aaa.v1.Aaa", descriptors=renamed("aaa.v1", "Aaa"))
    host = host_of(one=[capability()], two=[other])
    found = [each.name for each in plugins.capabilities(host)]
    assert found == sorted(found)
    assert {"aaa", "toy"} <= {*found}
    assert (status(host, "one").capabilities, status(host, "two").capabilities) == (("toy",), ("aaa",))


def renamed(package: str, service: str) -> bytes:
    files = FileDescriptorSet.FromString(descriptors())
    files.file[0].package = package
    files.file[0].service[0].name = service
    for method in files.file[0].service[0].method:
        method.input_type = method.output_type = f".{package}.Blob"
    return files.SerializeToString()


@pytest.mark.parametrize("other", ["toy", "another"])
def test_of_two_plugins_for_one_name_or_service_the_later_is_refused_and_both_are_named(other: str) -> None:
    host = host_of(one=[capability()], two=[capability(other)])
    assert names(host) == {"toy"}
    assert status(host, "one").state is PluginState.ACTIVE
    assert status(host, "two").state is PluginState.REFUSED
    assert status(host, "two").detail in {
        "it registers toy, which is the plugin one 1.2.3's",
        "it registers toy.v1.ToyService, which is the plugin one 1.2.3's",
    }


def test_a_plugin_that_takes_a_built_in_capabilitys_name_or_service_is_refused_as_a_whole() -> None:
    built_in = {one.name: one for one in plugins.capabilities(host_of())}
    thief = replace(built_in["style"], name="better-style", command=("thief",))
    host = host_of(aaa=[capability(), thief])
    assert names(host) == set()
    assert {one.name: one for one in plugins.capabilities(host_of())}["style"] == built_in["style"]
    assert status(host, "aaa").detail == "it registers atelier.v1.StyleService, which is the plugin atelier 0.1.0's"


@pytest.mark.parametrize("name", ["gateway", "triton"])
def test_names_of_the_houses_own_processes_are_refused(name: str) -> None:
    host = host_of(one=[capability(name)])
    assert names(host) == set()
    assert "a name that is Atelier's own" in status(host, "one").detail


def refused(bad: Capability) -> str:
    """Why a plugin is refused that registers this; another one is served beside it."""
    good = replace(capability("good"), service="aaa.v1.Aaa", descriptors=renamed("aaa.v1", "Aaa"))
    host = host_of(one=[bad], two=[good])
    assert names(host) == {"good"}
    assert status(host, "one").state is PluginState.REFUSED
    return status(host, "one").detail


def test_a_name_that_is_no_word_is_refused() -> None:
    assert "'Toy!', which is no short lower-case word" in refused(capability("Toy!"))


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"nonsense", "no google.protobuf.FileDescriptorSet"),
        (FileDescriptorSet().SerializeToString(), "registers toy.v1.ToyService, which its descriptors do not hold"),
    ],
)
def test_descriptors_that_do_not_fit_are_refused(bad: bytes, why: str) -> None:
    assert why in refused(replace(capability(), descriptors=bad))


def test_descriptors_without_an_import_are_refused() -> None:
    files = FileDescriptorSet.FromString(descriptors())
    files.file[0].dependency.append("not/there.proto")
    incomplete = replace(capability(), descriptors=files.SerializeToString())
    assert "the imported file not/there.proto is missing" in refused(incomplete)


@pytest.mark.parametrize(
    "limits",
    [
        {"max_concurrency": 0},
        {"default_deadline_seconds": 0.0},
        {"default_deadline_seconds": 10.0, "max_deadline_seconds": 5.0},
        {"max_message_bytes": 2**40},
    ],
)
def test_limits_that_cannot_be_kept_are_refused(limits: dict[str, float]) -> None:
    kept: Limits = replace(capability().limits, **limits)  # type: ignore[arg-type]
    assert "with limits that cannot be kept" in refused(replace(capability(), limits=kept))


def test_a_capability_of_another_environment_is_declared_like_any_other(tmp_path: Path) -> None:
    write_manifest(Manifest("elsewhere", "elsewhere-dist", "3.0", "1.0", (capability(),)), tmp_path)
    host = plugins.plugins_of({"ATELIER_PLUGINS": "elsewhere", "ATELIER_PLUGIN_MANIFESTS": str(tmp_path)})
    assert capability() in plugins.capabilities(host)
    assert status(host, "elsewhere").capabilities == ("toy",)


def test_the_built_in_plugin_needs_no_permission_and_others_do(tmp_path: Path) -> None:
    write_manifest(Manifest("elsewhere", "elsewhere-dist", "3.0", "1.0", (capability(),)), tmp_path)
    host = plugins.plugins_of({"ATELIER_PLUGINS": "none", "ATELIER_PLUGIN_MANIFESTS": str(tmp_path)})
    assert names(host) == set()
    assert status(host, "elsewhere").state is PluginState.OFF
    assert status(host, "atelier").state is PluginState.ACTIVE
