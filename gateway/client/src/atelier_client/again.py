"""Drawing a generated portrait again, from the record that its report and the picture itself hold."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from xml.etree import ElementTree as ET

from atelier.v1 import generate_pb2, image_pb2
from google.protobuf import json_format
from PIL import Image

from atelier_client.errors import PictureError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from atelier_client.report import Report

M = TypeVar("M", generate_pb2.Generation, image_pb2.OutputOptions)

_TAG: Final = "{urn:atelier:record:1/}record"
_TIFF_XMP: Final = 700


@dataclass(frozen=True, slots=True)
class Record:
    """What drew a portrait: `values` as the report's parameters hold them, and the SHA-256 of the file it was."""

    values: Mapping[str, Any]
    sha256: str = ""

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Record:
        """Read the record of a report (JSON) or of a picture (its XMP).

        Errors: PictureError where the file holds none, OSError.
        """
        content = Path(path).read_bytes()
        values, sha256 = _of_report(content) if content.lstrip()[:1] == b"{" else _of_picture(content)
        if not isinstance(values, dict) or not isinstance(values.get("generation"), dict):
            raise PictureError(
                f"{path} holds no record of a generation: it must be a report or a portrait of `atelier generate`"
            )
        return cls(values, sha256)

    @property
    def references(self) -> int:
        """How many portraits showed the person; a record does not hold them."""
        return len(self.values.get("references", ()))

    def generation(self) -> generate_pb2.Generation:
        """Make the message that draws it again. Errors: PictureError for a record of a version unlike this one."""
        return _parsed(self.values["generation"], generate_pb2.Generation())

    def output(self) -> image_pb2.OutputOptions:
        """Make the message that writes it again. Errors: as `generation`."""
        return _parsed(self.values.get("output", {}), image_pb2.OutputOptions())

    def differences(self, report: Report) -> tuple[str, ...]:
        """Say in sentences which versions have changed since, so that the result may be another picture."""
        return tuple(_differences(self.values, report.parameters))


def _of_report(content: bytes) -> tuple[Any, str]:
    try:
        report = json.loads(content)
    except ValueError:
        return None, ""
    return report.get("parameters"), report.get("output", {}).get("sha256", "")


def _of_picture(content: bytes) -> tuple[Any, str]:
    return _of_packet(content), hashlib.sha256(content).hexdigest()


def _of_packet(content: bytes) -> Any:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            packet = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp") or _tiff_packet(picture)
        found = ET.fromstring(packet).find(f".//{_TAG}") if packet else None  # noqa: S314 (expat is bounded)
        return json.loads(found.text or "") if found is not None else None
    except (OSError, ValueError, ET.ParseError):
        return None


def _tiff_packet(picture: Image.Image) -> bytes | None:
    packet = getattr(picture, "tag_v2", {}).get(_TIFF_XMP)
    return packet if isinstance(packet, bytes) else None


def _parsed(values: Mapping[str, Any], into: M) -> M:
    try:
        return json_format.ParseDict(dict(values), into)
    except json_format.ParseError as error:
        raise PictureError(f"the record is of another version: {error}") from error


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if before.get("service_version") != now.get("service_version"):
        yield f"the service is {now.get('service_version')}, it was {before.get('service_version')}"
    if before.get("backend") != now.get("backend"):
        yield f"the backend is {_brief(now.get('backend'))}, it was {_brief(before.get('backend'))}"
    known = {one["name"]: one for one in before.get("models", ())}
    for model in now.get("models", ()):
        old = known.pop(model["name"], None)
        if old != model:
            yield f"{_model(model)} drew, it was {_model(old)}"
    for old in known.values():
        yield f"{_model(old)} took no part"


def _model(model: Mapping[str, str] | None) -> str:
    if model is None:
        return "none of that name"
    return f"{model['name']} {model['version']} ({model['sha256'][:12]}, {model['executor']})"


def _brief(backend: Any) -> str:
    return json.dumps(backend, sort_keys=True)
