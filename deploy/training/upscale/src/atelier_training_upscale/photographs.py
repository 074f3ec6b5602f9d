"""The photographs that are trained on, and which of them never are.

Held out is every portrait whose name's SHA-256 is divisible by nine: a rule, so that nobody can pick, and the
same portraits on every machine, whatever else is added.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

HELD_OUT_ONE_IN = 9
PACKAGED = (
    ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
    ("sklearn", "datasets/images/china.jpg"),
    ("sklearn", "datasets/images/flower.jpg"),
)


@dataclass(frozen=True, slots=True)
class Photographs:
    """Pictures to train on, (height, width, 3) uint8 sRGB, and how often each is drawn, in proportion to its pixels."""

    pictures: tuple[NDArray[np.uint8], ...]
    chances: NDArray[np.float64]


def is_held_out(path: Path) -> bool:
    """Say whether a portrait is kept for measuring."""
    return int(hashlib.sha256(path.name.encode()).hexdigest(), 16) % HELD_OUT_ONE_IN == 0


def portraits(folder: Path) -> list[Path]:
    """Return the portraits of `folder` in a fixed order. Raises `FileNotFoundError` where there are none."""
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    if not found:
        raise FileNotFoundError(f"no portraits in {folder}")
    return found


def held_out(folder: Path) -> list[Path]:
    """Return the portraits that are measured and never trained on."""
    return [path for path in portraits(folder) if is_held_out(path)]


def packaged() -> list[Path]:
    """Return the photographs that come with packages of this environment; scikit-image's are kept for measuring."""
    found = []
    for package, file in PACKAGED:
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            found.append(Path(spec.origin).parent / file)
    return [path for path in found if path.is_file()]


def load(path: Path) -> NDArray[np.uint8]:
    """Return a picture, (height, width, 3) uint8 sRGB."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def to_train_on(folder: Path, smallest: int) -> Photographs:
    """Load all that is not held out and at least `smallest` pixels on both sides."""
    paths = [path for path in portraits(folder) if not is_held_out(path)] + packaged()
    pictures = tuple(picture for picture in map(load, paths) if min(picture.shape[:2]) >= smallest)
    pixels = np.array([picture.shape[0] * picture.shape[1] for picture in pictures], np.float64)
    return Photographs(pictures, pixels / pixels.sum())
