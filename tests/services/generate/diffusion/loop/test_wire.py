"""Orders and errors, there and back."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from atelier_generate.diffusion.drawing import Wanted
from atelier_generate.diffusion.settings import DiffusersSettings
from atelier_generate.loop import wire
from atelier_sdk.errors import DeviceMemoryError, MessageMalformedError

from tests.services.generate.diffusion.conftest import sketch

TERMS = wire.terms(DiffusersSettings(family_name="flux1-schnell", base="atelier-base", strength=0.4))


def picture(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (12, 8 + seed, 3), np.uint8)


def test_an_order_arrives_as_it_was_sent() -> None:
    wanted = Wanted(
        sketch(2**64 - 1, "Zoë, 85 mm", "waxy"), (96, 64), picture(1), (picture(2), picture(3)), previews=True
    )
    terms, read = wire.read_order(wire.order(TERMS, wanted))
    assert terms == TERMS == {"family": "flux1-schnell", "base": "atelier-base", "strength": 0.4}
    assert read is not None
    assert (read.size, read.previews) == ((96, 64), True)
    assert (read.sketch.seed, read.sketch.prompt, read.sketch.negative_prompt) == (2**64 - 1, "Zoë, 85 mm", "waxy")
    assert read.ground is not None
    assert np.array_equal(read.ground, picture(1))
    assert all(np.array_equal(mine, theirs) for mine, theirs in zip(read.references, wanted.references, strict=True))


def test_an_order_for_nothing_is_a_question() -> None:
    assert wire.read_order(wire.order(TERMS)) == (TERMS, None)


def test_a_strength_that_is_not_used_needs_no_agreement() -> None:
    one, other = (wire.terms(DiffusersSettings(strength=strength)) for strength in (0.3, 0.9))
    assert one == other


def test_an_order_that_is_cut_off_is_none() -> None:
    whole = wire.order(TERMS, Wanted(sketch(), (64, 64)))
    for end in (0, 1, len(whole) // 2, len(whole) - 1):
        with pytest.raises(MessageMalformedError):
            wire.read_order(whole[:end])


def test_an_order_holds_no_code() -> None:
    content = np.frombuffer(b"\x80\x04N.", np.uint8)  # a pickle
    with pytest.raises(MessageMalformedError):
        wire.read_order(content)


def test_an_error_keeps_its_class_and_what_it_says() -> None:
    error = DeviceMemoryError("Too little [memory].", metadata={"device": "cuda:0"}, retry_after_seconds=2.0)
    read = wire.error_in(f"in ensemble: {wire.error_text(error)}")
    assert type(read) is DeviceMemoryError
    assert (read.message, read.metadata, read.retry_after_seconds) == (error.message, error.metadata, 2.0)
    assert wire.error_in("Stub process 'x' is not healthy.") is None


def test_the_service_draws_in_triton_without_pytorch() -> None:
    command = "import sys, atelier_generate.loop; print(sorted({'torch', 'diffusers'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", command], capture_output=True, check=True).stdout == b"[]\n"
