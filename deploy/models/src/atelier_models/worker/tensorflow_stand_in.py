"""The few names of TensorFlow that tf2onnx touches while it reads a `.tflite` file.

tf2onnx imports TensorFlow (274 MB to download, 1.4 GB on disk) at the top of its modules, and for a `.tflite` file uses
of it one message class, one decoder of raw tensors and a table of type numbers. They are given here; everything else
answers with an object that does nothing, which is enough for tf2onnx to be imported. The graphs that come out were
compared with those made next to the real TensorFlow 2.21: the same nodes after the same optimisations.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Numbers of tensorflow/core/framework/types.proto.
TYPE_NUMBERS = {
    "DT_FLOAT": 1, "DT_DOUBLE": 2, "DT_INT32": 3, "DT_UINT8": 4, "DT_INT16": 5, "DT_INT8": 6, "DT_STRING": 7,
    "DT_COMPLEX64": 8, "DT_INT64": 9, "DT_BOOL": 10, "DT_QUINT8": 12, "DT_BFLOAT16": 14, "DT_UINT16": 17,
    "DT_COMPLEX128": 18, "DT_HALF": 19, "DT_RESOURCE": 20, "DT_VARIANT": 21, "DT_UINT32": 22, "DT_UINT64": 23,
}  # fmt: skip
NUMPY_TYPES = {
    1: np.float32,
    2: np.float64,
    3: np.int32,
    4: np.uint8,
    6: np.int8,
    9: np.int64,
    10: np.bool_,
    19: np.float16,
}
MODULES = (
    "tensorflow",
    "tensorflow.core",
    "tensorflow.core.framework",
    "tensorflow.python",
    "tensorflow.python.framework",
)


class Absent:
    """Stands for anything of TensorFlow that is named and not needed."""

    def __getattr__(self, name: str) -> Absent:
        """Answer with another absence, so that chains of names resolve."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent()

    def __call__(self, *_args: object, **_kwargs: object) -> Absent:
        """Do nothing."""
        return Absent()

    def __iter__(self) -> Iterator[object]:
        """Hold nothing."""
        return iter(())


@dataclass(slots=True)
class Dimension:
    """One dimension of a shape."""

    size: int = 0


class Dimensions(list[Dimension]):
    """The dimensions of a shape, grown as protocol buffers grow a repeated field."""

    def add(self) -> Dimension:
        """Append a dimension and return it."""
        self.append(Dimension())
        return self[-1]


@dataclass(slots=True)
class Shape:
    """The shape of a constant."""

    dim: Dimensions = field(default_factory=Dimensions)


@dataclass(slots=True)
class TensorProto:
    """A constant as raw little-endian bytes with its type and shape."""

    tensor_content: bytes = b""
    tensor_shape: Shape = field(default_factory=Shape)
    dtype: int = 0


def make_ndarray(tensor: TensorProto) -> NDArray[np.generic]:
    """Return the constant as an array of its own type and shape."""
    return np.frombuffer(tensor.tensor_content, NUMPY_TYPES[tensor.dtype]).reshape(
        [dimension.size for dimension in tensor.tensor_shape.dim]
    )


class StandInModule(ModuleType):
    """A module in which every name exists."""

    def __getattr__(self, name: str) -> object:
        """Answer with a submodule that was put in place, or with an absence."""
        if name.startswith("__"):
            raise AttributeError(name)
        return sys.modules.get(f"{self.__name__}.{name}", Absent())


def put_in_place() -> None:
    """Make `import tensorflow` find this stand-in; the real one must not be installed beside it."""
    for name in MODULES:
        module = StandInModule(name)
        module.__path__ = []
        module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
        sys.modules[name] = module
    vars(sys.modules["tensorflow"]).update(__version__="2.21.0", string=TYPE_NUMBERS["DT_STRING"])
    vars(sys.modules["tensorflow.core.framework"]).update(
        types_pb2=SimpleNamespace(**TYPE_NUMBERS), tensor_pb2=SimpleNamespace(TensorProto=TensorProto)
    )
    vars(sys.modules["tensorflow.python.framework"]).update(tensor_util=SimpleNamespace(MakeNdarray=make_ndarray))
