"""What the tests of the example share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugins.examples import environment

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def toning_python() -> Path:
    """The example's own Python, with NumPy 1."""
    return environment.ensure()
