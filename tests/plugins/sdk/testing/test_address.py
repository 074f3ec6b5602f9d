"""`pytest --atelier-address HOST:PORT` holds the service that runs there to the contract, and starts none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from atelier_sdk.testing.process import ServiceProcess

from tests.plugins.sdk.testing import toy

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parents[4]
# Its command starts nothing: whoever answers is the service at the address.
SOURCE = """
from dataclasses import replace
from atelier_sdk.testing import Edit, conformance
from tests.plugins.sdk.testing import toy

NOBODY = replace(toy.capability(), command=("/bin/false",))
GRADE = {"grade": {"preset": "good"}}
TestContract = conformance(
    NOBODY, Edit("Grade", request=GRADE, neutral={"grade": {"strength": 0}}, control="grade.strength")
)
"""
RULES = "health or neutral or broken_file or sigterm or two_processes"


@pytest.fixture
def running() -> Iterator[ServiceProcess]:
    process = ServiceProcess(toy.capability(), {})
    yield process
    process.close()


def held(folder: Path, *options: str) -> str:
    """Run the contract as an author does, and return pytest's summary."""
    file = folder / "test_it.py"
    file.write_text(SOURCE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", RULES, str(file), *options]
    return subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=300, check=False).stdout


def test_the_service_at_the_address_is_asked(running: ServiceProcess, tmp_path: Path) -> None:
    told = held(tmp_path, "--atelier-address", running.address)
    # Health, three kinds of neutral picture and four broken files; what needs processes of its own is left out.
    assert "8 passed, 2 skipped" in told, told


def test_without_an_address_the_command_is_started(tmp_path: Path) -> None:
    told = held(tmp_path)
    assert "10 failed" in told, told
