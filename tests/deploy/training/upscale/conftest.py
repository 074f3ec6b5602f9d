"""The training needs PyTorch, which only `make torch` installs."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data

pytest.importorskip("torch", reason="PyTorch is not installed here; `make torch` makes an environment that has it")


@pytest.fixture
def face() -> np.ndarray:
    """Return a face of 128 x 128 pixels, uint8 sRGB."""
    return np.ascontiguousarray(skimage.data.astronaut()[64:192, 160:288])
