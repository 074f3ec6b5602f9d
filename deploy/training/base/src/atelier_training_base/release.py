"""Write what is committed of the runs: networks in an archive, with answers that PyTorch gave."""

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
from atelier_training_base.runs import CHECKPOINT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from atelier_training_base.network import Size

ARCHIVE: Final = "atelier-base.zip"
DENOISER: Final = "portrait_denoiser.onnx"
REFINER: Final = "portrait_refiner.onnx"
# In which graph the weights of each part are, and how their names begin there.
_PARTS: Final = {
    "network": (DENOISER, "network.network."),
    "guide": (DENOISER, "network.guide."),
    "refiner": (REFINER, "network."),
}
# An archive of the same content has the same bytes.
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)


def trained(work: Path) -> dict[str, Tensor]:
    """Return the mean weights of a run."""
    state: dict[str, Tensor] = torch.load(work / CHECKPOINT, weights_only=True)["mean"]
    return state


def guided(network: Mapping[str, Tensor], guide: Mapping[str, Tensor]) -> Guided:
    """Return the denoiser as it is released: see `released`."""
    made = Guided(released(network, FULL), released(guide, GUIDE))
    made.eval()
    return made


def released(weights: Mapping[str, Tensor], size: Size = FULL) -> Denoiser:
    """Return a network as it is released, its weights rounded to the half precision that they are stored in."""
    made = Denoiser(size)
    made.load_state_dict({name: values.half().float() for name, values in weights.items()})
    made.eval()
    return made


def learnt(archive: Path, part: str) -> dict[str, Tensor]:
    """Return the released weights of the `network`, its `guide` or the `refiner`: a graph keeps their names."""
    name, own = _PARTS[part]
    with zipfile.ZipFile(archive) as members:
        graph = onnx.load_from_string(members.read(name)).graph
    return {
        weight.name.removeprefix(own).removesuffix(HALF): torch.tensor(numpy_helper.to_array(weight).astype(np.float32))
        for weight in graph.initializer
        if weight.name.startswith(own)
    }


def release(
    denoiser: Guided, refiner: Denoiser, given: Mapping[str, Mapping[str, NDArray[np.float32]]], weights: Path
) -> list[str]:
    """Write the archive to the folder `weights`; return a line a file with its size and SHA-256.

    `given` are inputs for each graph whose answers are recorded from PyTorch, for whoever runs the networks elsewhere.
    """
    members: dict[str, bytes] = {}
    for name, network in ((DENOISER, denoiser), (REFINER, refiner)):
        members |= _written(name, network, given[name])
    with zipfile.ZipFile(weights / ARCHIVE, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _NO_TIME), content, zipfile.ZIP_DEFLATED)
    members[ARCHIVE] = (weights / ARCHIVE).read_bytes()
    return [
        f"{name}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}"
        for name, content in members.items()
    ]


def _written(name: str, network: nn.Module, given: Mapping[str, NDArray[np.float32]]) -> dict[str, bytes]:
    """Return a graph and its recorded answers, by their names in the archive."""
    with torch.no_grad():
        answer = Interleaved(network)(*(torch.from_numpy(given[each]) for each in INPUTS)).numpy()
    recorded = io.BytesIO()
    np.savez_compressed(recorded, **{OUTPUT: answer.astype(np.float16)})
    with tempfile.TemporaryDirectory() as folder:
        write_onnx(network, Path(folder) / name)
        return {name: (Path(folder) / name).read_bytes(), f"{name}.npz": recorded.getvalue()}
