"""Write what is committed of a run: the network in an archive, with answers that PyTorch gave."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from atelier_training_base.export import HALF, INPUTS, OUTPUT, Interleaved, write_onnx
from atelier_training_base.network import FULL, GUIDE, Denoiser, Guided
from atelier_training_base.train import CHECKPOINT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor

ARCHIVE: Final = "atelier-base.zip"
NETWORK: Final = "portrait_denoiser.onnx"
# An archive of the same content has the same bytes.
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)


def trained(work: Path) -> dict[str, Tensor]:
    """Return the mean weights of a run."""
    state: dict[str, Tensor] = torch.load(work / CHECKPOINT, weights_only=True)["mean"]
    return state


def guided(network: Mapping[str, Tensor], guide: Mapping[str, Tensor]) -> Guided:
    """Return what is released, its weights rounded to the half precision that they are stored in."""
    made = Guided(Denoiser(FULL), Denoiser(GUIDE))
    for part, weights in ((made.network, network), (made.guide, guide)):
        part.load_state_dict({name: values.half().float() for name, values in weights.items()})
    made.eval()
    return made


def learnt(archive: Path, part: str) -> dict[str, Tensor]:
    """Return the weights of a released `network` or `guide`: the graph keeps them under their own names."""
    with zipfile.ZipFile(archive) as members:
        graph = onnx.load_from_string(members.read(NETWORK)).graph
    own = f"network.{part}."
    return {
        weight.name.removeprefix(own).removesuffix(HALF): torch.tensor(numpy_helper.to_array(weight).astype(np.float32))
        for weight in graph.initializer
        if weight.name.startswith(own)
    }


def release(network: Guided, given: Mapping[str, NDArray[np.float32]], weights: Path) -> list[str]:
    """Write the archive to the folder `weights`; return a line a file with its size and SHA-256.

    `given` are inputs whose answers are recorded from PyTorch, for whoever runs the network elsewhere.
    """
    with torch.no_grad():
        answer = Interleaved(network)(*(torch.from_numpy(given[name]) for name in INPUTS)).numpy()
    recorded = io.BytesIO()
    np.savez_compressed(recorded, **{OUTPUT: answer.astype(np.float16)})
    with tempfile.TemporaryDirectory() as folder:
        write_onnx(network, Path(folder) / NETWORK)
        members = {NETWORK: (Path(folder) / NETWORK).read_bytes(), f"{NETWORK}.npz": recorded.getvalue()}
    with zipfile.ZipFile(weights / ARCHIVE, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _NO_TIME), content, zipfile.ZIP_DEFLATED)
    members[ARCHIVE] = (weights / ARCHIVE).read_bytes()
    return [
        f"{name}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}"
        for name, content in members.items()
    ]
