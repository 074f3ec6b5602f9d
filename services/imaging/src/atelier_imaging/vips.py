"""libvips, set up for a server: quiet, without a cache, one thread a call.

libvips keeps the last operations and their pixels in a cache, and starts a thread per core for each picture. Both help
a desktop program; here every picture is new, and calls run side by side in worker threads of their own.
"""

from __future__ import annotations

import logging
from functools import cache

import numpy as np
import pyvips
from numpy.typing import NDArray

Pixels = NDArray[np.uint8 | np.uint16]
"""Display-encoded numbers of a picture: uint8 or uint16."""


@cache
def configure_vips() -> None:
    """Set libvips up for a server, once a process; every function here that calls libvips calls this first."""
    pyvips.cache_set_max(0)
    pyvips.concurrency_set(1)
    pyvips.block_untrusted_set(True)
    # What matters of its messages comes back as an exception; the rest may quote a file.
    logging.getLogger("pyvips").setLevel(logging.CRITICAL)


def from_array(pixels: Pixels, interpretation: str) -> pyvips.Image:
    """Wrap an array (height, width, bands) as a libvips image without a copy; the image keeps the array alive."""
    configure_vips()
    height, width, bands = pixels.shape
    formats = {np.dtype(np.uint8): "uchar", np.dtype(np.uint16): "ushort"}
    contiguous = np.ascontiguousarray(pixels)
    image = pyvips.Image.new_from_memory(contiguous.data, width, height, bands, formats[contiguous.dtype])
    return image.copy(interpretation=interpretation)


def to_array(image: pyvips.Image) -> Pixels:
    """Run a libvips pipeline and return its pixels (height, width, bands), uint8 or uint16.

    Raises pyvips.Error where the file behind the pipeline does not decode.
    """
    pixels: Pixels = image.numpy()
    return pixels.reshape(image.height, image.width, image.bands)
