from __future__ import annotations

import importlib
import sys
from unittest import mock

import numpy as np
from atelier_models.worker import tensorflow_stand_in


def test_what_the_converter_imports_of_tensorflow_is_there_and_the_rest_does_nothing() -> None:
    with mock.patch.dict(sys.modules):
        tensorflow_stand_in.put_in_place()
        tensorflow = importlib.import_module("tensorflow")
        framework = importlib.import_module("tensorflow.core.framework")
        assert (framework.types_pb2.DT_HALF, tensorflow.string) == (19, 7)
        assert list(tensorflow.lite.Interpreter("x").get_tensor_details()) == []


def test_a_constant_is_read_from_its_bytes() -> None:
    values = np.array([[1.5, -2.0, 0.25]], np.float16)
    tensor = tensorflow_stand_in.TensorProto()
    tensor.tensor_content, tensor.dtype = values.tobytes(), tensorflow_stand_in.TYPE_NUMBERS["DT_HALF"]
    for size in values.shape:
        tensor.tensor_shape.dim.add().size = size
    assert np.array_equal(tensorflow_stand_in.make_ndarray(tensor), values)
