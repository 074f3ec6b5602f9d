"""Each rule of the contract lets a good capability pass and finds the one that breaks it, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from atelier_sdk.testing import BACKGROUND, Edit, conformance
from atelier_sdk.testing.contract import EditContract
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tests.plugins.sdk.testing import plain, toy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


Broken = pytest.fail.Exception


def edit(fault: str = "good", **more: Any) -> Edit:
    """The toy's one control, with a fault."""
    grade = {"grade": {"preset": fault}}
    return Edit("Grade", request=grade, neutral={"grade": {"strength": 0}}, control="grade.strength", **more)


@pytest.fixture(scope="module")
def contract() -> Iterator[EditContract]:
    """The contract with one process of the toy, and a second one."""
    bound = conformance(toy.capability(), edit())
    assert issubclass(bound, EditContract)
    yield bound()
    bound.bench.close()


RULES: dict[str, Callable[[EditContract, Edit], None]] = {
    "neutral": lambda contract, one: contract.test_neutral_changes_nothing(one, "RGB"),
    "neutral in grey": lambda contract, one: contract.test_neutral_changes_nothing(one, "L"),
    "neutral with alpha": lambda contract, one: contract.test_neutral_changes_nothing(one, "RGBA"),
    "outside": lambda contract, one: contract.test_nothing_outside_the_mask_moves(one),
    "grows": lambda contract, one: contract.test_the_control_grows(one),
    "report": lambda contract, one: contract.test_the_report_is_true(one),
    "processes": lambda contract, one: contract.test_two_processes_give_the_same_bytes(one),
    "truncated": lambda contract, one: contract.test_a_broken_file_is_refused_with_its_reason(one, "truncated"),
    "too large": lambda contract, one: contract.test_a_broken_file_is_refused_with_its_reason(one, "too large"),
    "ranges": lambda contract, one: contract.test_every_field_out_of_range_is_named_at_once(one),
    "cancelling": lambda contract, one: contract.test_cancelling_stops_the_work(one),
    "deadline": lambda contract, one: contract.test_a_deadline_ends_the_work(one),
    "health": lambda contract, _: contract.test_health_says_serving_and_knows_no_other_service(),
    "descriptors": lambda contract, _: contract.test_descriptors_are_complete(),
    "comments": lambda contract, _: contract.test_every_element_is_commented(),
}


def said(rule: Callable[[], None]) -> str:
    """Return what a rule says against a capability; nothing where it is kept."""
    try:
        rule()
    except Broken as broken:
        return str(broken)
    return ""


@pytest.mark.parametrize("rule", RULES)
def test_a_good_capability_keeps(contract: EditContract, rule: str) -> None:
    assert said(lambda: RULES[rule](contract, edit())) == ""


@pytest.mark.parametrize(
    ("fault", "rule", "words"),
    [
        ("tints", "neutral", r"changed 100\.00% of the pixels of a portrait of mode RGB"),
        ("moves", "outside", r"moved the whole picture by 2\.0\d px"),
        ("has a dead control", "grows", r"does not grow with each setting \(0\.2: .*, 1: "),
        ("lies about the picture", "report", "speaks of other pictures"),
        ("measures without a word", "report", "outside_mask_difference"),
        ("rolls dice", "processes", "different files"),
        ("has one reason for all", "truncated", "FAILED_PRECONDITION NO_FACE.*expected INVALID_ARGUMENT"),
        ("has one reason for all", "too large", "expected INVALID_ARGUMENT with reason IMAGE_TOO_LARGE"),
        (
            "takes more than it says",
            "too large",
            "IMAGE_UNDECODABLE.*expected INVALID_ARGUMENT with reason IMAGE_TOO_LARGE",
        ),
        ("is stubborn", "cancelling", r"was to stop early and used .* of the processor time of a whole call"),
    ],
)
def test_a_capability_that(contract: EditContract, fault: str, rule: str, words: str) -> None:
    with pytest.raises(Broken, match=words) as caught:
        RULES[rule](contract, edit(fault, settings=(0.2, 0.4, 0.6, 0.8, 1.0)))
    assert "→" in str(caught.value), "a failure says what to do"


