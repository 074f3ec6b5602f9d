"""A portrait enlarged by the running stack: its own networks behind Triton, progress, cancellation, refusals."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest
from atelier.v1 import catalog_pb2, catalog_pb2_grpc, image_pb2, report_pb2, upscale_pb2, upscale_pb2_grpc
from atelier_client import Atelier, Progress, Verdict
from atelier_imaging.likeness import psnr
from PIL import Image

from tests.stack.calls import Refusal, encoded, pixels_of, png

if TYPE_CHECKING:
    from atelier_local.stack import Stack
    from numpy.typing import NDArray

OWN = {f"upscaler_{purpose}_x{factor}" for purpose in ("faithful", "restore") for factor in (2, 4)}


@pytest.fixture(scope="module")
def upscaler(channel: grpc.Channel) -> upscale_pb2_grpc.UpscaleServiceStub:
    return upscale_pb2_grpc.UpscaleServiceStub(channel)


def bicubic(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC), np.uint8)


def answered(
    upscaler: upscale_pb2_grpc.UpscaleServiceStub, image: image_pb2.Image, **upscaling: object
) -> upscale_pb2.UpscaleResult:
    request = upscale_pb2.UpscaleRequest(image=image, upscaling=upscale_pb2.Upscaling(**upscaling))  # type: ignore[arg-type]
    *_, last = upscaler.Upscale(request, timeout=300)
    return last.result


def test_a_portrait_is_nearer_the_true_one_than_interpolation(
    upscaler: upscale_pb2_grpc.UpscaleServiceStub, astronaut: NDArray[np.uint8]
) -> None:
    small = bicubic(astronaut, 128)
    result = answered(upscaler, png(small), scale=4.0)
    # The astronaut is no portrait of the training's, and no network's whim: an eighth of the error is gone.
    assert psnr(astronaut, pixels_of(result.image)) > psnr(astronaut, bicubic(small, 512)) + 1.0
    assert {model.name for model in result.report.models} >= {"upscaler_faithful_x4"}
    assert {model.executor.partition("/")[0] for model in result.report.models} == {"triton"}


def test_made_small_again_the_result_is_the_picture(
    upscaler: upscale_pb2_grpc.UpscaleServiceStub, astronaut: NDArray[np.uint8]
) -> None:
    small = bicubic(astronaut, 256)
    result = answered(upscaler, png(small), scale=4.0)
    assert psnr(small, bicubic(pixels_of(result.image), 256)) >= 38
    verdicts = {each.name: each.verdict for each in result.report.measures}
    for name in ("downscaled_psnr", "global_shift", "skin_delta_e", "overshoot"):
        assert verdicts[name] == report_pb2.VERDICT_PASS, name


def test_a_small_portrait_becomes_4k_and_is_told_tile_by_tile(stack: Stack, astronaut: NDArray[np.uint8]) -> None:
    told: list[Progress] = []
    with Atelier(stack.address, deadline_seconds=300) as studio:
        result = studio.upscale(encoded(astronaut), target="4K", on_progress=told.append)
    assert result.to_pil().size == (3840, 3840)
    measured = {each.name: each for each in result.report.measures}
    assert measured["geometry_drift"].verdict is measured["identity_similarity"].verdict is Verdict.PASS
    assert (measured["texture_ratio"].value or 0) > 1.0
    tiles = [each for each in told if each.stage == "tile"]
    assert [each.steps_done for each in tiles] == sorted({each.steps_done for each in tiles})
    assert tiles[-1].steps_done == tiles[-1].steps_total


def test_a_cancelled_call_stops_between_tiles_and_leaves_its_place(
    stack: Stack, upscaler: upscale_pb2_grpc.UpscaleServiceStub, channel: grpc.Channel
) -> None:
    # Six by six tiles of the larger network: far more than is drawn before the call is given up.
    noise = np.random.default_rng(1).integers(0, 255, (300, 2900, 3), dtype=np.uint8)
    request = upscale_pb2.UpscaleRequest(
        image=image_pb2.Image(content=encoded(noise, "JPEG", quality=70)), upscaling=upscale_pb2.Upscaling(scale=4.0)
    )
    call = upscaler.Upscale(request, timeout=300)
    for event in call:
        if event.progress.steps_done:
            break
    assert event.progress.steps_done < event.progress.steps_total
    call.cancel()
    catalogue = catalog_pb2_grpc.CatalogServiceStub(channel)
    # Ready, not busy: the worker has stopped. It would take much longer to draw what was left.
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = catalogue.ListCapabilities(catalog_pb2.ListCapabilitiesRequest(), timeout=10).capabilities
        if {each.name: each.health for each in found}["upscale"] == catalog_pb2.HEALTH_READY:
            break
        time.sleep(0.1)
    else:
        pytest.fail("the cancelled call still holds its place")


def test_a_deadline_too_short_for_the_tiles_is_refused_at_once(
    upscaler: upscale_pb2_grpc.UpscaleServiceStub, astronaut: NDArray[np.uint8]
) -> None:
    answered(upscaler, png(bicubic(astronaut, 300)), scale=4.0)
    request = upscale_pb2.UpscaleRequest(image=png(astronaut), upscaling=upscale_pb2.Upscaling(target="4K"))
    with pytest.raises(grpc.RpcError) as caught:
        list(upscaler.Upscale(request, timeout=0.8))
    assert Refusal(caught.value).reason == "DEADLINE_TOO_SHORT"


def test_a_result_beyond_the_limits_is_refused(upscaler: upscale_pb2_grpc.UpscaleServiceStub) -> None:
    request = upscale_pb2.UpscaleRequest(
        image=png(np.zeros((2200, 4200, 3), np.uint8)), upscaling=upscale_pb2.Upscaling(scale=4.0)
    )
    with pytest.raises(grpc.RpcError) as caught:
        list(upscaler.Upscale(request, timeout=60))
    refusal = Refusal(caught.value)
    assert (refusal.reason, refusal.fields) == ("IMAGE_TOO_LARGE", ["upscaling.size"] * 2)


def test_sixteen_bits_go_through_triton_and_back(upscaler: upscale_pb2_grpc.UpscaleServiceStub) -> None:
    ramp = np.tile(np.linspace(20_000, 20_400, 128, dtype=np.uint16), (64, 1))
    buffer = io.BytesIO()
    Image.fromarray(ramp).save(buffer, "PNG")
    result = answered(upscaler, image_pb2.Image(content=buffer.getvalue()), scale=4.0)
    larger = np.asarray(Image.open(io.BytesIO(result.image.content)))
    # Two levels of 8 bits hold the whole ramp. What a network computes in bfloat16 is small beside the picture.
    assert larger.shape == (256, 512)
    assert len(np.unique(larger[128])) > 200
    assert np.abs(larger[128, 8:-8].astype(float) - np.linspace(20_000, 20_400, 512)[8:-8]).max() < 100


def test_the_catalogue_lists_sizes_and_networks(channel: grpc.Channel) -> None:
    catalogue = catalog_pb2_grpc.CatalogServiceStub(channel)
    found = catalogue.ListCapabilities(catalog_pb2.ListCapabilitiesRequest(), timeout=10).capabilities
    (upscale,) = [each for each in found if each.name == "upscale"]
    assert [preset.name for preset in upscale.presets] == ["2K", "4K"]
    assert {model.name for model in upscale.models} >= OWN
