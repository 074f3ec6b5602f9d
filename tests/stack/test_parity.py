"""What Triton serves is compared with its graph by values, through the server that callers use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from atelier_models import catalogue, home
from atelier_models.engines import parity
from atelier_sdk.errors import BackendDownError

if TYPE_CHECKING:
    from atelier_local.stack import Stack

MODELS = catalogue.load().models


@pytest.mark.parametrize("name", ["iris", "person_segmenter"])
def test_what_a_running_triton_serves_answers_as_its_graph(stack: Stack, name: str) -> None:
    if not stack.triton_url:
        pytest.skip("the stack runs without Triton here")

    measured = parity.measure(MODELS[name], "fp32", home.default_home(), stack.triton_url, "none", "none")

    assert measured.holds
    assert measured.differences.keys() == MODELS[name].outputs.keys()


def test_a_triton_that_does_not_answer_is_named() -> None:
    with pytest.raises(BackendDownError, match=r"Triton at 127\.0\.0\.1:1 does not answer for iris"):
        parity.measure(MODELS["iris"], "fp32", home.default_home(), "127.0.0.1:1", "none", "none")
