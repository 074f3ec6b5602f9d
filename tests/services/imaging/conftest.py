"""Pictures to test with: a real portrait, files of every kind made from it, and profiles."""

from __future__ import annotations

import os
import struct
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from skimage import data

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

PORTRAITS = Path(__file__).parents[4] / "shared" / "portraits"


@pytest.fixture(scope="session")
def astronaut() -> NDArray[np.uint8]:
    """Return a real portrait, 512 x 512, in the public domain (NASA, Eileen Collins)."""
    pixels: NDArray[np.uint8] = data.astronaut()
    return pixels


@pytest.fixture(scope="session")
def portrait_paths() -> list[Path]:
    """Return every 50th of a folder of real portraits; the test is skipped where there is none."""
    folder = Path(os.environ.get("ATELIER_PORTRAITS", PORTRAITS))
    paths = sorted(folder.glob("*.jpg"))[::50]
    if not paths:
        pytest.skip(f"no portraits in {folder}; set ATELIER_PORTRAITS to a folder of JPEGs")
    return paths


@pytest.fixture(scope="session")
def written() -> Callable[..., bytes]:
    """Return a function that writes an array as a file of a format that Pillow knows, with Pillow's own settings."""

    def write(pixels: NDArray[np.uint8], kind: str, mode: str | None = None, **settings: object) -> bytes:
        stream = BytesIO()
        image = Image.fromarray(pixels)
        (image.convert(mode) if mode else image).save(stream, kind, **settings)
        return stream.getvalue()

    return write


# Adobe RGB (1998) and ProPhoto RGB, adapted to D50, as their own profiles state them.
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
PRO_PHOTO = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491))


@pytest.fixture(scope="session")
def profile() -> Callable[..., bytes]:
    """Return a function that makes ICC profiles of version 2 (ICC.1:2001-04)."""

    def make(gamma: float, columns: tuple[tuple[float, float, float], ...] | None = None) -> bytes:
        curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
        white = _xyz((0.9642, 1.0, 0.8249))
        text = b"Made for a test\0"
        tags = {b"desc": b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(80), b"wtpt": white}
        if columns is None:
            tags[b"kTRC"] = curve
        else:
            tags |= {name + b"TRC": curve for name in (b"r", b"g", b"b")}
            tags |= {name + b"XYZ": _xyz(column) for name, column in zip((b"r", b"g", b"b"), columns, strict=True)}
        return _assembled(tags, b"GRAY" if columns is None else b"RGB ")

    return make


@pytest.fixture(scope="session")
def adobe_rgb(profile: Callable[..., bytes]) -> bytes:
    """Return a profile with the colours of Adobe RGB (1998)."""
    return profile(2.19921875, ADOBE_RGB)


@pytest.fixture(scope="session")
def pro_photo(profile: Callable[..., bytes]) -> bytes:
    """Return a profile with the colours of ProPhoto RGB."""
    return profile(1.80078125, PRO_PHOTO)


@pytest.fixture(scope="session")
def adobe_rgb_as_tables() -> bytes:
    """Return a profile with the colours of Adobe RGB (1998), not as curves and a matrix but as tables (lut16Type).

    A table of two steps a side is enough, as light adds up in a straight line between them.
    """
    to_xyz = np.array(ADOBE_RGB).T
    identity = np.eye(3)
    corners = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(-1, 3)
    steps = np.linspace(0, 1, 4096)
    # XYZ is stored so that 65535 stands for 1 + 32767/32768.
    scale = 65535 / 32768
    forth = _table(identity, steps**2.19921875, corners @ to_xyz.T / scale, steps)
    back = _table(np.linalg.inv(to_xyz) * scale, steps, corners, steps ** (1 / 2.19921875))
    text = b"Made of tables\0"
    description = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(80)
    return _assembled(
        {b"desc": description, b"wtpt": _xyz((0.9642, 1.0, 0.8249)), b"A2B0": forth, b"B2A0": back}, b"RGB "
    )


def _table(
    matrix: NDArray[np.float64], before: NDArray[np.float64], grid: NDArray[np.float64], after: NDArray[np.float64]
) -> bytes:
    """Return a lut16Type tag: a matrix, curves, a grid of 2 x 2 x 2, curves."""
    head = b"mft2" + bytes(4) + bytes([3, 3, 2, 0]) + struct.pack(">9i", *np.rint(matrix.ravel() * 65536).astype(int))
    numbers = [*[before] * 3, grid.ravel(), *[after] * 3]
    body = bytes(np.rint(np.clip(np.concatenate(numbers), 0, 1) * 65535).astype(">u2").tobytes())
    return head + struct.pack(">HH", len(before), len(after)) + body


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))


def _assembled(tags: dict[bytes, bytes], colours: bytes) -> bytes:
    table, body, at = b"", b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, at, len(content))
        body, at = body + padded, at + len(padded)
    header = struct.pack(">I4sI4s4s4s", at, b"test", 0x02400000, b"mntr", colours, b"XYZ ")
    header = (header + bytes(12) + b"acsp").ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
