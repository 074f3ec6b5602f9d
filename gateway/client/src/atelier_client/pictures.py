"""Turning what callers hold (paths, bytes, arrays, PIL images) into the file that goes over the wire, and back."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from atelier_client.errors import PictureError

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as PilImage

    Pixels: TypeAlias = "NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.floating]"
    PictureSource: TypeAlias = "str | os.PathLike[str] | bytes | Pixels | PilImage"

ARTIFACT_ID = re.compile(r"sha256:[0-9a-f]{64}")
_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})
_TIFF_MODES = frozenset({"CMYK", "YCbCr", "I;16B"})
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_BOX_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic", b"mif1": "image/heif"}


def reference_of(source: PictureSource) -> str:
    """Tell an artifact's identifier or an https address from a picture: return it, or an empty string."""
    if isinstance(source, str) and (source.startswith("https://") or ARTIFACT_ID.fullmatch(source)):
        return source
    return ""


def load(source: PictureSource) -> bytes:
    """Make the encoded file of a picture.

    A path is read and bytes are taken as they are. An array is HxW or HxWx1 (grey), HxWx3 (RGB) or HxWx4 (RGBA),
    display-encoded sRGB: uint8 and uint16 over their full range, floating point over 0..1; it becomes a PNG of 8 or 16
    bits (16 for floating point). A PIL image becomes a PNG, or a TIFF where PNG lacks its mode (CMYK), upright, with
    its colour profile.

    Errors: OSError when a file cannot be read; PictureError for any other source, shape, type or value.
    """
    if isinstance(source, bytes):
        return source
    if isinstance(source, str | os.PathLike):
        return Path(source).read_bytes()
    if _is_array(source):
        return _encode_array(source)
    if _is_pil(source):
        return _encode_pil(source)
    raise PictureError(f"a picture is a path, bytes, an array or a PIL image, not {type(source).__name__}")


def media_type(content: bytes) -> str:
    """Name the media type of an encoded file by its first bytes."""
    for signature, name in _SIGNATURES:
        if content.startswith(signature):
            return name
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp":
        return _BOX_BRANDS.get(content[8:12], "image/heif")
    return "application/octet-stream"


def to_pil(content: bytes) -> PilImage:
    """Decode a file with Pillow, which keeps 8 bits per channel.

    Errors: PictureError for a format that Pillow does not know.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        picture = Image.open(io.BytesIO(content))
    except UnidentifiedImageError as error:
        raise PictureError("Pillow does not know this file's format") from error
    picture.load()
    return picture


def to_array(content: bytes) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Decode a file into HxWx3 (RGB) or HxWx4 (RGBA), uint8, or uint16 where the file holds 16 bits per channel.

    Errors: PictureError for 16 bits where OpenCV, which decodes them, is not installed (`atelier-client[deep]`).
    """
    import numpy as np

    if _is_deep(content):
        return _decode_deep(content)
    picture = to_pil(content)
    has_alpha = "A" in picture.getbands() or "transparency" in picture.info
    return np.asarray(picture.convert("RGBA" if has_alpha else "RGB"))


def _is_array(source: object) -> TypeGuard[Pixels]:
    """Recognise an array without importing NumPy for callers that have none."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(source, numpy.ndarray)


def _is_pil(source: object) -> TypeGuard[PilImage]:
    """Recognise a PIL image without importing Pillow for callers that have none."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(source, pillow.Image)


def _encode_array(array: Pixels) -> bytes:
    import numpy as np

    if array.ndim not in {2, 3} or array.shape[2:] not in {(), (1,), (3,), (4,)} or 0 in array.shape:
        raise PictureError(f"an array has the shape (height, width) or (height, width, 1, 3 or 4), not {array.shape}")
    if array.shape[2:] == (1,):
        array = array[:, :, 0]
    if np.issubdtype(array.dtype, np.floating):
        return _encode_deep(_from_floating(array))
    if array.dtype == np.uint16:
        return _encode_deep(np.asarray(array, dtype=np.uint16))
    if array.dtype == np.uint8:
        from PIL import Image

        return _write(Image.fromarray(np.ascontiguousarray(array)), "PNG")
    raise PictureError(f"an array is of uint8, uint16 or floating point, not {array.dtype}")


def _from_floating(array: Pixels) -> NDArray[np.uint16]:
    import numpy as np

    if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
        raise PictureError("an array of floating point stays within 0 and 1, and this one does not")
    return np.rint(array.astype(np.float64) * 65535).astype(np.uint16)


def _encode_pil(picture: PilImage) -> bytes:
    from PIL import ImageOps

    if picture.mode not in _PNG_MODES | _TIFF_MODES:
        raise PictureError(f"a PIL image of mode {picture.mode} is not sent; convert it to RGB first")
    upright = ImageOps.exif_transpose(picture)
    return _write(upright, "PNG" if upright.mode in _PNG_MODES else "TIFF")


def _write(picture: PilImage, file_format: str) -> bytes:
    to = io.BytesIO()
    options = {"compress_level": 1} if file_format == "PNG" else {"compression": "tiff_lzw"}
    picture.save(to, file_format, icc_profile=picture.info.get("icc_profile"), **options)
    return to.getvalue()


def _is_deep(content: bytes) -> bool:
    kind = media_type(content)
    if kind == "image/png":
        return content[24:25] == b"\x10"  # the bit depth in the header chunk
    if kind == "image/tiff":
        from PIL import Image

        bits = Image.open(io.BytesIO(content)).tag_v2.get(258, (8,))  # type: ignore[attr-defined]  # BitsPerSample
        return bool(max(bits) > 8)
    return False


def _encode_deep(array: NDArray[np.uint16]) -> bytes:
    cv2 = _opencv()
    orders = {(3,): cv2.COLOR_RGB2BGR, (4,): cv2.COLOR_RGBA2BGRA}
    ordered = array if array.ndim == 2 else cv2.cvtColor(array, orders[array.shape[2:]])
    _, encoded = cv2.imencode(".png", ordered, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return bytes(encoded)


def _decode_deep(content: bytes) -> NDArray[np.uint16]:
    import numpy as np

    cv2 = _opencv()
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise PictureError("this 16-bit file cannot be decoded")
    orders = {2: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}
    return np.asarray(cv2.cvtColor(pixels, orders[2 if pixels.ndim == 2 else pixels.shape[2]]), dtype=np.uint16)


def _opencv() -> ModuleType:
    try:
        import cv2
    except ImportError as error:
        raise PictureError("16 bits per channel need OpenCV: pip install 'atelier-client[deep]'") from error
    return cv2
