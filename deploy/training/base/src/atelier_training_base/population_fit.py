"""Fit the normal distribution of shape, texture and attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from atelier_generate.base.population import Population

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_training_base.fitting import Fitted


def fit_population(
    model: Fitted, attributes: NDArray[np.float32], chances: NDArray[np.float64]
) -> tuple[Population, NDArray[np.float32]]:
    """Fit to coefficients and attributes (N, A), NaN where unknown; return it and the standardised attributes.

    What is unknown is filled in with what the other numbers let expect, by two rounds of regression.
    """
    known = ~np.isnan(attributes)
    counted = chances[:, None] * known
    mean = np.nansum(counted * np.nan_to_num(attributes), axis=0) / counted.sum(axis=0)
    spread = np.nansum(counted * np.nan_to_num(attributes - mean) ** 2, axis=0) / counted.sum(axis=0)
    deviation = np.sqrt(spread)
    standard = np.clip(np.where(known, (attributes - mean) / deviation, 0), -4, 4)
    coefficients = np.concatenate([model.shapes, model.textures], axis=1)
    for _ in range(2):
        standard = np.where(known, standard, _expected(coefficients, standard, chances))
    rows = np.concatenate([coefficients, standard], axis=1).astype(np.float64)
    rows -= chances @ rows
    covariance = (rows * chances[:, None]).T @ rows
    made = Population(
        covariance.astype(np.float32), mean.astype(np.float32), deviation.astype(np.float32), model.shapes.shape[1]
    )
    return made, standard.astype(np.float32)


def _expected(
    coefficients: NDArray[np.float32], standard: NDArray[np.float64], chances: NDArray[np.float64]
) -> NDArray[np.float64]:
    weighted = coefficients * chances[:, None]
    ridge = 0.05 * np.eye(coefficients.shape[1])
    return np.asarray(coefficients @ np.linalg.solve(weighted.T @ coefficients + ridge, weighted.T @ standard), float)
