"""What can be a message, and what an operator is told of answers that cannot."""

from __future__ import annotations

import pytest
from atelier.v1 import catalog_pb2, image_pb2
from atelier_gateway.wire import Answers, is_message

MESSAGES = (
    catalog_pb2.GetCapabilityRequest(name="lens").SerializeToString(),
    image_pb2.Image(content=bytes(70_000)).SerializeToString(),
    b"",
    b"\x0d\x00\x00\x80\x3f\x11\x00\x00\x00\x00\x00\x00\xf0\x3f",  # four and eight bytes
)


@pytest.mark.parametrize("content", MESSAGES)
def test_messages_are_messages(content: bytes) -> None:
    assert is_message(content)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xff no message",
        b"<html>502 Bad Gateway</html>",
        b"\x0a\x05four",  # one byte less than it says
        b"\x07\x00",  # a wire type that there is not
        b"\x00\x00",  # a field of the number 0
        b"\xff" * 20,
    ],
)
def test_what_is_none_is_told_apart(content: bytes) -> None:
    assert not is_message(content)


def test_garbage_is_told_once_and_forgotten_after_a_good_answer() -> None:
    answers = Answers()
    assert [answers.hear(each) for each in (b"\x0a\x01x", b"\xff", b"\xff", b"\xff")] == [False, True, False, False]
    assert answers.fault == "its last 3 answers are no messages of any API"
    assert not answers.hear(b"\x0a\x01x")
    assert answers.fault == ""
    assert answers.hear(b"\xff")
