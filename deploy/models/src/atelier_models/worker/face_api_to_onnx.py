"""Turn the weights of one network of face-api into an ONNX graph that keeps the catalogue's contract.

Run inside the conversion environment: `python -m atelier_models.worker.face_api_to_onnx WEIGHTS OUT.onnx BORDER.json`;
the manifest of the weights lies beside them. Which network it is, the border says (`network`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import onnx

from atelier_models.worker.face_api import NETWORKS
from atelier_models.worker.graph import to_contract
from atelier_models.worker.quantised import read_weights


def main(arguments: list[str]) -> None:
    """Convert the file that the command line names."""
    weights, target, contract = (Path(argument) for argument in arguments)
    border = json.loads(contract.read_text())
    network = NETWORKS[border["network"]](read_weights(weights), border["opset"])
    model = to_contract(network, border["names"], border["shapes"])
    model.producer_name, model.doc_string = border["producer"], ""
    onnx.save(model, target)


if __name__ == "__main__":
    main(sys.argv[1:])
