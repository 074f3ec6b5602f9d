"""Which of the mesh's 478 points are what.

The numbering is that of MediaPipe's face mesh (Kartynnik et al., "Real-time Facial Surface Geometry from Monocular
Video on Mobile GPUs", 2019). Closed outlines run around the part; "left" and "right" are the subject's own.
"""

from __future__ import annotations

from typing import Final

FACE_POINTS: Final = 468

FACE_OVAL: Final = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
LEFT_EYE: Final = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
RIGHT_EYE: Final = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_BROW: Final = (276, 283, 282, 295, 285, 336, 296, 334, 293, 300)
RIGHT_BROW: Final = (46, 53, 52, 65, 55, 107, 66, 105, 63, 70)
LIPS_OUTER: Final = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
LIPS_INNER: Final = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)

# Iris: the middle, then four points of the rim.
RIGHT_IRIS: Final = (468, 469, 470, 471, 472)
LEFT_IRIS: Final = (473, 474, 475, 476, 477)

# Eye corners (outer, inner) and lids (upper, lower) at the same place along the eye.
LEFT_EYE_CORNERS: Final = (263, 362)
RIGHT_EYE_CORNERS: Final = (33, 133)
LEFT_LIDS: Final = ((386, 374), (385, 380), (387, 373))
RIGHT_LIDS: Final = ((159, 145), (158, 153), (160, 144))

MOUTH_CORNERS: Final = (61, 291)
INNER_MOUTH_CORNERS: Final = (78, 308)
INNER_LIPS: Final = ((13, 14), (82, 87), (312, 317))
OUTER_LIPS_MIDDLE: Final = (0, 17)

# Patches of skin that are rarely covered; the cheeks run from below the eye to beside the mouth.
RIGHT_CHEEK: Final = (116, 117, 118, 119, 120, 100, 142, 36, 205, 187, 147, 123)
LEFT_CHEEK: Final = (345, 346, 347, 348, 349, 329, 371, 266, 425, 411, 376, 352)
FOREHEAD: Final = (103, 67, 109, 10, 338, 297, 332, 333, 299, 337, 151, 108, 69, 104)
NOSE: Final = (168, 193, 114, 129, 98, 2, 327, 358, 343, 417)
