"""The service on loopback, with networks that are functions and a detector that sees nobody."""

from __future__ import annotations

import io
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest
from atelier.v1 import face_pb2, image_pb2, report_pb2, upscale_pb2, upscale_pb2_grpc
from atelier_imaging.color import ColorSpace
from atelier_imaging.decode import decode
from atelier_imaging.encode import encode
from atelier_imaging.likeness import psnr
from atelier_imaging.picture import Picture
from atelier_rpc.artifacts import ArtifactStore
from atelier_rpc.errors import from_rpc_error
from atelier_service.server import Server
from atelier_upscale.capability import upscale_capability
from atelier_upscale.resample import shrunk
from atelier_upscale.servicer import UpscaleServicer
from google.protobuf import json_format
from PIL import Image, ImageCms

from tests.services.upscale.networks import repeating, sharpening, upscalers
from tests.services.upscale.pictures import astronaut, levels_apart

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from atelier_sdk.errors import AtelierError
    from atelier_service.models.backend import Arrays
    from atelier_service.models.fake import FakeModels
    from numpy.typing import NDArray

    Stub = upscale_pb2_grpc.UpscaleServiceAsyncStub

LIMIT = 64 * 1024 * 1024


@asynccontextmanager
async def serving(folder: Path, models: FakeModels) -> AsyncIterator[Stub]:
    store = ArtifactStore.from_url(folder.as_uri())
    server = Server(upscale_capability(), UpscaleServicer(), backend=models, store=store)
    port = await server.start("127.0.0.1:0")
    await server.ready()
    options = [("grpc.max_receive_message_length", LIMIT)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        yield upscale_pb2_grpc.UpscaleServiceStub(channel)
    await server.drain(1.0)


@pytest.fixture
def models() -> FakeModels:
    return upscalers()


@pytest.fixture
async def service(tmp_path: Path, models: FakeModels) -> AsyncIterator[Stub]:
    async with serving(tmp_path, models) as stub:
        yield stub


def file_of(image: Image.Image, file_format: str = "PNG", **options: object) -> image_pb2.Image:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return image_pb2.Image(content=buffer.getvalue())


def png(pixels: NDArray[np.uint8]) -> image_pb2.Image:
    return file_of(Image.fromarray(pixels))


def opened(image: image_pb2.Image) -> Image.Image:
    return Image.open(io.BytesIO(image.content))


async def answered(
    service: Stub, image: image_pb2.Image, *, seconds: float = 60, **upscaling: object
) -> tuple[list[report_pb2.Progress], upscale_pb2.UpscaleResult]:
    request = upscale_pb2.UpscaleRequest(image=image, upscaling=upscale_pb2.Upscaling(**upscaling))  # type: ignore[arg-type]
    events = [event async for event in service.Upscale(request, timeout=seconds)]
    assert [event.WhichOneof("event") for event in events] == ["progress"] * (len(events) - 1) + ["result"]
    return [event.progress for event in events[:-1]], events[-1].result


async def refusal(service: Stub, image: image_pb2.Image, *, seconds: float = 60, **upscaling: object) -> AtelierError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await answered(service, image, seconds=seconds, **upscaling)
    return from_rpc_error(caught.value)


def verdicts(report: report_pb2.Report) -> dict[str, str]:
    return {each.name: report_pb2.Verdict.Name(each.verdict).removeprefix("VERDICT_") for each in report.measures}


async def test_a_picture_without_a_face_is_enlarged_and_told_so(service: Stub) -> None:
    _, result = await answered(service, png(astronaut(160, 120)), scale=4.0)
    assert opened(result.image).size == (640, 480)
    seen = verdicts(result.report)
    assert (seen["downscaled_psnr"], seen["global_shift"]) == ("PASS", "PASS")
    assert {seen[name] for name in ("texture_ratio", "skin_delta_e", "geometry_drift")} == {"NOT_MEASURABLE"}


async def test_progress_counts_the_tiles_to_the_end(service: Stub) -> None:
    progress, _ = await answered(service, png(astronaut(1100, 300)), scale=2.0)
    tiles = [(each.steps_done, each.steps_total) for each in progress if each.stage == "tile"]
    assert tiles == [(0, 3), (2, 3), (3, 3)]  # two of these narrow tiles go in one batch
    assert progress[-1].stage == "measure"


async def test_the_report_holds_every_effective_parameter(service: Stub) -> None:
    _, result = await answered(service, png(astronaut(100, 50)), target="2K", fidelity=0.5)
    parameters = json_format.MessageToDict(result.report.parameters)
    assert (parameters["width"], parameters["height"]) == (2048, 1024)
    assert (parameters["fidelity"], parameters["denoise"], parameters["grain"]) == (0.5, 0.0, 0.0)
    assert "seed" in parameters
    names = [model.name for model in result.report.models]
    assert {"upscaler_restore_x4", "upscaler_faithful_x4"} <= set(names)


async def test_a_picture_of_the_size_asked_for_is_given_back_unless_forced(service: Stub, models: FakeModels) -> None:
    image = png(astronaut(2048, 64))
    _, result = await answered(service, image, target="2K")
    assert np.array_equal(np.asarray(opened(result.image)), astronaut(2048, 64))
    assert "given back as it is" in result.report.notes[0]
    models.calls.clear()
    _, forced = await answered(service, image, target="2K", force=True)
    assert opened(forced.image).size == (2048, 64)
    assert "upscaler_faithful_x2" in models.calls


async def test_a_target_smaller_than_the_picture_makes_nothing_smaller(service: Stub) -> None:
    _, result = await answered(service, png(astronaut(2500, 40)), target="2K")
    assert opened(result.image).size == (2500, 40)


async def test_a_scale_of_one_and_nothing_else_is_the_picture(service: Stub) -> None:
    _, result = await answered(service, png(astronaut(64, 64)), scale=1.0)
    assert np.array_equal(np.asarray(opened(result.image)), astronaut(64, 64))


async def test_a_result_beyond_the_limits_is_refused_before_any_network_runs(service: Stub, models: FakeModels) -> None:
    models.calls.clear()
    error = await refusal(service, png(np.zeros((2100, 4300, 3), np.uint8)), scale=4.0)
    assert error.reason == "IMAGE_TOO_LARGE"
    assert [violation.field for violation in error.violations] == ["upscaling.size"] * 2
    assert models.calls == []


async def test_an_unknown_size_is_refused_with_those_there_are(service: Stub) -> None:
    error = await refusal(service, png(astronaut(32, 32)), target="9K")
    assert (error.reason, error.metadata["known"]) == ("PRESET_UNKNOWN", "2K, 4K")


@pytest.mark.parametrize(
    ("field", "value"), [("scale", 4.5), ("scale", 0.5), ("fidelity", 1.2), ("denoise", -1.0), ("grain", 2.0)]
)
async def test_a_value_out_of_range_is_refused(service: Stub, field: str, value: float) -> None:
    error = await refusal(service, png(astronaut(32, 32)), **{field: value})
    assert error.reason == "FIELD_OUT_OF_RANGE"
    assert error.violations[0].field == f"upscaling.{field}"


async def test_a_named_face_must_be_there(service: Stub) -> None:
    request = upscale_pb2.UpscaleRequest(image=png(astronaut(64, 64)), face=face_pb2.FaceSelector(index=0))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        [event async for event in service.Upscale(request)]
    assert from_rpc_error(caught.value).reason == "NO_FACE"


async def test_another_upscaler_is_used_by_its_name(service: Stub, models: FakeModels) -> None:
    models.learn("foreign_x4", repeating(4))
    models.calls.clear()
    _, result = await answered(service, png(astronaut(64, 64)), scale=3.0, model="foreign_x4")
    assert opened(result.image).size == (192, 192)
    assert {name for name in models.calls if "x" in name} == {"foreign_x4"}
    assert verdicts(result.report)["downscaled_psnr"] == "PASS"


async def test_an_upscaler_that_is_not_installed_is_refused_with_the_command(service: Stub) -> None:
    error = await refusal(service, png(astronaut(64, 64)), model="real_esrgan_x4")
    assert error.reason == "MODEL_NOT_INSTALLED"
    assert error.metadata["command"] == "atelier models adopt real_esrgan_x4 FILE.onnx --license SPDX"


async def test_grain_is_drawn_alike_from_the_same_seed(service: Stub) -> None:
    noise = np.random.default_rng(7).normal(0, 6, (200, 200, 1))
    ramp = np.linspace(60, 200, 200)[:, None, None]
    image = png(np.asarray(np.clip(ramp + noise, 0, 255).repeat(3, axis=2), np.uint8))
    first, second, third = [
        (await answered(service, image, scale=2.0, denoise=1.0, grain=1.0, seed=seed))[1].image.content
        for seed in (1, 1, 2)
    ]
    assert first == second
    assert first != third


async def test_a_picture_without_grain_says_that_none_was_put_back(service: Stub) -> None:
    _, result = await answered(service, png(np.full((128, 128, 3), 90, np.uint8)), scale=2.0, grain=1.0)
    assert any("No grain was found" in note for note in result.report.notes)


async def test_a_grey_file_stays_grey(service: Stub) -> None:
    grey = Image.fromarray(astronaut(96, 96)).convert("L")
    _, result = await answered(service, file_of(grey), scale=4.0)
    assert (opened(result.image).mode, opened(result.image).size) == ("L", (384, 384))


async def test_a_cmyk_file_is_enlarged_in_srgb(service: Stub) -> None:
    cmyk = Image.fromarray(astronaut(64, 64)).convert("CMYK")
    _, result = await answered(service, file_of(cmyk, "JPEG", quality=95), scale=2.0)
    assert (opened(result.image).mode, opened(result.image).size) == ("RGB", (128, 128))


async def test_alpha_and_sixteen_bits_are_kept(service: Stub) -> None:
    rgba = np.dstack([astronaut(64, 64), np.tile(np.linspace(0, 255, 64, dtype=np.uint8), (64, 1))])
    _, result = await answered(service, png(rgba), scale=2.0)
    larger = np.asarray(opened(result.image))
    assert larger.shape == (128, 128, 4)
    assert (
        levels_apart(larger[::2, ::2, 3][2:-2, 2:-2], rgba[2:-2, 2:-2, 3]) <= 3
    )  # half a pixel of a ramp of 4 a pixel
    deep = Image.fromarray((np.arange(64 * 64).reshape(64, 64) * 16).astype(np.uint16))
    _, result = await answered(service, file_of(deep), scale=2.0)
    assert opened(result.image).mode in ("I;16", "I")
    assert (result.report.output.bit_depth, result.report.output.width) == (16, 128)


async def test_a_wide_gamut_is_kept(service: Stub) -> None:
    vivid = Picture.from_array(astronaut(48, 48), ColorSpace.DISPLAY_P3)
    image = image_pb2.Image(content=encode(vivid).data)
    _, result = await answered(service, image, scale=2.0)
    assert result.report.output.color_profile == "Display P3"
    larger = decode(result.image.content)
    assert larger.space is ColorSpace.DISPLAY_P3
    assert psnr(vivid.pixels, shrunk(larger.pixels, 48, 48)) >= 38


async def test_a_profile_is_embedded_again(service: Stub) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    _, result = await answered(service, file_of(Image.fromarray(astronaut(48, 48)), icc_profile=profile), scale=2.0)
    assert opened(result.image).info["icc_profile"] == profile


@pytest.mark.parametrize("size", [(16, 16), (1, 200), (500, 3)])
async def test_tiny_and_extreme_pictures_are_enlarged(service: Stub, size: tuple[int, int]) -> None:
    _, result = await answered(service, png(astronaut(*size)), scale=4.0)
    assert opened(result.image).size == (size[0] * 4, size[1] * 4)


async def test_a_tiny_picture_becomes_4k_and_says_how(service: Stub) -> None:
    _, result = await answered(service, png(astronaut(16, 8)), target="4K")
    assert opened(result.image).size == (3840, 1920)
    assert "interpolated" in result.report.notes[0]


async def test_heavy_jpeg_blocks_are_smoothed_away_when_asked(service: Stub) -> None:
    image = file_of(Image.fromarray(astronaut(128, 128)), "JPEG", quality=8)
    steps = []
    for denoise in (0.0, 1.0):
        _, result = await answered(service, image, scale=2.0, denoise=denoise)
        grey = np.asarray(opened(result.image).convert("L"), np.float64)
        rise = np.abs(np.diff(grey, axis=1)).mean(axis=0)
        # Every sixteenth column of the enlargement lies on a block's edge.
        steps.append(rise[15::16].mean() - rise[7::16].mean())
    assert steps[1] < 0.7 * steps[0]


async def test_a_deadline_too_short_for_the_tiles_left_is_refused_with_the_figures(
    service: Stub, models: FakeModels
) -> None:
    def slow(inputs: Mapping[str, NDArray[np.float32]]) -> Arrays:
        time.sleep(0.4)
        return sharpening(4)(inputs)

    models.learn("upscaler_faithful_x4", slow)
    await answered(service, png(astronaut(600, 100)), scale=4.0)
    # Twelve tiles of 0.4 seconds.
    error = await refusal(service, png(astronaut(2000, 1500)), seconds=2.0, scale=4.0)
    assert error.reason == "DEADLINE_TOO_SHORT"
    assert float(error.metadata["needed_seconds"]) > 2.0


async def test_a_floor_of_identity_needs_a_face_and_says_so_before_any_work(service: Stub, models: FakeModels) -> None:
    models.calls.clear()
    request = upscale_pb2.UpscaleRequest(image=png(astronaut(64, 64)), identity_floor=0.5)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        [event async for event in service.Upscale(request)]
    assert from_rpc_error(caught.value).reason == "NO_FACE"
    assert not [name for name in models.calls if name.startswith("upscaler")]


def test_a_canary_finds_a_network_that_answers_zeros() -> None:
    models = upscalers()
    models.learn("upscaler_restore_x4", lambda _: {"enlarged": np.zeros((1, 256, 256, 3), np.float32)})
    with pytest.raises(RuntimeError, match="upscaler_restore_x4"):
        UpscaleServicer().canary(_Examined(models))  # type: ignore[arg-type]


class _Examined:
    """What a canary needs of a call."""

    def __init__(self, models: FakeModels) -> None:
        self.models = models
