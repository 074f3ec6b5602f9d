"""Every measure of the critic: how it is taken, which values are odd, what it weighs, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from atelier_inspect.measures import coding, crispness, detail, edges, eyes, pose, shading, symmetry, texture, tones

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_inspect.scene import Sample, Scene

Side = Literal["low", "high", "both"]


@dataclass(frozen=True, slots=True)
class Spec:
    """One measure.

    `odd` says on which side values are not those of real portraits; `weight` is its share of the score, 0 where it
    tells of the photograph rather than of realism; such measures, and those with `warns_only`, never fail. `good`,
    `low` and `high` are the sentences for values that pass, and that are odd on either side.
    """

    name: str
    unit: str
    odd: Side
    good: str
    low: str = ""
    high: str = ""
    weight: float = 0.0
    warns_only: bool = False
    take: Callable[[Scene], Sample] | None = None


NATURAL_COLOUR: Final = "natural_colour"

SPECS: Final = (
    Spec("skin_texture", "log2_ratio", "low", "The skin has pores and lines as fine as the lashes let expect.",
         low="The skin is smoother than the lashes: it looks like plastic.", weight=0.20, take=texture.skin_texture),
    Spec("fine_detail", "log2_ratio", "low", "The face has the fine detail that photographs of its size have.",
         low="The face has less fine detail than photographs of its size: it looks blurred or painted.", weight=0.15,
         take=detail.fine_detail),
    Spec("crispness_around_face", "log2_ratio", "low", "Hair and clothes are as crisp as a lens draws them.",
         low="Hair and clothes are soft in every edge: they look painted, or lie far out of focus.", weight=0.15,
         warns_only=True, take=crispness.crispness_around_face),
    Spec("asymmetry", "share", "low", "Both halves of the face differ as those of real faces do.",
         low="Both halves of the face mirror each other more than real faces do.", weight=0.15,
         take=symmetry.asymmetry),
    Spec("edge_overshoot", "ratio", "high", "Edges are as a lens draws them.",
         high="Edges carry a bright and a dark line: the picture is sharpened too far.", weight=0.10,
         take=edges.edge_overshoot),
    Spec("catchlight_agreement", "correlation", "low", "Both eyes show the same lamp.",
         low="The eyes show different lamps, as if each stood in another room.", weight=0.10, warns_only=True,
         take=eyes.catchlight_agreement),
    Spec("shading_contrast", "ratio", "low", "Light models the face.",
         low="The face is lit from everywhere: light and shadow hardly model it.", weight=0.05, warns_only=True,
         take=shading.shading_contrast),
    Spec(NATURAL_COLOUR, "deviations", "high", "The skin has a natural colour.",
         high="The skin has a cast: the white balance is off.", weight=0.05),
    Spec("compression_artifacts", "ratio", "high", "No blocks of compression are seen.",
         high="The blocks of a strong compression are seen.", weight=0.05, take=coding.compression_artifacts),
    Spec("illumination_uniformity", "share", "low", "Both cheeks are lit alike.",
         low="One cheek is lit quite differently from the other.", take=shading.illumination_uniformity),
    Spec("luminance_mean", "of_1", "both", "The face is exposed well.", low="The face is dark.",
         high="The face is very bright.", take=tones.luminance_mean),
    Spec("luminance_variance", "of_1", "both", "The contrast of the face is usual.",
         low="The face has little contrast.", high="The face has a hard contrast.", take=tones.luminance_variance),
    Spec("under_exposure_prevention", "share", "high", "Shadows keep their detail.",
         high="Parts of the face drown in black.", take=tones.under_exposure_prevention),
    Spec("over_exposure_prevention", "share", "high", "Highlights keep their detail.",
         high="Parts of the face burn out.", take=tones.over_exposure_prevention),
    Spec("dynamic_range", "bits", "low", "The face has a full range of tones.", low="The face has few tones.",
         take=tones.dynamic_range),
    Spec("sharpness", "ratio", "low", "The face is in focus.", low="The face is soft: out of focus, or moved.",
         take=edges.sharpness),
    Spec("noise", "levels", "high", "Noise is low.", high="The picture is noisy.", take=coding.noise),
    Spec("background_uniformity", "lightness_per_pixel", "high", "The background is calm.",
         high="The background is busy.", take=tones.background_uniformity),
    Spec("single_face_present", "ratio", "high", "There is one face.", high="There is another face of some size.",
         take=pose.single_face_present),
    Spec("inter_eye_distance", "px", "low", "The face has enough pixels.", low="The face has few pixels.",
         take=pose.inter_eye_distance),
    Spec("head_size", "share", "both", "The head fills the frame as in a portrait.",
         low="The head is small in the frame.", high="The head is cut close.", take=pose.head_size),
    Spec("leftward_crop_of_the_face_image", "interocular", "low", "There is room left of the face.",
         low="The face is close to the left edge.", take=pose.leftward_crop_of_the_face_image),
    Spec("rightward_crop_of_the_face_image", "interocular", "low", "There is room right of the face.",
         low="The face is close to the right edge.", take=pose.rightward_crop_of_the_face_image),
    Spec("margin_above_of_the_face_image", "interocular", "low", "There is room above the brow.",
         low="The head is cut at the top.", take=pose.margin_above_of_the_face_image),
    Spec("margin_below_of_the_face_image", "interocular", "low", "There is room below the chin.",
         low="The picture ends close below the chin.", take=pose.margin_below_of_the_face_image),
    Spec("head_pose_yaw", "degrees", "high", "The face looks towards the lens.", high="The head is turned away.",
         take=pose.head_pose_yaw),
    Spec("head_pose_pitch", "degrees", "high", "The head is level.", high="The head is lifted or lowered.",
         take=pose.head_pose_pitch),
    Spec("head_pose_roll", "degrees", "high", "The head is upright.", high="The head is tilted.",
         take=pose.head_pose_roll),
    Spec("eyes_open", "ratio", "low", "The eyes are open.", low="An eye is closed, or nearly.", take=pose.eyes_open),
    Spec("mouth_closed", "ratio", "high", "The mouth is as open as in most portraits, or less.",
         high="The mouth is open further than in portraits.", take=pose.mouth_closed),
    Spec("expression_neutrality", "share", "low", "The expression is as neutral as in other portraits.",
         low="Hardly a portrait has an expression so far from neutral.", take=pose.expression_neutrality),
)  # fmt: skip
BY_NAME: Final = {spec.name: spec for spec in SPECS}
