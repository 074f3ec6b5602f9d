"""A toy gateway: style, catalogue and artifacts in one process, which records what it is asked."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import grpc
from atelier.v1 import (
    artifact_pb2,
    artifact_pb2_grpc,
    catalog_pb2,
    catalog_pb2_grpc,
    face_pb2,
    image_pb2,
    report_pb2,
    style_pb2,
    style_pb2_grpc,
)
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from PIL import Image, ImageOps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIB = 1024 * 1024


@contextmanager
def serving(*added: Callable[[grpc.Server], None]) -> Iterator[str]:
    """Serve what adds itself to a server, and give the address."""
    with ThreadPoolExecutor(4) as workers:
        server = grpc.server(workers, options=[("grpc.max_receive_message_length", 20 * MIB)])
        for add in added:
            add(server)
        address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        yield address
        server.stop(None).wait()


class Refusal(Exception):  # noqa: N818 - it is what the toy says, not what went wrong
    """What the toy answers instead of a result: a code, and details as the gateway makes them."""

    def __init__(self, code: grpc.StatusCode, reason: str, **more: object) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.more = more

    def status(self) -> status_pb2.Status:
        details: list[any_pb2.Any] = []
        metadata = {"asked": "for it"}
        info = error_details_pb2.ErrorInfo(domain="atelier", reason=self.reason, metadata=metadata)
        for detail in (info, self._fields(), self._retry()):
            if detail is not None:
                details.append(any_pb2.Any())
                details[-1].Pack(detail)
        return status_pb2.Status(code=self.code.value[0], message=f"the toy says {self.reason}", details=details)

    def _fields(self) -> error_details_pb2.BadRequest | None:
        fields = self.more.get("fields")
        if not isinstance(fields, dict):
            return None
        violation = error_details_pb2.BadRequest.FieldViolation
        return error_details_pb2.BadRequest(
            field_violations=[violation(field=name, description=text) for name, text in fields.items()]
        )

    def _retry(self) -> error_details_pb2.RetryInfo | None:
        seconds = self.more.get("retry_after")
        if not isinstance(seconds, float):
            return None
        delay = duration_pb2.Duration()
        delay.FromNanoseconds(int(seconds * 1e9))
        return error_details_pb2.RetryInfo(retry_delay=delay)


class ToyGateway(
    style_pb2_grpc.StyleServiceServicer,
    catalog_pb2_grpc.CatalogServiceServicer,
    artifact_pb2_grpc.ArtifactServiceServicer,
):
    """Turns every picture into its negative. `refusals` are answered first, one a call."""

    def __init__(self) -> None:
        self.requests: list[style_pb2.ApplyRequest] = []
        self.headers: list[dict[str, str | bytes]] = []
        self.remaining_seconds: list[float] = []
        self.refusals: list[Refusal] = []
        self.refused_names: dict[str, Refusal] = {}
        self.stored: dict[str, bytes] = {}
        self.chunks: list[int] = []
        self.answers_artifacts = False
        self._server = grpc.server(
            ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", 32 * MIB), ("grpc.so_reuseport", 0)]
        )
        style_pb2_grpc.add_StyleServiceServicer_to_server(self, self._server)
        catalog_pb2_grpc.add_CatalogServiceServicer_to_server(self, self._server)
        artifact_pb2_grpc.add_ArtifactServiceServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()

    def Apply(self, request: style_pb2.ApplyRequest, context: grpc.ServicerContext) -> style_pb2.ApplyResponse:  # noqa: N802
        self.requests.append(request)
        self._admit(context)
        image, report = self._negative(request.image, request.request_id, context)
        return style_pb2.ApplyResponse(image=image, report=report, lut=b"LUT" if request.grade.export_lut else b"")

    def Grade(self, request: style_pb2.GradeRequest, context: grpc.ServicerContext) -> style_pb2.GradeResponse:  # noqa: N802
        self._admit(context)
        image, report = self._negative(request.image, request.request_id, context)
        report.parameters["preset"] = request.grade.preset
        return style_pb2.GradeResponse(image=image, report=report, lut=request.grade.lut)

    def Grain(self, request: style_pb2.GrainRequest, context: grpc.ServicerContext) -> style_pb2.GrainResponse:  # noqa: N802
        image, report = self._negative(request.image, request.request_id, context)
        report.parameters["seed"] = request.grain.seed
        return style_pb2.GrainResponse(image=image, report=report)

    def SkinTone(self, request: style_pb2.SkinToneRequest, context: grpc.ServicerContext) -> style_pb2.SkinToneResponse:  # noqa: N802
        image, report = self._negative(request.image, request.request_id, context)
        report.parameters["warmth"] = request.skin_tone.warmth
        return style_pb2.SkinToneResponse(image=image, report=report)

    def ListCapabilities(  # noqa: N802
        self, request: catalog_pb2.ListCapabilitiesRequest, context: grpc.ServicerContext
    ) -> catalog_pb2.ListCapabilitiesResponse:
        del request, context
        return catalog_pb2.ListCapabilitiesResponse(capabilities=[CAPABILITY])

    def ListPlugins(  # noqa: N802
        self, request: catalog_pb2.ListPluginsRequest, context: grpc.ServicerContext
    ) -> catalog_pb2.ListPluginsResponse:
        del request, context
        return catalog_pb2.ListPluginsResponse()

    def GetCapability(  # noqa: N802
        self, request: catalog_pb2.GetCapabilityRequest, context: grpc.ServicerContext
    ) -> catalog_pb2.GetCapabilityResponse:
        if request.name != "style":
            abort(context, Refusal(grpc.StatusCode.UNIMPLEMENTED, "CAPABILITY_UNKNOWN"))
        return catalog_pb2.GetCapabilityResponse(capability=CAPABILITY)

    def Put(  # noqa: N802
        self, request_iterator: Iterator[artifact_pb2.PutRequest], context: grpc.ServicerContext
    ) -> artifact_pb2.PutResponse:
        pieces = list(request_iterator)
        self._admit(context)
        self.chunks = [len(piece.chunk) for piece in pieces]
        content = b"".join(piece.chunk for piece in pieces)
        digest = hashlib.sha256(content).hexdigest()
        assert digest == pieces[0].header.sha256
        self.stored[f"sha256:{digest}"] = content
        return artifact_pb2.PutResponse(
            artifact=artifact_pb2.Artifact(
                id=f"sha256:{digest}", media_type=pieces[0].header.media_type, size_bytes=len(content)
            )
        )

    def Get(  # noqa: N802
        self, request: artifact_pb2.GetRequest, context: grpc.ServicerContext
    ) -> Iterator[artifact_pb2.GetResponse]:
        content = self._stored(request.id, context)
        for start in range(0, len(content), MIB):
            yield artifact_pb2.GetResponse(chunk=content[start : start + MIB])

    def Stat(self, request: artifact_pb2.StatRequest, context: grpc.ServicerContext) -> artifact_pb2.StatResponse:  # noqa: N802
        size = len(self._stored(request.id, context))
        return artifact_pb2.StatResponse(artifact=artifact_pb2.Artifact(id=request.id, size_bytes=size))

    def Delete(  # noqa: N802
        self, request: artifact_pb2.DeleteRequest, context: grpc.ServicerContext
    ) -> artifact_pb2.DeleteResponse:
        del context
        self.stored.pop(request.id, None)
        return artifact_pb2.DeleteResponse()

    def _admit(self, context: grpc.ServicerContext) -> None:
        self.headers.append({str(key): value for key, value in context.invocation_metadata()})
        self.remaining_seconds.append(context.time_remaining())
        if self.refusals:
            abort(context, self.refusals.pop(0))

    def _stored(self, identifier: str, context: grpc.ServicerContext) -> bytes:
        if identifier not in self.stored:
            abort(context, Refusal(grpc.StatusCode.NOT_FOUND, "ARTIFACT_EXPIRED"))
        return self.stored[identifier]

    def _negative(
        self, image: image_pb2.Image, request_id: str, context: grpc.ServicerContext
    ) -> tuple[image_pb2.Image, report_pb2.Report]:
        content = self._stored(image.artifact, context) if image.artifact else image.content
        if content.startswith(b"refuse me: "):
            abort(context, Refusal(grpc.StatusCode.INVALID_ARGUMENT, content.removeprefix(b"refuse me: ").decode()))
        source = Image.open(io.BytesIO(content))
        to = io.BytesIO()
        ImageOps.invert(source.convert("RGB")).save(to, source.format or "PNG")
        result = image_pb2.Image(content=to.getvalue())
        if self.answers_artifacts:
            identifier = f"sha256:{hashlib.sha256(to.getvalue()).hexdigest()}"
            self.stored[identifier] = to.getvalue()
            result = image_pb2.Image(artifact=identifier)
        return result, report_of(source, request_id)


def abort(context: grpc.ServicerContext, refusal: Refusal) -> None:
    status = refusal.status()
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(refusal.code, status.message)


def report_of(source: Image.Image, request_id: str) -> report_pb2.Report:
    info = image_pb2.ImageInfo(width=source.width, height=source.height, format="png", size_bytes=1000)
    box = face_pb2.Box(left=source.width * 0.3, top=source.height * 0.2, width=source.width * 0.4, height=30)
    return report_pb2.Report(
        request_id=request_id,
        operation="style.apply",
        input=info,
        output=info,
        faces=[face_pb2.Face(index=0, selected=True, box=box)],
        measures=[
            report_pb2.Measure(
                name="texture_ratio",
                value=0.97,
                unit="ratio",
                threshold=report_pb2.Threshold(minimum=0.9),
                verdict=report_pb2.VERDICT_PASS,
                region=face_pb2.REGION_SKIN,
            ),
            report_pb2.Measure(
                name="seam", verdict=report_pb2.VERDICT_NOT_MEASURABLE, explanation="There is no mask, hence no seam."
            ),
        ],
        models=[report_pb2.ModelUse(name="face_mesh", version="1", executor="toy")],
        timings=[
            report_pb2.StageTiming(stage="decode", milliseconds=2),
            report_pb2.StageTiming(stage="decode", milliseconds=3),
        ],
        notes=["The picture has no profile; sRGB is taken for granted."],
    )


CAPABILITY = catalog_pb2.Capability(
    name="style",
    service="atelier.v1.StyleService",
    description="Colour grade, film grain and skin tone.",
    version="0.1.0",
    health=catalog_pb2.HEALTH_READY,
    limits=catalog_pb2.Limits(
        max_pixels=64_000_000, max_concurrency=2, max_queue=16, default_deadline=duration_pb2.Duration(seconds=60)
    ),
    models=[catalog_pb2.Model(name="face_mesh", version="1", license="Apache-2.0")],
    presets=[
        catalog_pb2.Preset(kind="grade", name="kodachrome", description="Deep reds, dense blues."),
        catalog_pb2.Preset(kind="grade", name="bleach-bypass", description="Silver left in."),
        catalog_pb2.Preset(kind="stock", name="tri-x-400", description="Coarse, classic."),
    ],
)
