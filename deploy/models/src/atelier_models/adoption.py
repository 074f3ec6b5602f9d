"""Adopt an upscaler from elsewhere: any ONNX graph that takes a picture and answers a larger one.

Such graphs (Real-ESRGAN's SRVGG and RRDB nets, for example) take planes, (N, 3, H, W), 0 to 1. The graph is wrapped so
that it takes and answers pixels as all networks here do, what it answered as it came is recorded beside it, and an
entry in the home's own catalogue makes it a model like any other: listed, checked, served.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
from atelier_sdk.errors import ModelUnusableError

from atelier_models import catalogue as catalogue_file
from atelier_models.catalogue import adopted_folder, parse
from atelier_models.parity import pictures
from atelier_models.worker_runs import RECORDED

if TYPE_CHECKING:
    from pathlib import Path

    import onnx
    from numpy.typing import NDArray

NAME = re.compile(r"[a-z][a-z0-9_]{1,62}")
GIVEN, ANSWERED = "image", "enlarged"
ENTRY = """
[[source]]
name = "{name}"
registry = "adopted"
package = "{file}"
version = "1"
file = "{name}.zip"
size = {size}
sha256 = "{sha256}"
license = "{license}"
homepage = "{file}"

[[model]]
name = "{name}"
version = "1"
title = "Upscaler adopted from {file}"
source = "{name}"
member = "{name}.onnx"
member_sha256 = "{member_sha256}"
license = "{license}"
converter = "adopted"
precision = "float32"
card = "Pixels in and out, display-encoded, 0 to 1."

[model.inputs.image]
tensor = "image"
shape = [-1, -1, 3]
range = [0.0, 1.0]
sample = [32, 32, 3]

[model.outputs.enlarged]
tensor = "enlarged"
shape = [-1, -1, 3]
tolerance = 2e-2

[model.triton]
max_batch = 1
preferred_batches = [1]
warm_up_batches = [1]
"""


def adopt(name: str, file: Path, license_: str, home: Path) -> Path:
    """Add a graph to the home's catalogue under a name and return the entry; `convert` then installs it.

    `license_` is the SPDX identifier that it comes under.

    Raises ModelUnusableError where the graph does not take and answer pictures, ValueError where the name is taken.
    """
    if NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is no name: lower-case letters, digits and _, a letter first")
    if name in catalogue_file.load().models:
        raise ValueError(f"the name {name} is taken by another model")
    graph, planes_first = _read(file)
    wrapped = as_pixels(graph, planes_first=planes_first).SerializeToString()
    entry = {"name": name, "file": file.name, "license": license_, "member_sha256": hashlib.sha256(wrapped).hexdigest()}
    # The pictures of the comparison depend on the entry's sizes only.
    model = parse(_with_defaults(ENTRY.format(**entry, size=0, sha256="0" * 64))).models[name]
    answers = io.BytesIO()
    np.savez_compressed(answers, enlarged=_answers(file, pictures(model)[GIVEN], planes_first=planes_first))
    archive = home / "downloads" / f"{name}.zip"
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr(f"{name}.onnx", wrapped)
        members.writestr(f"{name}.onnx{RECORDED}", answers.getvalue())
    content = archive.read_bytes()
    place = adopted_folder(home) / f"{name}.toml"
    place.parent.mkdir(parents=True, exist_ok=True)
    sha256 = hashlib.sha256(content).hexdigest()
    place.write_text(ENTRY.format(**entry, size=len(content), sha256=sha256), encoding="utf-8")
    return place


def as_pixels(graph: onnx.ModelProto, *, planes_first: bool) -> onnx.ModelProto:
    """Wrap a graph so that it takes `image` and answers `enlarged`, float32 (N, H, W, 3), all sizes free."""
    from onnx import TensorProto, checker, helper

    inner, kind = graph.graph, _input(graph).type.tensor_type.elem_type
    # Only steps that do something: executors drop others, and the names that they gave with them.
    before: list[tuple[str, dict[str, Any]]] = []
    after: list[tuple[str, dict[str, Any]]] = []
    if kind != TensorProto.FLOAT:
        before.append(("Cast", {"to": kind}))
        after.append(("Cast", {"to": TensorProto.FLOAT}))
    if planes_first:
        before.append(("Transpose", {"perm": [0, 3, 1, 2]}))
        after.insert(0, ("Transpose", {"perm": [0, 2, 3, 1]}))
    taken, answered = _input(graph).name, inner.output[0].name
    nodes = [*_chain(before, GIVEN, taken), *inner.node, *_chain(after, answered, ANSWERED)]
    _rename(nodes, {} if before else {taken: GIVEN, answered: ANSWERED})
    borders = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", f"{name}.H", f"{name}.W", 3])
        for name in (GIVEN, ANSWERED)
    ]
    wrapped = helper.make_graph(nodes, inner.name, borders[:1], borders[1:], inner.initializer)
    made = helper.make_model(wrapped, opset_imports=graph.opset_import, ir_version=graph.ir_version)
    checker.check_model(made)
    return made


def _chain(steps: list[tuple[str, dict[str, Any]]], first: str, last: str) -> list[onnx.NodeProto]:
    """Make nodes that take the tensor `first` to the tensor `last`, one after the other."""
    from onnx import helper

    names = [first, *(f"atelier.{first}.{number}" for number in range(1, len(steps))), last]
    return [
        helper.make_node(operator, [names[at]], [names[at + 1]], **settings)
        for at, (operator, settings) in enumerate(steps)
    ]


def _rename(nodes: list[onnx.NodeProto], names: dict[str, str]) -> None:
    """Call tensors by other names, in place."""
    for node in nodes:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]


def _read(file: Path) -> tuple[onnx.ModelProto, bool]:
    """Load a graph, and say whether its colours are planes. Raises ModelUnusableError where it takes no pictures."""
    try:
        import onnx
    except ImportError as error:
        raise ModelUnusableError("Adopting a model needs the package onnx: pip install onnx") from error
    graph = onnx.load(str(file))
    sizes = [size.dim_value for size in _input(graph).type.tensor_type.shape.dim]
    kind = _input(graph).type.tensor_type.elem_type
    is_float = kind in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    if not is_float or len(sizes) != 4 or 3 not in (sizes[1], sizes[3]):
        raise ModelUnusableError(
            f"{file.name} does not take pictures: its input {_input(graph).name} has the sizes {sizes}.",
            metadata={"file": file.name},
        )
    return graph, sizes[1] == 3


def _input(graph: onnx.ModelProto) -> onnx.ValueInfoProto:
    """Return the one input that is not a weight."""
    weights = {each.name for each in graph.graph.initializer}
    inputs = [each for each in graph.graph.input if each.name not in weights]
    if len(inputs) != 1:
        raise ModelUnusableError(f"The graph has {len(inputs)} inputs; an upscaler has one.")
    return inputs[0]


def _answers(file: Path, pictures: NDArray[np.float32], *, planes_first: bool) -> NDArray[np.float32]:
    """Return what the graph as it came answers to pictures."""
    from onnxruntime import InferenceSession

    session = InferenceSession(str(file), providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    half = given.type == "tensor(float16)"
    array = pictures.transpose(0, 3, 1, 2) if planes_first else pictures
    answers = session.run(None, {given.name: np.ascontiguousarray(array, np.float16 if half else np.float32)})[0]
    return np.asarray(answers.transpose(0, 2, 3, 1) if planes_first else answers, np.float32)


def _with_defaults(entry: str) -> str:
    """Return a catalogue of one entry."""
    return f"{catalogue_file.own_text()}\n{entry}"
