"""A capability that keeps the contract, or breaks one rule of it: the preset says which."""

# A toy has the signatures of a real servicer and uses little of them.
# ruff: noqa: ARG002

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
from atelier.v1 import style_pb2
from atelier_imaging.decode import decode
from atelier_imaging.encode import encode
from atelier_imaging.measures import outside_mask_difference
from atelier_rpc.descriptors import descriptor_set
from atelier_sdk import Capability, Limits
from atelier_sdk.errors import AtelierError, ModelNotInstalledError, NoFaceError
from atelier_service import Servicer, serve, wire

if TYPE_CHECKING:
    from atelier_imaging.picture import Picture
    from atelier_service.call import Call
    from numpy.typing import NDArray

BURN_SECONDS = 0.35
SMALL = 3 * 300 * 300
"""Values of a picture, the kit's portrait among them, that is done in no time."""


def capability() -> Capability:
    return Capability(
        name="toy",
        service="atelier.v1.StyleService",
        description="A toy.",
        descriptors=descriptor_set("atelier.v1.StyleService"),
        command=(sys.executable, "-m", "tests.plugins.sdk.testing.toy"),
        limits=Limits(max_pixels=4_000_000),
    )


class Toy(Servicer):
    """Fades to grey, and has faults."""

    def grade(self, request: style_pb2.GradeRequest, call: Call) -> style_pb2.GradeResponse:
        fault, strength = request.grade.preset, request.grade.strength if request.grade.HasField("strength") else 1.0
        if fault == "lacks a model":
            raise ModelNotInstalledError(
                "The model iris is not installed. Install it with: atelier models convert iris"
            )
        if fault == "trips":
            raise RuntimeError("over its own feet")
        picture = self._decoded(request, call, fault)
        with call.stage("operate"):
            result = picture.with_pixels(self._pixels(picture, strength, fault, call))
        with call.stage("encode"):
            written = encode(result, wire.encode_options(request.output))
        everywhere = np.ones(picture.pixels.shape[:2], np.float32)
        report = call.report(
            parameters={"strength": strength},
            source=picture.source_info,
            output=written.info,
            measures=[outside_mask_difference(picture.pixels, result.pixels, everywhere)],
        )
        if fault == "lies about the picture":
            report.output.sha256 = "0" * 64
        if fault == "measures without a word":
            report.measures[0].explanation = ""
        return style_pb2.GradeResponse(image=call.store(written, request.output), report=report)

    def _decoded(self, request: style_pb2.GradeRequest, call: Call, fault: str) -> Picture:
        try:
            encoded = call.load(request.image)
            return decode(encoded) if fault == "takes more than it says" else call.decode(encoded)
        except AtelierError:
            if fault == "has one reason for all":
                raise NoFaceError("Something was wrong.") from None
            raise

    def _pixels(self, picture: Picture, strength: float, fault: str, call: Call) -> NDArray[np.uint8]:
        source = np.asarray(picture.pixels, np.int16)
        if fault == "has a dead control" and 0.3 < strength < 0.7:
            strength = 0.5
        result = source + np.rint(0.5 * strength * (128 - source)).astype(np.int16)
        if fault == "tints":
            result[..., 2] ^= 1
        if fault == "moves":
            result = np.roll(result, 2, axis=1)
        if fault == "rolls dice":
            result[0, 0] = np.frombuffer(os.urandom(3), np.uint8)
        if source.size > SMALL:
            _burn(call, stubborn=fault == "is stubborn")
        return np.asarray(np.clip(result, 0, 255), np.uint8)

    def grain(self, request: style_pb2.GrainRequest, call: Call) -> style_pb2.GrainResponse:
        return style_pb2.GrainResponse()

    def skin_tone(self, request: style_pb2.SkinToneRequest, call: Call) -> style_pb2.SkinToneResponse:
        return style_pb2.SkinToneResponse()

    def apply(self, request: style_pb2.ApplyRequest, call: Call) -> style_pb2.ApplyResponse:
        return style_pb2.ApplyResponse()

    def canary(self, call: Call) -> None:
        """Find nothing wrong."""


def _burn(call: Call, *, stubborn: bool) -> None:
    """Use the processor for a while, asking whether the call is wanted, or not."""
    ends = time.thread_time() + BURN_SECONDS
    while time.thread_time() < ends:
        sum(range(1000))
        if not stubborn:
            call.check()


if __name__ == "__main__":
    serve(capability(), Toy)
