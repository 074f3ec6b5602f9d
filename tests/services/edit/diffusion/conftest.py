"""Tiny checkpoints, and what warns while they are loaded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from atelier_edit.diffusion.editor import Editor
from atelier_edit.diffusion.families import families
from atelier_edit.diffusion.settings import DiffusionSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIDE = 96
WITHOUT_TORCH = "needs PyTorch: `make torch`, then .venv-torch/bin/python -m pytest tests/services/edit/diffusion"


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both families' checkpoints, tiny."""
    torch = pytest.importorskip("torch", reason=WITHOUT_TORCH)
    torch.set_num_threads(1)  # more of them only wait for each other over tensors this small
    from tests.services.edit.diffusion import tiny

    home = tmp_path_factory.mktemp("home")
    for name, make in (("flux2-klein-4b", tiny.flux), ("qwen-image-edit-2509", tiny.qwen)):
        make(home / "checkpoints" / name)
    return home


@pytest.fixture
def editor(checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Editor]:
    """Make an editor of a family with its tiny checkpoint."""
    pytest.importorskip("torch", reason=WITHOUT_TORCH)
    from tests.services.edit.diffusion import tiny

    tiny.let_qwen_be_small(monkeypatch, SIDE)

    def make(name: str, home: Path = checkpoints) -> Editor:
        family = replace(families()[name], requires=())
        return Editor(DiffusionSettings(backend=name, home=home, device="cpu", side=SIDE), family)

    return make
