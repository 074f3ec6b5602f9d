"""Write what is committed of a run: the networks in one archive, what they answer, their figures and their card."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from atelier_training_upscale.card import Story, card
from atelier_training_upscale.evaluate import PURPOSES, evaluate
from atelier_training_upscale.export import write_onnx
from atelier_training_upscale.network import SCALES, Upscaler
from atelier_training_upscale.train import CHECKPOINT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

ARCHIVE, METRICS, CARD = "atelier-upscaler.zip", "metrics.json", "MODEL_CARD.md"
# How much of the restoring network's own weights it is released with; the rest is the faithful network's.
REPAIR = 0.7
# An archive of the same content has the same bytes.
NO_TIME = (1980, 1, 1, 0, 0, 0)


def release(work: Path, portraits: Path, given: NDArray[np.float32], weights: Path, papers: Path) -> list[str]:
    """Write the archive to the folder `weights`, metrics and card to `papers`; return a line a file with its SHA-256.

    `given`, (N, H, W, 3) float32, 0 to 1, are pictures whose answers are recorded from PyTorch, for whoever runs the
    networks elsewhere.
    """
    state = torch.load(work / CHECKPOINT, weights_only=True)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        members = _written(state["students"], given, made)
        _archive(members, weights / ARCHIVE)
        figures = evaluate(made, portraits)
    story = Story(state["step"], state["seconds"], torch.get_num_threads())
    (papers / METRICS).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    (papers / CARD).write_text(card(story, figures), encoding="utf-8")
    members[ARCHIVE] = (weights / ARCHIVE).read_bytes()
    return [
        f"{name}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}"
        for name, content in members.items()
    ]


def _written(students: Mapping[str, Any], given: NDArray[np.float32], folder: Path) -> dict[str, bytes]:
    """Write the four networks to `folder`; return the content of the archive: graphs and answers."""
    members: dict[str, bytes] = {}
    for purpose in PURPOSES:
        network = trained(weights_of(purpose, students))
        for scale in SCALES:
            name = f"upscaler_{purpose}_x{scale}.onnx"
            write_onnx(network, scale, folder / name)
            members[name] = (folder / name).read_bytes()
            members[f"{name}.npz"] = _answers(network, scale, given)
    return members


def weights_of(purpose: str, students: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Return the weights that are released: those of repair lie between the purposes' own.

    Network interpolation (Wang et al. 2019) works because both come of one network. Repair alone takes pores for noise.
    """
    faithful, own = students["faithful"]["mean"], students[purpose]["mean"]
    return {name: torch.lerp(faithful[name], own[name], REPAIR) if purpose == "restore" else own[name] for name in own}


def trained(weights: dict[str, torch.Tensor]) -> Upscaler:
    """Return a network with these weights, rounded to the half precision that they are stored in."""
    network: Upscaler = Upscaler()
    network.load_state_dict({name: values.half().float() for name, values in weights.items()})
    return network


def _answers(network: Upscaler, scale: int, given: NDArray[np.float32]) -> bytes:
    image = torch.from_numpy(given).permute(0, 3, 1, 2).contiguous()
    with torch.no_grad():
        detail = network(image, scale).permute(0, 2, 3, 1).numpy()
    file = io.BytesIO()
    np.savez_compressed(file, detail=detail.astype(np.float16))  # off by no more than what verification rounds to
    return file.getvalue()


def _archive(members: dict[str, bytes], path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, NO_TIME), content, zipfile.ZIP_DEFLATED)
