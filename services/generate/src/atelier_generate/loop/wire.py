"""What goes between the service and Triton's model `diffusion_loop`.

A request holds one tensor, `order`: the bytes of a NumPy archive (.npz) with the entry `order`, JSON in UTF-8, and the
pictures `ground` and `reference_0` … as uint8 (height, width, 3) in sRGB. Without `wanted` in the JSON nothing is
drawn: such an order asks whether the loop is well.

A response holds some of

- `about`: JSON in UTF-8 as uint8 (n,): what draws the same again. It comes first, when the order's turn has come;
- `step`: int32 (2,): so many of so many steps are done;
- `preview`: uint8 (height, width, 3) in sRGB;
- `candidate`: float32 (height, width, 3), 0..1, sRGB-encoded;

and the last one nothing, or an error. The text of an error of ours carries its `google.rpc.Status`, because Triton has
fewer codes than we have, and no reasons.
"""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from atelier_rpc.errors import from_status, to_status
from atelier_sdk.errors import MessageMalformedError
from google.rpc import status_pb2

from atelier_generate.backend import Sketch
from atelier_generate.brief import Brief
from atelier_generate.diffusion.drawing import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_sdk.errors import AtelierError
    from numpy.typing import NDArray

    from atelier_generate.diffusion.settings import DiffusersSettings

MODEL: Final = "diffusion_loop"
ORDER: Final = "order"
ABOUT: Final = "about"
STEP: Final = "step"
PREVIEW: Final = "preview"
CANDIDATE: Final = "candidate"

_WANTED: Final = "wanted"
_GROUND: Final = "ground"
_REFERENCE: Final = "reference_{}"
_STATUS: Final = re.compile(r"\[atelier ([\w+/=]+)\]")

Terms = dict[str, Any]


def terms(settings: DiffusersSettings) -> Terms:
    """Return what both sides have to agree on: the family, and how far a candidate leaves what it begins from."""
    return {
        "family": settings.family_name,
        "base": settings.base,
        "strength": settings.strength if settings.begins_from_base else None,
    }


def order(agreed: Terms, wanted: Wanted | None = None) -> NDArray[np.uint8]:
    """Write an order as bytes; without a candidate it only asks whether the loop is well."""
    said: dict[str, Any] = {"terms": agreed}
    pictures: dict[str, NDArray[np.uint8]] = {}
    if wanted is not None:
        sketch = wanted.sketch
        said[_WANTED] = {
            "seed": sketch.seed,
            "prompt": sketch.prompt,
            "negative_prompt": sketch.negative_prompt,
            "size": wanted.size,
            "references": len(wanted.references),
            "previews": wanted.previews,
        }
        pictures = {_REFERENCE.format(number): picture for number, picture in enumerate(wanted.references)}
        if wanted.ground is not None:
            pictures[_GROUND] = wanted.ground
    archive = io.BytesIO()
    arrays: dict[str, Any] = {ORDER: from_json(said), **pictures}
    np.savez(archive, **arrays)
    return np.frombuffer(archive.getvalue(), np.uint8)


def read_order(content: NDArray[np.uint8]) -> tuple[Terms, Wanted | None]:
    """Read an order. Raises MessageMalformedError where it is none."""
    try:
        with np.load(io.BytesIO(content.tobytes()), allow_pickle=False) as archive:
            said = to_json(archive[ORDER])
            wanted = said.get(_WANTED)
            return said["terms"], None if wanted is None else _wanted(wanted, archive)
    except (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise MessageMalformedError(f"This is no order for {MODEL}: {type(error).__name__}.") from error


def _wanted(said: Mapping[str, Any], archive: Mapping[str, NDArray[np.uint8]]) -> Wanted:
    width, height = said["size"]
    references = tuple(archive[_REFERENCE.format(number)] for number in range(said["references"]))
    ground = archive.get(_GROUND)
    sketch = Sketch(said["seed"], Brief(), said["prompt"], said["negative_prompt"])
    return Wanted(sketch, (int(width), int(height)), ground, references, bool(said["previews"]))


def from_json(value: object) -> NDArray[np.uint8]:
    """Write a value as JSON, in the bytes of a tensor."""
    return np.frombuffer(json.dumps(value).encode(), np.uint8)


def to_json(content: NDArray[np.uint8]) -> Any:
    """Read a value from the bytes of a tensor. Raises ValueError where they are no JSON."""
    return json.loads(content.tobytes())


def error_text(error: AtelierError) -> str:
    """Return the text by which Triton passes an error on."""
    status = base64.b64encode(to_status(error).SerializeToString()).decode()
    return f"{error.message} [atelier {status}]"


def error_in(text: str) -> AtelierError | None:
    """Return the error that a text of Triton's carries; None where it is Triton's own."""
    found = _STATUS.search(text)
    return from_status(status_pb2.Status.FromString(base64.b64decode(found[1]))) if found else None
