"""HEIF in: pictures coded with HEVC, as telephones write them.

The libvips that comes from the registry reads a HEIF's header but has no HEVC decoder, for the sake of its licence;
pillow-heif brings one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pillow_heif
from atelier_sdk.errors import ImageUndecodableError

if TYPE_CHECKING:
    from atelier_imaging.vips import Pixels


def heif_pixels(encoded: bytes) -> Pixels:
    """Decode the main picture of a HEIF file: (height, width, 3 or 4), upright, uint8, or uint16 above 8 bits.

    Raises ImageUndecodableError.
    """
    try:
        main = pillow_heif.open_heif(encoded, convert_hdr_to_8bit=False)
        pixels = np.asarray(main)
    except (ValueError, OSError, RuntimeError, EOFError, SyntaxError) as error:
        raise ImageUndecodableError("This heif file cannot be decoded.", metadata={"format": "heif"}) from error
    return np.ascontiguousarray(pixels)
