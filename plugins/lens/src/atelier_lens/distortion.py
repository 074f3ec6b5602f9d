"""Radial distortion, put in or taken out (Brown: Decentering distortion of lenses. 1966)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.warp.flow import Flow
from atelier_imaging.warp.grid import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NODES: Final = 160
_HALVINGS: Final = 40
# Radii must go on growing at least so steeply within the picture.
_LEAST_SLOPE: Final = 0.05
_ZOOM_ROUNDS: Final = 24
_SMALLEST_ZOOM: Final = 0.5


@dataclass(frozen=True, slots=True)
class Distortion:
    """A point at radius r goes to r (1 + k1 r² + k2 r⁴); the picture's half diagonal is 1.

    `correct` takes such a distortion out.
    """

    k1: float = 0.0
    k2: float = 0.0
    correct: bool = False

    def __bool__(self) -> bool:
        """Tell whether it moves anything."""
        return bool(self.k1 or self.k2)

    @property
    def folds(self) -> bool:
        """Tell whether some radius within the picture would pass another."""
        squares = np.linspace(0, 1, 257) ** 2
        return bool((1 + 3 * self.k1 * squares + 5 * self.k2 * squares**2).min() < _LEAST_SLOPE)

    def forward(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Carry points (…, 2), in half diagonals from the middle, from the source to the result."""
        return self._backwards(points) if self.correct else self._along(points)

    def backward(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Carry points (…, 2) of the result to where they come from."""
        return self._along(points) if self.correct else self._backwards(points)

    def _along(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        squares = (points**2).sum(axis=-1, keepdims=True)
        return np.asarray(points * (1 + self.k1 * squares + self.k2 * squares**2))

    def _backwards(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Find the radius whose distortion is the given one, by halving; beyond the corners it goes on straight."""
        goal = np.sqrt((points**2).sum(axis=-1, keepdims=True))
        low, high = np.zeros_like(goal), np.ones_like(goal)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            short = middle * (1 + self.k1 * middle**2 + self.k2 * middle**4) < goal
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        corner = 1 + self.k1 + self.k2
        slope = max(1 + 3 * self.k1 + 5 * self.k2, _LEAST_SLOPE)
        radius = np.where(goal > corner, 1 + (goal - corner) / slope, (low + high) / 2)
        return np.asarray(points * radius / np.maximum(goal, 1e-12))


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture's frame under a distortion: `zoom` 0..1 is how much of it is looked at, so that no corner is empty."""

    distortion: Distortion
    width: int
    height: int
    zoom: float

    @classmethod
    def filled(cls, distortion: Distortion, width: int, height: int) -> Frame:
        """Choose the largest zoom at which every place of the result comes from within the source."""
        edges = np.linspace(-1, 1, 65)
        ends = np.ones_like(edges)
        border = np.concatenate(
            [np.stack(pair, axis=-1) for pair in ((edges, ends), (edges, -ends), (ends, edges), (-ends, edges))]
        )
        half = np.array([width, height]) / math.hypot(width, height)
        low, high = _SMALLEST_ZOOM, 1.0
        for index in range(_ZOOM_ROUNDS):
            zoom = 1.0 if index == 0 else (low + high) / 2
            inside = (np.abs(distortion.backward(border * half * zoom)) <= half * (1 + 1e-9)).all()
            low, high = (zoom, high) if inside else (low, zoom)
        return cls(distortion, width, height, low)

    def flow(self) -> Flow:
        """Return the flow of the whole picture."""
        grid = Grid.covering(0, 0, self.width, self.height, max(1.0, max(self.width, self.height) / _NODES))
        nodes = grid.nodes().astype(np.float64)
        source = self._pixels(self.distortion.backward(self._units(nodes) * self.zoom))
        return Flow(grid, np.asarray(source - nodes, np.float32))

    def carried(self, mesh: NDArray[np.float32]) -> NDArray[np.float32]:
        """Carry mesh points (n, 3) of the source to the result."""
        moved = mesh.copy()
        moved[:, :2] = self._pixels(self.distortion.forward(self._units(mesh[:, :2].astype(np.float64))) / self.zoom)
        return moved

    def _units(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((points - (self.width / 2, self.height / 2)) / (math.hypot(self.width, self.height) / 2))

    def _pixels(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(points * (math.hypot(self.width, self.height) / 2) + (self.width / 2, self.height / 2))
