from __future__ import annotations

import dataclasses

import pytest
from atelier_sdk import Capability, Limits


def test_descriptors_stay_out_of_what_is_printed() -> None:
    capability = Capability("one", "example.v1.OneService", "One.", b"\x00" * 100_000, ("one",))
    assert len(repr(capability)) < 1000


@pytest.mark.parametrize("kind", [Capability, Limits])
def test_values_are_frozen_and_slotted(kind: type[Capability | Limits]) -> None:
    assert dataclasses.fields(kind)
    assert getattr(kind, "__dataclass_params__").frozen  # noqa: B009 - mypy knows no such attribute
    assert "__slots__" in vars(kind)


def test_a_deadline_that_is_not_given_is_never_longer_than_the_longest() -> None:
    assert Limits().default_deadline_seconds <= Limits().max_deadline_seconds
