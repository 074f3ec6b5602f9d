"""The record of a candidate: all that draws it again, in the report and in the picture's own metadata."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from atelier.v1 import generate_pb2, image_pb2
from google.protobuf import json_format

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from atelier_imaging.picture import Picture
    from atelier_service.models.backend import InstalledModel
    from google.protobuf.message import Message

    from atelier_generate.backend import Backend, Drawn, Sketch

NAMESPACE: Final = "urn:atelier:record:1/"
# IPTC's word for a picture that was drawn by a trained model (cv.iptc.org/newscodes/digitalsourcetype).
_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


@dataclass(frozen=True, slots=True)
class Record:
    """What draws one candidate again, byte for byte.

    `generation` asks for it alone, by its own seed, `output` for how it is written. `references` are the SHA-256 of the
    portraits that showed the person; their pixels are not kept. `models` are those that took part in drawing.
    """

    service_version: str
    generation: generate_pb2.Generation
    output: image_pb2.OutputOptions
    sketch: Sketch
    chosen: Mapping[str, object]
    backend: Mapping[str, object]
    models: tuple[InstalledModel, ...]
    references: tuple[str, ...] = ()

    def values(self) -> dict[str, object]:
        """Return it as values of JSON. It depends on nothing but what draws the candidate: no time, no caller."""
        return {
            "service_version": self.service_version,
            "generation": _json(self.generation),
            "output": _json(self.output),
            "prompt": self.sketch.prompt,
            "negative_prompt": self.sketch.negative_prompt,
            "brief": _plain(dataclasses.asdict(self.sketch.brief)),
            "chosen": dict(self.chosen),
            "backend": dict(self.backend),
            "models": [
                {"name": one.name, "version": one.version, "sha256": one.sha256, "executor": one.executor}
                for one in self.models
            ],
            "references": list(self.references),
        }


def record_of(
    version: str,
    request: generate_pb2.GenerateRequest,
    sketch: Sketch,
    drawn: Drawn,
    *,
    backend: Backend,
    models: Sequence[InstalledModel],
    references: Sequence[str] = (),
) -> Record:
    """Write down what drew a candidate; `request` is with its defaults resolved."""
    alone, output = generate_pb2.Generation(), image_pb2.OutputOptions()
    alone.CopyFrom(request.generation)
    alone.candidates, alone.seed = 1, sketch.seed
    del alone.references[:]
    output.CopyFrom(request.output)
    for changes_nothing in ("as_artifact", "measures"):
        output.ClearField(changes_nothing)
    made_by = {"name": backend.name, **backend.made_of}
    return Record(version, alone, output, sketch, drawn.chosen, made_by, tuple(models), tuple(references))


def signed(picture: Picture, record: Record) -> Picture:
    """Return a picture whose metadata say that it was drawn, by what, and how it is drawn again.

    The XMP packet (ISO 16684-1) holds the record as JSON.
    """
    text = escape(json.dumps(record.values(), sort_keys=True, ensure_ascii=False))
    tool = quoteattr(f"Atelier {record.service_version}, {record.backend['name']}")
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        f' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:atelier="{NAMESPACE}"'
        f" xmp:CreatorTool={tool} Iptc4xmpExt:DigitalSourceType={quoteattr(_SOURCE_TYPE)}>"
        f"<atelier:record>{text}</atelier:record></rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="r"?>'
    )
    return dataclasses.replace(picture, source=dataclasses.replace(picture.source, xmp=packet.encode()))


def _json(message: Message) -> dict[str, object]:
    return dict(json_format.MessageToDict(message, preserving_proto_field_name=True))


def _plain(values: dict[str, object]) -> dict[str, object]:
    """Leave out what was left open, so that a record holds what was decided."""
    kept = {name: _plain(value) if isinstance(value, dict) else value for name, value in values.items()}
    return {name: value for name, value in kept.items() if value is not None and value != {}}