def test_a_missing_model_is_told_with_the_command_that_installs_it_and_without_the_log(contract: EditContract) -> None:
    told = said(lambda: RULES["report"](contract, edit("lacks a model")))
    assert "Install it with: atelier models convert iris\n→ Install what is missing" in told
    assert "log" not in told


def test_a_failure_that_is_not_meant_is_told_with_the_log(contract: EditContract) -> None:
    told = said(lambda: RULES["report"](contract, edit("trips")))
    assert "INTERNAL" in told
    assert "over its own feet" in told.partition("The end of the service's log:")[2]


def test_what_is_declared_as_untouched_is_held_to_be(contract: EditContract) -> None:
    with pytest.raises(Broken, match=r"of Box\(left=240, top=24, width=32, height=32\), which is outside of its mask"):
        RULES["outside"](contract, edit(untouched=(BACKGROUND,)))


def test_an_edit_that_nobody_declares_is_named(contract: EditContract) -> None:
    with pytest.raises(Broken, match="nothing is known of the control of Apply, Grain, SkinTone"):
        contract.test_every_edit_declares_a_control()


def test_a_drained_process_ends_well(contract: EditContract) -> None:
    assert said(contract.test_sigterm_drains) == ""


@pytest.fixture(scope="module")
def ignorant() -> Iterator[EditContract]:
    """The contract with a server that knows nothing of it."""
    bound = conformance(plain.capability(), edit())
    assert issubclass(bound, EditContract)
    yield bound()
    bound.bench.close()


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("cancelling", "was to stop early and used .* of the processor time of a whole call"),
        ("deadline", "was to stop early and used .* of the processor time of a whole call"),
        ("health", "for a service that does not exist"),
        ("truncated", "with an answer; expected INVALID_ARGUMENT"),
        ("ranges", "with an answer; expected INVALID_ARGUMENT with reason FIELD_OUT_OF_RANGE"),
        ("report", "names no operation"),
    ],
)
def test_a_server_that_knows_nothing_of_the_contract_breaks(ignorant: EditContract, rule: str, words: str) -> None:
    with pytest.raises(Broken, match=words):
        RULES[rule](ignorant, edit())


def test_a_process_that_dies_of_sigterm_is_found(ignorant: EditContract) -> None:
    with pytest.raises(Broken, match=r"the call that ran when SIGTERM came ended with UNAVAILABLE"):
        ignorant.test_sigterm_drains()


def test_a_command_that_ends_at_once_is_told_with_its_log() -> None:
    command = ("python", "-c", "raise SystemExit('no model found')")
    bound = conformance(replace(toy.capability(), command=command), edit())
    with pytest.raises(Broken, match=r"(?s)ended with 1 before it was ready.*no model found.*ATELIER_LISTEN"):
        bound().test_health_says_serving_and_knows_no_other_service()


def test_descriptors_without_their_imports_are_found() -> None:
    files = FileDescriptorSet.FromString(toy.capability().descriptors)
    alone = FileDescriptorSet(file=[file for file in files.file if file.name == "atelier/v1/style.proto"])
    bound = conformance(replace(toy.capability(), descriptors=alone.SerializeToString()))
    with pytest.raises(Broken, match=r"(?s)are not complete.*include_imports"):
        bound().test_descriptors_are_complete()


def test_elements_without_a_comment_are_named() -> None:
    files = FileDescriptorSet.FromString(toy.capability().descriptors)
    for file in files.file:
        if file.package == "atelier.v1":
            file.name, file.package = file.name.replace("atelier/", "bare/"), "bare.v1"
    bare = replace(toy.capability(), service="bare.v1.StyleService", descriptors=files.SerializeToString())
    with pytest.raises(Broken, match=r"elements have no comment: bare\.v1\.\w+"):
        conformance(bare)().test_every_element_is_commented()
