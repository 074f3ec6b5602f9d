"""The demo's command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_demo.__main__ import main
from click.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_registry_that_has_nothing_ends_it_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wheels").mkdir()
    monkeypatch.setenv("ATELIER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    done = CliRunner().invoke(main, ["--out", str(tmp_path / "out")])
    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert "could not be fetched by pip" in done.output
    assert "Check the network" in done.output
