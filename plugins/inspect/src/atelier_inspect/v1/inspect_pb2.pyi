from atelier.v1 import face_pb2 as _face_pb2
from atelier.v1 import image_pb2 as _image_pb2
from atelier.v1 import report_pb2 as _report_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InspectRequest(_message.Message):
    __slots__ = ("request_id", "image", "face", "source", "annotate", "output")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    FACE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    ANNOTATE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    image: _image_pb2.Image
    face: _face_pb2.FaceSelector
    source: _image_pb2.Image
    annotate: bool
    output: _image_pb2.OutputOptions
    def __init__(self, request_id: _Optional[str] = ..., image: _Optional[_Union[_image_pb2.Image, _Mapping]] = ..., face: _Optional[_Union[_face_pb2.FaceSelector, _Mapping]] = ..., source: _Optional[_Union[_image_pb2.Image, _Mapping]] = ..., annotate: _Optional[bool] = ..., output: _Optional[_Union[_image_pb2.OutputOptions, _Mapping]] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("measure", "percentile", "weight", "credit")
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    PERCENTILE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    measure: _report_pb2.Measure
    percentile: float
    weight: float
    credit: float
    def __init__(self, measure: _Optional[_Union[_report_pb2.Measure, _Mapping]] = ..., percentile: _Optional[float] = ..., weight: _Optional[float] = ..., credit: _Optional[float] = ...) -> None: ...

class Critique(_message.Message):
    __slots__ = ("realism", "verdict", "explanation", "tone", "findings", "differences", "classes")
    REALISM_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    TONE_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    realism: float
    verdict: _report_pb2.Verdict
    explanation: str
    tone: str
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    differences: _containers.RepeatedCompositeFieldContainer[_report_pb2.Measure]
    classes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, realism: _Optional[float] = ..., verdict: _Optional[_Union[_report_pb2.Verdict, str]] = ..., explanation: _Optional[str] = ..., tone: _Optional[str] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ..., differences: _Optional[_Iterable[_Union[_report_pb2.Measure, _Mapping]]] = ..., classes: _Optional[_Iterable[str]] = ...) -> None: ...

class InspectResponse(_message.Message):
    __slots__ = ("critique", "annotated", "report")
    CRITIQUE_FIELD_NUMBER: _ClassVar[int]
    ANNOTATED_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    critique: Critique
    annotated: _image_pb2.Image
    report: _report_pb2.Report
    def __init__(self, critique: _Optional[_Union[Critique, _Mapping]] = ..., annotated: _Optional[_Union[_image_pb2.Image, _Mapping]] = ..., report: _Optional[_Union[_report_pb2.Report, _Mapping]] = ...) -> None: ...
