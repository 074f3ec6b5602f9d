"""From the network's small portrait to the picture that was asked for: enlarged, on its backdrop, framed, grained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging import vips
from atelier_imaging.color import decode_transfer, encode_transfer
from atelier_imaging.transfer import quantised

if TYPE_CHECKING:
    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

    from atelier_generate.brief import Frame

UPSCALER: Final = "upscaler_restore_x4"
FACTOR: Final = 4
# The grain of the skin, as a deviation of display-encoded values; what is drawn is smoother than any photograph.
_GRAIN: Final = 0.008
_GRAIN_BLUR: Final = 0.8
# Where a close-up is cut, as shares of the frame: left, top, right, bottom.
_CLOSE_UP: Final = (0.14, 0.1, 0.86, 0.82)
# The face's place in the frame, which no shape of a picture may cut: its middle and half its size, in shares.
_FACE_MIDDLE: Final = (0.5, 0.46)
_STRENGTHS: Final = (0.25, 4.0)


def enlarged(picture: NDArray[np.float32], models: ModelRunner) -> NDArray[np.float32]:
    """Enlarge a portrait (H, W, 3), display-encoded 0..1, fourfold with the house's upscaler."""
    whole = quantised(picture, 16)
    larger = vips.from_array(whole, "rgb16").resize(FACTOR, kernel="cubic")
    base = vips.to_array(larger).astype(np.float32) / 65535
    detail = models.infer(UPSCALER, {"image": np.ascontiguousarray(picture[None])})["detail"][0]
    return np.asarray(np.clip(base + detail, 0, 1), np.float32)


def on_backdrop(
    picture: NDArray[np.float32], colour: tuple[float, float, float], background: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Bring the background (H, W), 0..1, of a portrait to a mean colour, sRGB 0..1, in linear light.

    Its own modelling stays.
    """
    share = background[..., None]
    linear = decode_transfer(picture)
    mean = (linear * share).sum(axis=(0, 1)) / max(float(share.sum()), 1.0)
    target = decode_transfer(np.array(colour, np.float32))
    gain = np.clip((target + 0.002) / (mean + 0.002), *_STRENGTHS)
    moved = linear * gain
    moved += target - (mean * gain)  # what a gain cannot do, from black to a colour, is added
    return np.asarray(encode_transfer(np.clip(linear + share * (moved - linear), 0, 1)), np.float32)


def grained(picture: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
    """Add the fine grain of a photograph to (H, W, 3), strongest in the middle tones, the same in all channels."""
    field = cv2.GaussianBlur(generator.standard_normal(picture.shape[:2], np.float32), (0, 0), _GRAIN_BLUR)
    field = np.asarray(field * np.float32(_GRAIN / max(float(field.std()), 1e-6)), np.float32)
    tone = picture.mean(axis=-1)
    strength = np.sqrt(np.clip(4 * tone * (1 - tone), 0.1, 1))
    return np.asarray(np.clip(picture + (field * strength)[..., None], 0, 1), np.float32)


def cut(picture: NDArray[np.float32], frame: Frame) -> NDArray[np.float32]:
    """Cut a portrait of the generator's frame to the frame asked for and bring it to its size."""
    left, top, right, bottom = _CLOSE_UP if frame.framing == "close-up" else (0.0, 0.0, 1.0, 1.0)
    height, width = picture.shape[:2]
    part = picture[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
    height, width = part.shape[:2]
    ratio = frame.width / frame.height
    breadth, depth = min(width, round(height * ratio)), min(height, round(width / ratio))
    x = round((width - breadth) * _FACE_MIDDLE[0])
    y = round(min(max(_FACE_MIDDLE[1] * height - depth / 2, 0), height - depth))
    part = part[y : y + depth, x : x + breadth]
    kernel = cv2.INTER_AREA if depth > frame.height else cv2.INTER_LANCZOS4
    resized = cv2.resize(np.ascontiguousarray(part), (frame.width, frame.height), interpolation=kernel)
    return np.clip(np.asarray(resized, np.float32), 0, 1)
