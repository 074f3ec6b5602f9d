from atelier.v1 import image_pb2 as _image_pb2
from atelier.v1 import report_pb2 as _report_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ToneRequest(_message.Message):
    __slots__ = ("image", "toner", "strength", "highlights")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    TONER_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    HIGHLIGHTS_FIELD_NUMBER: _ClassVar[int]
    image: _image_pb2.Image
    toner: str
    strength: float
    highlights: float
    def __init__(self, image: _Optional[_Union[_image_pb2.Image, _Mapping]] = ..., toner: _Optional[str] = ..., strength: _Optional[float] = ..., highlights: _Optional[float] = ...) -> None: ...

class ToneResponse(_message.Message):
    __slots__ = ("image", "report")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    image: _image_pb2.Image
    report: _report_pb2.Report
    def __init__(self, image: _Optional[_Union[_image_pb2.Image, _Mapping]] = ..., report: _Optional[_Union[_report_pb2.Report, _Mapping]] = ...) -> None: ...
