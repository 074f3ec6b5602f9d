"""Verify installed models: quickly by what is known, or fully against the original runtime.

The full way needs the models' sources and the conversion environment, and rewrites parity.json.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from atelier_models import installed, parity
from atelier_models.downloads import pull
from atelier_models.worker_runs import PROGRAMS, RECORDED, converter, extract, run_worker, write_border

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atelier_models.backend.executor import Tensors
    from atelier_models.catalogue import Catalogue, Model
    from atelier_models.parity import Parity
    from atelier_models.progress import Reporter
    from atelier_models.worker_runs import Interpreter


def verify_quickly(models: Iterable[Model], home: Path) -> dict[str, Parity]:
    """Compare with the known landmarks. Raises `ModelNotInstalledError` or `ModelUnusableError`."""
    measured = {}
    for model in models:
        measured[model.name] = parity.measure(model, installed.require(model, home).graph, None)
        parity.hold(model, measured[model.name])
    return measured


def verify(
    models: Iterable[Model], catalogue: Catalogue, home: Path, progress: Reporter, *, keep: bool = False
) -> dict[str, Parity]:
    """Compare with the original runtime as well, and keep what was measured beside each model.

    Raises `ModelNotInstalledError`, `ModelUnusableError`, or what pulling raises.
    """
    found = {model.name: (model, installed.require(model, home)) for model in models}
    measured = {}
    with converter(home, progress, keep=keep) as python:
        for name, (model, place) in found.items():
            source = pull(catalogue.sources[model.source], home, progress)
            with progress.step(f"Verifying {name}"), tempfile.TemporaryDirectory() as work:
                original = Path(work) / "original"
                extract(model, source, original)
                measured[name] = parity.measure(model, place.graph, original_answers(model, original, python))
                parity.write(measured[name], place.folder, installed.PARITY)
                parity.hold(model, measured[name])
    return measured


def original_answers(model: Model, original: Path, python: Interpreter) -> Tensors:
    """Return what the original runtime answers to the pictures of the comparison, or answered when it was recorded."""
    programs = PROGRAMS.get(model.converter)
    if programs is None:
        return _answers(model, original.with_suffix(RECORDED))
    with tempfile.TemporaryDirectory() as work:
        given, taken, border = Path(work) / "given.npz", Path(work) / "taken.npz", Path(work) / "border.json"
        np.savez(given, image=next(iter(parity.pictures(model).values())))
        write_border(model, border)
        run_worker(python, programs.original, [original, given, taken, border])
        return _answers(model, taken)


def _answers(model: Model, file: Path) -> Tensors:
    with np.load(file) as answers:
        return {name: answers[name] for name in model.outputs}
