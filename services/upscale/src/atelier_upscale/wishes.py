"""From messages to what is asked for: the one place where upscale's requests are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_sdk.errors import FieldViolation, PresetUnknownError

from atelier_upscale.plan import Ask
from atelier_upscale.size import TARGETS, SizeAsk

if TYPE_CHECKING:
    from atelier.v1 import upscale_pb2
    from atelier_service.call import Call


def ask_of(upscaling: upscale_pb2.Upscaling, call: Call) -> Ask:
    """Read what is asked for; a missing seed is drawn from the call's identifier.

    Raises PresetUnknownError.
    """
    size = upscaling.WhichOneof("size")
    target = upscaling.target if size == "target" else None
    if target is not None and target not in TARGETS:
        raise _unknown(target)
    return Ask(
        size=SizeAsk(target, upscaling.scale if size == "scale" else None, upscaling.force),
        fidelity=upscaling.fidelity if upscaling.HasField("fidelity") else 1.0,
        denoise=upscaling.denoise if upscaling.HasField("denoise") else 0.0,
        grain=upscaling.grain if upscaling.HasField("grain") else 0.0,
        seed=upscaling.seed if upscaling.HasField("seed") else call.drawn_seed(),
        model=upscaling.model or None,
    )


def _unknown(target: str) -> PresetUnknownError:
    known = ", ".join(TARGETS)
    return PresetUnknownError(
        f"There is no size {target!r}; there are {known}.",
        metadata={"kind": "size", "name": target, "known": known},
        violations=(FieldViolation("upscaling.target", f"is one of {known}"),),
    )
