"""A person whose identity profile the identity service keeps: it compares, and never gives the profile away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import cv2
import grpc
import numpy as np
from atelier.v1 import identity_pb2, identity_pb2_grpc, image_pb2
from atelier_imaging.encode import EncodeOptions, encode
from atelier_imaging.formats import ImageFormat
from atelier_imaging.picture import Picture
from atelier_rpc.errors import from_rpc_error
from atelier_rpc.interceptors import REQUEST_ID_KEY, TENANT_KEY
from atelier_sdk.errors import FailedPreconditionError, HostUnsuitableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait
    from atelier_service.call import Call
    from google.protobuf.message import Message

    Answer = TypeVar("Answer", bound=Message)

# A face is compared at a small size; larger pictures are sent reduced to this long edge.
_SENT_PIXELS: Final = 1024
_INCOMPARABLE: Final = frozenset({"NO_FACE", "FACE_TOO_SMALL", "POSE_TOO_EXTREME"})


@dataclass(frozen=True, slots=True)
class Profiled:
    """A person by the identifier of a profile; the service at `address` compares in the name of the call's tenant."""

    profile: str
    address: str
    call: Call

    @classmethod
    def of(cls, profile: str, address: str, call: Call) -> Profiled:
        """Refuse a profile that is not there before anything is drawn.

        Raises ProfileUnknownError, and HostUnsuitableError where no identity service is configured or answers.
        """
        if not address:
            raise HostUnsuitableError(
                "Profiles need the identity service, and ATELIER_IDENTITY_ADDRESS names none; give references instead.",
                metadata={"variable": "ATELIER_IDENTITY_ADDRESS"},
            )
        person = cls(profile, address, call)
        request = identity_pb2.GetProfileRequest(id=profile)
        with call.stage("identity"):
            person._ask(lambda stub, **how: stub.GetProfile(request, **how))
        return person

    def similarity(self, candidate: Portrait, face: Face) -> float | None:  # noqa: ARG002 (found there anew)
        """Have a candidate verified against the profile."""
        portrait = identity_pb2.Portrait(image=image_pb2.Image(content=_reduced(candidate.picture)))
        request = identity_pb2.VerifyRequest(profile=self.profile, portrait=portrait)
        try:
            answer = self._ask(lambda stub, **how: stub.Verify(request, **how))
        except FailedPreconditionError as error:
            if error.reason in _INCOMPARABLE:
                return None
            raise
        return answer.likeness.similarity if answer.likeness.HasField("similarity") else None

    def _ask(self, rpc: Callable[..., Answer]) -> Answer:
        call = self.call
        call.check()
        headers = ((TENANT_KEY, call.identity.tenant), (REQUEST_ID_KEY, call.request_id))
        with grpc.insecure_channel(self.address) as channel:
            stub = identity_pb2_grpc.IdentityServiceStub(channel)
            try:
                return rpc(stub, timeout=max(0.0, call.remaining_seconds()), metadata=headers)
            except grpc.RpcError as error:
                # The blocking client's error has the same methods; grpc's types do not say so.
                raise from_rpc_error(cast("grpc.aio.AioRpcError", error)) from error


def _reduced(picture: Picture) -> bytes:
    """Return a picture as a PNG whose long edge is at most 1024 pixels."""
    scale = min(1.0, _SENT_PIXELS / max(picture.width, picture.height))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = np.asarray(cv2.resize(picture.pixels, size, interpolation=cv2.INTER_AREA), picture.pixels.dtype)
    sent = Picture.from_array(small, picture.space)
    return encode(sent, EncodeOptions(format=ImageFormat.PNG, bit_depth=8)).data
