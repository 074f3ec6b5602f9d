"""Write what is committed of a run: the network in an archive, with answers that PyTorch gave."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from atelier_training_base.export import INPUTS, OUTPUT, Interleaved, write_onnx
from atelier_training_base.network import Denoiser
from atelier_training_base.train import CHECKPOINT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

ARCHIVE: Final = "atelier-base.zip"
NETWORK: Final = "portrait_denoiser.onnx"
# An archive of the same content has the same bytes.
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)


def trained(work: Path) -> Denoiser:
    """Return the mean network of a run, rounded to the half precision that it is stored in."""
    state = torch.load(work / CHECKPOINT, weights_only=True)["mean"]
    network: Denoiser = Denoiser()
    network.load_state_dict({name: values.half().float() for name, values in state.items()})
    network.eval()
    return network


def keep(network: Denoiser, path: Path) -> None:
    """Write weights in half precision, for a later run to begin from."""
    state = {name: values.numpy().astype(np.float16) for name, values in network.state_dict().items()}
    np.savez_compressed(path, **state)


def release(work: Path, given: Mapping[str, NDArray[np.float32]], weights: Path) -> list[str]:
    """Write the archive to the folder `weights`; return a line a file with its size and SHA-256.

    `given` are inputs whose answers are recorded from PyTorch, for whoever runs the network elsewhere.
    """
    network = trained(work)
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
