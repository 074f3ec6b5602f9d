"""Turn the files that were pulled into installed models. What is ONNX already is taken as it is.

The converter runs in an environment of its own that is removed afterwards. Each model is written to a folder beside its
place, compared with the original runtime, and moved to its place whole: a conversion that is broken off, or whose
graph answers differently, leaves nothing.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from atelier_models import installed, parity
from atelier_models.downloads import pull
from atelier_models.trial import choose_executor
from atelier_models.verification import original_answers
from atelier_models.worker_runs import PROGRAMS, converter, extract, run_worker, write_border

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atelier_models.catalogue import Catalogue, Model
    from atelier_models.installed import Contract, Installed
    from atelier_models.progress import Reporter
    from atelier_models.worker_runs import Interpreter


def convert(
    models: Iterable[Model], catalogue: Catalogue, home: Path, progress: Reporter, *, keep: bool = False
) -> list[Installed]:
    """Return the models installed, converting those that are missing or were made by another recipe.

    Pulls the sources that are needed. The environment is removed in the end unless `keep`. Raises
    `RegistryUnreachableError`, `ChecksumMismatchError` or `ModelUnusableError`.
    """
    wanted = list(models)
    if missing := [model for model in wanted if installed.find(model, home) is None]:
        sources = {model.source: pull(catalogue.sources[model.source], home, progress) for model in missing}
        with converter(home, progress, keep=keep) as python:
            for model in missing:
                with progress.step(f"Converting {model.name}"):
                    _convert(model, catalogue, sources[model.source], home, python)
    return [installed.require(model, home) for model in wanted]


def _convert(model: Model, catalogue: Catalogue, source: Path, home: Path, python: Interpreter) -> None:
    place = installed.folder_of(model, home)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=place.parent) as work:
        original, border, made = Path(work) / "original", Path(work) / "border.json", Path(work) / "made"
        made.mkdir()
        extract(model, source, original)
        if programs := PROGRAMS.get(model.converter):
            write_border(model, border)
            run_worker(python, programs.converter, [original, made / installed.GRAPH, border])
        else:
            shutil.copyfile(original, made / installed.GRAPH)
        contract = _contract(model, catalogue, made / installed.GRAPH)
        installed.write_contract(made, contract)
        measured = parity.measure(model, made / installed.GRAPH, original_answers(model, original, python))
        parity.hold(model, measured)
        parity.write(measured, made, installed.PARITY)
        shutil.rmtree(place, ignore_errors=True)
        made.replace(place)


def _contract(model: Model, catalogue: Catalogue, graph: Path) -> Contract:
    source = catalogue.sources[model.source]
    executor, trial = choose_executor(model, graph)
    return {
        "name": model.name,
        "version": model.version,
        "title": model.title,
        "sha256": hashlib.sha256(graph.read_bytes()).hexdigest(),
        "license": model.license,
        "source": f"{source.registry}:{source.package}=={source.version}/{model.member}",
        "precision": model.precision,
        "recipe": installed.recipe(model),
        "inputs": installed.borders(model.inputs),
        "outputs": installed.borders(model.outputs),
        "executor": executor,
        "trial": trial,
    }
