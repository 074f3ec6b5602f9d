"""From what was drawn to a candidate: measured, signed, written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from atelier_imaging.encode import encode
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_imaging.transfer import quantised
from atelier_service import wire

from atelier_generate.person import similarity_measure
from atelier_generate.record import record_of, signed
from atelier_generate.safety import finished
from atelier_generate.selection import REALISM, Finished, unknown_realism
from atelier_generate.technical import technical_measures

if TYPE_CHECKING:
    from atelier_imaging.measures import Measure
    from atelier_service.call import Call

    from atelier_generate.backend import Backend, Drawn
    from atelier_generate.commission import Commission
    from atelier_generate.person import Person
    from atelier_generate.watching import Watched


@dataclass(frozen=True, slots=True)
class Finisher:
    """Makes candidates of what one call's backend draws; `version` is the service's."""

    version: str
    commission: Commission
    backend: Backend
    people: tuple[Person, ...]
    references: tuple[Picture, ...]
    models: Watched
    call: Call

    def finish(self, drawn: Drawn) -> Finished:
        """Have a candidate judged, measure it, sign it with its record, encode and store it.

        Raises PolicyRefusedError, PolicyFailedError, and what `encode` and `Call.store` raise.
        """
        call, output = self.call, self.commission.request.output
        sketch = self.commission.sketches[drawn.candidate]
        drawn = finished(drawn, sketch, call)
        picture = Picture.from_array(quantised(drawn.pixels, 16 if output.bit_depth == 16 else 8))
        portrait = Portrait(picture, call.models)
        record = record_of(
            self.version,
            self.commission.request,
            sketch,
            drawn,
            backend=self.backend,
            models=self.models.taken(call),
            references=[picture.source.sha256 for picture in self.references],
        )
        measures = self._measures(portrait)
        with call.stage("measure"):
            tones = {face.index: portrait.ita_degrees(face) for face in portrait.faces}
        with call.stage("encode"):
            encoded = encode(signed(picture, record), wire.encode_options(output))
        return Finished(
            index=drawn.candidate,
            seed=sketch.seed,
            image=call.store(encoded, output),
            info=encoded.info,
            record=record,
            measures=measures,
            faces=portrait.faces,
            tones={index: tone for index, tone in tones.items() if tone is not None},
            notes=drawn.notes,
        )

    def _measures(self, portrait: Portrait) -> tuple[Measure, ...]:
        """Take realism and identity first, then what needs no plugin and nobody to be like, then what was asked for."""
        call, request = self.call, self.commission.request
        realism = (REALISM,) if REALISM in call.plugins.measures else ()
        taken = call.measured(tuple(dict.fromkeys((*realism, *request.output.measures))), portrait)
        critic = tuple(one for one in taken if one.name == REALISM) or (unknown_realism(),)
        with call.stage("identity"):
            likeness = similarity_measure(self.people, portrait, request.identity_floor)
        with call.stage("measure"):
            technical = technical_measures(portrait)
        others = tuple(one for one in taken if one.name != REALISM)
        return (*critic, *((likeness,) if likeness else ()), *technical, *others)
