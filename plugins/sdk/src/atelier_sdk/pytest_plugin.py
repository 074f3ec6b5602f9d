"""What pytest learns from an installed SDK. It imports pytest alone: every run of pytest loads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that points `conformance` at a running service."""
    parser.getgroup("atelier").addoption(
        "--atelier-address",
        metavar="HOST:PORT",
        help="hold the service that runs there to the contract, instead of starting its command",
    )
