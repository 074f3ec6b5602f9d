"""Flows composed, inverted and kept from folding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_imaging.warp.flow import Flow, backward, slopes, unfolded
from atelier_imaging.warp.grid import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRID = Grid(left=10, top=20, step=2, columns=80, rows=60)


def bump(height: float, width: float) -> NDArray[np.float32]:
    """Displace nodes to the right, most in the middle of the grid, by `height` pixels."""
    nodes = GRID.nodes()
    away = np.linalg.norm(nodes - nodes[30, 40], axis=-1)
    push = height * np.exp(-((away / width) ** 2))
    return np.stack([push, np.zeros_like(push)], axis=-1).astype(np.float32)


def test_nodes_lie_where_cells_finds_them() -> None:
    cells = GRID.cells(GRID.nodes())

    np.testing.assert_allclose(cells[7, 5], (5, 7), atol=1e-4)


def test_a_displacement_turned_backward_leads_home() -> None:
    displacement = bump(14, 25)  # its slope comes to 0.48

    flow = backward(displacement, GRID)

    there = flow.source() + Flow(GRID, displacement).offsets_at(flow.source())
    np.testing.assert_allclose(there, GRID.nodes(), atol=0.05)


def test_an_expansion_steeper_than_one_is_inverted_too() -> None:
    nodes = GRID.nodes()
    apart = 40 * np.tanh((nodes[..., 0] - nodes[30, 40, 0]) / 30) * np.exp(-(((nodes[..., 0] - 91) / 45) ** 2))
    displacement = unfolded(np.stack([apart, np.zeros_like(apart)], axis=-1).astype(np.float32), GRID)
    assert slopes(displacement, GRID.step)[0].max() > 1

    flow = backward(displacement, GRID)

    there = flow.source() + Flow(GRID, displacement).offsets_at(flow.source())
    np.testing.assert_allclose(there, nodes, atol=0.1)


def test_one_flow_then_another_is_both() -> None:
    first, second = backward(bump(6, 25), GRID), backward(bump(-5, 30), GRID)

    both = first.then(second)

    by_hand = second.source()[30, 40] + first.offsets_at(second.source())[30, 40]
    np.testing.assert_allclose(both.source()[30, 40], by_hand, atol=1e-4)


@pytest.mark.parametrize(("height", "folds"), [(14, False), (60, True)])
def test_the_jacobian_tells_a_fold(height: float, folds: bool) -> None:
    assert bool(Flow(GRID, bump(height, 25)).jacobian().min() <= 0) is folds


def test_unfolding_leaves_what_does_not_fold_and_undoes_what_does() -> None:
    gentle, folded = bump(14, 25), bump(60, 25)

    assert np.array_equal(unfolded(gentle, GRID), gentle)
    dx, dy = slopes(unfolded(folded, GRID), GRID.step)
    assert ((1 + dx[..., 0]) * (1 + dy[..., 1]) - dx[..., 1] * dy[..., 0]).min() > 0
