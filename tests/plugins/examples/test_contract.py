"""The example keeps the contract of every edit, from an environment that Atelier could not live in."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_sdk.testing import Edit, conformance

from tests.plugins.examples.environment import toning

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("toning_python")

TestContract = conformance(
    toning(),
    Edit("Tone", request={"toner": "cyanotype"}, neutral={"strength": 0}, control="strength"),
    Edit("Tone", request={"toner": "sepia"}, neutral={"strength": 0}, control="highlights"),
)


def test_its_numpy_is_another_major_than_ours(toning_python: Path) -> None:
    ask = (str(toning_python), "-c", "import numpy; print(numpy.__version__)")
    theirs = subprocess.run(ask, check=True, capture_output=True, text=True).stdout
    assert (theirs.partition(".")[0], np.__version__.partition(".")[0]) == ("1", "2")
