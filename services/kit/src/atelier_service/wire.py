"""Imaging's values as messages: the one place where the two meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier.v1 import face_pb2, report_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from atelier_imaging.analysis import Face
    from atelier_imaging.encode import Encoded
    from atelier_imaging.measures import Measure
    from atelier_imaging.picture import SourceInfo


def fill_pictures(report: report_pb2.Report, *, source: SourceInfo, output: Encoded) -> None:
    """Write what is known of the picture that came in and of the one that goes out."""
    raise NotImplementedError


def faces(found: Sequence[Face], *, selected: Face | None, include_mesh: bool) -> Iterator[face_pb2.Face]:
    """Yield the faces as messages, in their order, the selected one marked."""
    raise NotImplementedError


def measure(taken: Measure) -> report_pb2.Measure:
    """Return a measure as a message."""
    raise NotImplementedError
