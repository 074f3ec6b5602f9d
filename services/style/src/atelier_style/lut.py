"""Apply lookup tables with tetrahedral interpolation.

The arithmetic is OpenColorIO's. Of the libraries measured on a 33-point table and a 1024 x 1024 picture it was the
fastest that is exact (see docs/adr/0060); a plain NumPy reference in the tests holds its results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import PyOpenColorIO as Ocio
from atelier_imaging.strips import PixelArray, render

from atelier_style.cube import EXPORT_SIZE, Cube, identity

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Lut:
    """A lookup table made ready; a pass stage that maps display-encoded rows in place."""

    def __init__(self, cube: Cube) -> None:
        group = Ocio.GroupTransform()
        if cube.domain_min != (0.0, 0.0, 0.0) or cube.domain_max != (1.0, 1.0, 1.0):
            group.appendTransform(_domain_transform(cube))
        group.appendTransform(_table_transform(cube))
        processor = Ocio.Config.CreateRaw().getProcessor(group)
        self._cpu = processor.getOptimizedCPUProcessor(
            Ocio.BIT_DEPTH_F32, Ocio.BIT_DEPTH_F32, Ocio.OPTIMIZATION_LOSSLESS
        )

    def __call__(self, rows: NDArray[np.float32], top: int = 0) -> None:
        """Map `rows`, float32 (h, w, 3) C-contiguous, in place; values outside the table's domain are clamped to it."""
        del top  # a table is the same everywhere
        height, width, _ = rows.shape
        # With a fourth channel OpenColorIO works without unpacking, a third faster than on three.
        padded = cv2.cvtColor(rows, cv2.COLOR_RGB2RGBA)
        self._cpu.apply(Ocio.PackedImageDesc(padded, width, height, 4))
        cv2.cvtColor(padded, cv2.COLOR_RGBA2RGB, dst=rows)


def apply_cube(pixels: PixelArray, cube: Cube) -> PixelArray:
    """Map a display-encoded picture, uint8 or uint16 (h, w, 3), through a table; answer a new one of the same kind."""
    return render(pixels, [Lut(cube)])


def resample(cube: Cube, size: int = EXPORT_SIZE) -> Cube:
    """Express any table as a 3D one of `size` points a side over 0..1, as exports want it."""
    grid = identity(size).table.reshape(size * size, size, 3)
    Lut(cube)(grid)
    return Cube(grid.reshape(size, size, size, 3), title=cube.title)


def _domain_transform(cube: Cube) -> Ocio.MatrixTransform:
    """Make the transform that brings the domain to 0..1."""
    low, high = np.array(cube.domain_min), np.array(cube.domain_max)
    scale = 1.0 / (high - low)
    matrix = np.diag([*scale, 1.0])
    return Ocio.MatrixTransform(matrix=matrix.ravel().tolist(), offset=[*(-low * scale).tolist(), 0.0])


def _table_transform(cube: Cube) -> Ocio.Transform:
    """Make the transform of the table itself."""
    if cube.table.ndim == 2:
        curve = Ocio.Lut1DTransform(length=cube.size, inputHalfDomain=False)
        curve.setData(np.ascontiguousarray(cube.table).ravel())
        curve.setInterpolation(Ocio.INTERP_LINEAR)
        return curve
    table = Ocio.Lut3DTransform(gridSize=cube.size)
    table.setData(np.ascontiguousarray(cube.table).ravel())
    table.setInterpolation(Ocio.INTERP_TETRAHEDRAL)
    return table
