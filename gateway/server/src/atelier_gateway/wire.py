"""Whether what a capability answers can be a message at all, without knowing which.

It is passed on all the same, and fails at its caller: this is for the operator to know whose process it was.

Protocol Buffers' encoding: fields one after the other, each a tag of its number and wire type, then a varint, four or
eight bytes, or a length and so many bytes. Lengths are stepped over, so that a message with a picture in it costs as
little as one without.
"""

from __future__ import annotations

from typing import Final

_VARINT, _EIGHT_BYTES, _LENGTH, _GROUP, _GROUP_ENDS, _FOUR_BYTES = range(6)
_FIXED: Final = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}
_LONGEST_VARINT: Final = 10
# A message of more fields than these is taken for one: what begins so well is not garbage.
_FIELDS: Final = 64


class Answers:
    """What the processes of one capability have answered lately."""

    def __init__(self) -> None:
        self._garbled = 0

    def hear(self, content: bytes) -> bool:
        """Look at an answer, and tell whether it is the first since the last good one that is no message."""
        self._garbled = 0 if is_message(content) else self._garbled + 1
        return self._garbled == 1

    @property
    def fault(self) -> str:
        """Say in a sentence that the last answers were no messages; empty where the last one was."""
        if self._garbled < 2:
            return "its last answer is no message of any API" if self._garbled else ""
        return f"its last {self._garbled} answers are no messages of any API"


def is_message(content: bytes) -> bool:
    """Tell whether bytes are fields of some message, as far as its first 64 show; an empty message is one."""
    place, end = 0, len(content)
    for _ in range(_FIELDS):
        if place == end:
            return True
        place = _after_field(content, place)
        if not 0 < place <= end:
            return False
    return True


def _after_field(content: bytes, place: int) -> int:
    """Return where the next field begins, 0 where there is none at this place."""
    tag, place = _varint(content, place)
    kind = tag & 7
    if not place or not tag >> 3:
        return 0
    if kind in _FIXED:
        return place + _FIXED[kind]
    if kind in {_GROUP, _GROUP_ENDS}:
        return place
    value, place = _varint(content, place)
    if not place or kind not in {_VARINT, _LENGTH}:
        return 0
    return place + value if kind == _LENGTH else place


def _varint(content: bytes, place: int) -> tuple[int, int]:
    """Read a number, and return it with the place behind it, 0 where there is none."""
    value = 0
    for index, byte in enumerate(content[place : place + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, place + index + 1
    return 0, 0
