"""What the rules of the contract have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import pytest

from atelier_sdk.testing.broken import BROKEN_FILES

if TYPE_CHECKING:
    from atelier_sdk.testing.bench import Bench

MODES: Final = ("RGB", "L", "RGBA")


class Rules:
    """Rules of the contract, a test a rule; `bench` holds the capability.

    Tests that take `edit` are run for each declared control, those that take `operation` once for each RPC.
    """

    bench: ClassVar[Bench]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give each test its edits, and those about files or work one edit an RPC."""
        names, bench = metafunc.fixturenames, self.bench
        if "edit" in names:
            metafunc.parametrize("edit", bench.edits, ids=str)
        if "operation" in names:
            first = {each.rpc: each for each in reversed(bench.edits)}
            metafunc.parametrize("operation", [first[name] for name in sorted(first)], ids=lambda each: each.rpc)
        if "mode" in names:
            metafunc.parametrize("mode", MODES)
        if "file" in names:
            metafunc.parametrize("file", list(BROKEN_FILES))

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _at_an_address(cls, pytestconfig: pytest.Config) -> Any:
        """Ask the service at `--atelier-address`, if there is one; end what was started."""
        cls.bench.address = pytestconfig.getoption("--atelier-address", default=None) or ""
        yield
        cls.bench.close()

    def needs_processes(self) -> None:
        """Skip a test that starts, measures or stops a process, where there is none of ours."""
        if self.bench.address:
            pytest.skip("a service at an address is not ours to start, to measure or to stop")
