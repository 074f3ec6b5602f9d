"""One running stack for all tests of this folder: real Triton, real services, real gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest
import skimage.data
from atelier.v1 import image_pb2, style_pb2_grpc
from atelier_local.stack import running_stack

from tests.stack.calls import MESSAGE_LIMIT, png

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_local.stack import Stack
    from numpy.typing import NDArray


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start everything once, with a state folder of its own."""
    with running_stack(state_dir=tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture(scope="session")
def channel(stack: Stack) -> Iterator[grpc.Channel]:
    options = [("grpc.max_receive_message_length", MESSAGE_LIMIT), ("grpc.max_send_message_length", MESSAGE_LIMIT)]
    with grpc.insecure_channel(stack.address, options=options) as channel:
        yield channel


@pytest.fixture(scope="session")
def style(channel: grpc.Channel) -> style_pb2_grpc.StyleServiceStub:
    return style_pb2_grpc.StyleServiceStub(channel)


@pytest.fixture(scope="session")
def astronaut() -> NDArray[np.uint8]:
    """A real portrait, 512 × 512, sRGB; public domain, comes with scikit-image."""
    return np.asarray(skimage.data.astronaut(), dtype=np.uint8)


@pytest.fixture(scope="session")
def portrait(astronaut: NDArray[np.uint8]) -> image_pb2.Image:
    return png(astronaut)
