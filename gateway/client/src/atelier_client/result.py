"""What an operation gives back: the picture's file, its report, and what else was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from atelier_client import pictures

if TYPE_CHECKING:
    import os

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as PilImage

    from atelier_client.report import Report

Content: TypeAlias = bytes  # inside the class, `bytes` is the property


@dataclass(frozen=True, slots=True)
class PictureResult:
    """A finished picture.

    `content` is the encoded file as the service wrote it, `lut` the grade as the text of a `.cube` file where
    `export_lut` asked for it, else empty.
    """

    content: Content = field(repr=False)
    report: Report
    lut: Content = field(default=b"", repr=False)

    @property
    def bytes(self) -> Content:
        """The encoded file."""
        return self.content

    @property
    def media_type(self) -> str:
        """Media type of the file, such as `image/png`."""
        return pictures.media_type(self.content)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file and return its path.

        The name's suffix converts nothing: `Output.format` chooses the format.
        """
        to = Path(path)
        to.write_bytes(self.content)
        return to

    def save_lut(self, path: str | os.PathLike[str]) -> Path:
        """Write the exported LUT and return its path.

        Errors: ValueError when none was asked for.
        """
        if not self.lut:
            raise ValueError("no LUT was exported: ask with Grade(…, export_lut=True)")
        to = Path(path)
        to.write_bytes(self.lut)
        return to

    def to_pil(self) -> PilImage:
        """Decode into a PIL image of 8 bits per channel, colour profile in `.info`."""
        return pictures.to_pil(self.content)

    def to_array(self) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """Decode into HxWx3 or HxWx4, display-encoded; uint16 where the file holds 16 bits per channel."""
        return pictures.to_array(self.content)
