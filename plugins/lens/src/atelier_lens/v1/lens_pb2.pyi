from atelier.v1 import face_pb2 as _face_pb2
from atelier.v1 import image_pb2 as _image_pb2
from atelier.v1 import report_pb2 as _report_pb2
from buf.validate import validate_pb2 as _validate_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Focus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FOCUS_UNSPECIFIED: _ClassVar[Focus]
    FOCUS_FACE: _ClassVar[Focus]
    FOCUS_EYES: _ClassVar[Focus]
FOCUS_UNSPECIFIED: Focus
FOCUS_FACE: Focus
FOCUS_EYES: Focus

class Background(_message.Message):
    __slots__ = ("image", "color", "blur", "adapt")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    COLOR_FIELD_NUMBER: _ClassVar[int]
    BLUR_FIELD_NUMBER: _ClassVar[int]
    ADAPT_FIELD_NUMBER: _ClassVar[int]
    image: _image_pb2.Image
    color: str
    blur: float
    adapt: float
    def __init__(self, image: _Optional[_Union[_image_pb2.Image, _Mapping]] = ..., color: _Optional[str] = ..., blur: _Optional[float] = ..., adapt: _Optional[float] = ...) -> None: ...

class Distortion(_message.Message):
    __slots__ = ("k1", "k2", "correct")
    K1_FIELD_NUMBER: _ClassVar[int]
    K2_FIELD_NUMBER: _ClassVar[int]
    CORRECT_FIELD_NUMBER: _ClassVar[int]
    k1: float
    k2: float
    correct: bool
    def __init__(self, k1: _Optional[float] = ..., k2: _Optional[float] = ..., correct: _Optional[bool] = ...) -> None: ...

class Lens(_message.Message):
    __slots__ = ("focal_mm", "aperture", "distance_m", "background_m", "focus", "blades", "highlights", "vignette", "distortion", "taken_with_mm", "background")
    FOCAL_MM_FIELD_NUMBER: _ClassVar[int]
    APERTURE_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_M_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_M_FIELD_NUMBER: _ClassVar[int]
    FOCUS_FIELD_NUMBER: _ClassVar[int]
    BLADES_FIELD_NUMBER: _ClassVar[int]
    HIGHLIGHTS_FIELD_NUMBER: _ClassVar[int]
    VIGNETTE_FIELD_NUMBER: _ClassVar[int]
    DISTORTION_FIELD_NUMBER: _ClassVar[int]
    TAKEN_WITH_MM_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    focal_mm: float
    aperture: float
    distance_m: float
    background_m: float
    focus: Focus
    blades: int
    highlights: float
    vignette: float
    distortion: Distortion
    taken_with_mm: float
    background: Background
    def __init__(self, focal_mm: _Optional[float] = ..., aperture: _Optional[float] = ..., distance_m: _Optional[float] = ..., background_m: _Optional[float] = ..., focus: _Optional[_Union[Focus, str]] = ..., blades: _Optional[int] = ..., highlights: _Optional[float] = ..., vignette: _Optional[float] = ..., distortion: _Optional[_Union[Distortion, _Mapping]] = ..., taken_with_mm: _Optional[float] = ..., background: _Optional[_Union[Background, _Mapping]] = ...) -> None: ...

class ApplyRequest(_message.Message):
    __slots__ = ("request_id", "image", "lens", "face", "output", "identity_floor", "include_mesh", "lower_strength_to_floor")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    LENS_FIELD_NUMBER: _ClassVar[int]
    FACE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FLOOR_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_MESH_FIELD_NUMBER: _ClassVar[int]
    LOWER_STRENGTH_TO_FLOOR_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    image: _image_pb2.Image
    lens: Lens
    face: _face_pb2.FaceSelector
    output: _image_pb2.OutputOptions
    identity_floor: float
    include_mesh: bool
    lower_strength_to_floor: bool
    def __init__(self, request_id: _Optional[str] = ..., image: _Optional[_Union[_image_pb2.Image, _Mapping]] = ..., lens: _Optional[_Union[Lens, _Mapping]] = ..., face: _Optional[_Union[_face_pb2.FaceSelector, _Mapping]] = ..., output: _Optional[_Union[_image_pb2.OutputOptions, _Mapping]] = ..., identity_floor: _Optional[float] = ..., include_mesh: _Optional[bool] = ..., lower_strength_to_floor: _Optional[bool] = ...) -> None: ...

class ApplyResponse(_message.Message):
    __slots__ = ("image", "report")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    image: _image_pb2.Image
    report: _report_pb2.Report
    def __init__(self, image: _Optional[_Union[_image_pb2.Image, _Mapping]] = ..., report: _Optional[_Union[_report_pb2.Report, _Mapping]] = ...) -> None: ...
