from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pluggy
import pytest
from atelier_gateway import plugins
from atelier_sdk import hookimpl, hookspecs
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tests.gateway.server.toy import capability, descriptors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atelier_sdk import Capability


def manager_of(**capabilities: Iterable[Capability]) -> pluggy.PluginManager:
    """Register one plugin for each name, which declares these capabilities."""
    manager = pluggy.PluginManager("atelier")
    manager.add_hookspecs(hookspecs)
    for name, declared in capabilities.items():

        def atelier_capabilities(declared: Iterable[Capability] = declared) -> Iterable[Capability]:
            return declared

        manager.register(SimpleNamespace(atelier_capabilities=hookimpl(atelier_capabilities)), name=name)
    return manager


def test_the_built_in_capabilities_come_through_the_hook() -> None:
    style = {found.name: found for found in plugins.capabilities()}["style"]
    assert (style.service, style.command[1:]) == ("atelier.v1.StyleService", ("-m", "atelier_style"))
    assert style.models == ("face_detector", "face_mesh", "iris", "person_segmenter")


def test_capabilities_of_several_plugins_are_sorted_by_name() -> None:
    other = replace(capability("aaa"), service="aaa.v1.Aaa", descriptors=renamed("aaa.v1", "Aaa"))
    found = plugins.capabilities(manager_of(one=[capability()], two=[other]))
    assert [each.name for each in found] == ["aaa", "toy"]


def renamed(package: str, service: str) -> bytes:
    files = FileDescriptorSet.FromString(descriptors())
    files.file[0].package = package
    files.file[0].service[0].name = service
    for method in files.file[0].service[0].method:
        method.input_type = method.output_type = f".{package}.Blob"
    return files.SerializeToString()


@pytest.mark.parametrize("other", ["toy", "another"])
def test_two_plugins_for_one_name_or_service_stop_the_start_and_are_named(other: str) -> None:
    with pytest.raises(plugins.PluginError, match=r"The plugins one and two both register (toy|toy\.v1\.ToyService);"):
        plugins.capabilities(manager_of(one=[capability()], two=[capability(other)]))


def test_a_name_that_is_no_word_stops_the_start() -> None:
    with pytest.raises(plugins.PluginError, match="'Toy!', which is no short lower-case word"):
        plugins.capabilities(manager_of(one=[capability("Toy!")]))


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"nonsense", "no google.protobuf.FileDescriptorSet"),
        (FileDescriptorSet().SerializeToString(), "registers toy.v1.ToyService, which its descriptors do not hold"),
    ],
)
def test_descriptors_that_do_not_fit_stop_the_start(bad: bytes, why: str) -> None:
    with pytest.raises(plugins.PluginError, match=why):
        plugins.capabilities(manager_of(one=[replace(capability(), descriptors=bad)]))


def test_descriptors_without_an_import_stop_the_start() -> None:
    files = FileDescriptorSet.FromString(descriptors())
    files.file[0].dependency.append("not/there.proto")
    incomplete = replace(capability(), descriptors=files.SerializeToString())
    with pytest.raises(plugins.PluginError, match=r"the imported file not/there\.proto is missing"):
        plugins.capabilities(manager_of(one=[incomplete]))
