"""The model card, written from what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    Figures = Mapping[str, Mapping[str, Mapping[str, float]]]

COLUMNS = {
    "psnr_y": ("PSNR-Y, dB", ".2f"),
    "ssim": ("SSIM", ".4f"),
    "gmsd": ("MS-GMSD", ".4f"),
    "texture_ratio": ("fine detail, share of the truth's", ".2f"),
    "oriented_energy": ("hair and lashes, × bicubic", ".2f"),
    "overshoot": ("overshoot, share of the step", ".3f"),
}

HEAD = """# Atelier's upscaler

Four small convolutional networks that enlarge photographs, portraits before all: `upscaler_faithful_x2`,
`upscaler_faithful_x4` (nearest to the truth where a picture was only made smaller) and `upscaler_restore_x2`,
`upscaler_restore_x4` (for pictures that were blurred, sharpened, noisy or saved as JPEG).

| | |
|---|---|
| In | `image` float32 [N, H, W, 3], RGB, display-encoded (sRGB or Display P3), 0 to 1; any N, H, W |
| Out | `detail` float32 [N, s·H, s·W, 3], to be added to the bicubic enlargement (Keys, a = −0.5) |
| Size | five residual blocks of 3×3 convolutions, 48 channels; 214,380 (×2) and 229,968 (×4) half-precision numbers |
| Sight | twelve pixels of the input around each |
| Licence | Apache-2.0 |

## Data

Official portraits of members of the United States Congress, works of its government and in the public domain there
(17 USC § 105): 225 × 275 pixels, JPEG; nobody's endorsement is implied. Those whose name's SHA-256 is divisible by nine
are held out and were never trained on. Beside them three photographs that come with Python packages: Grace Hopper
(matplotlib; United States Navy, public domain), and *China* and *Flower* (scikit-learn; Creative Commons Attribution).
A twelfth of the patches is drawn: flat shapes and strands, whose edges have no halo.

What the portraits are matters. The sitters are American, adult and mostly white, men and over fifty; lit softly, in
front of studio backdrops, retouched by the customs of the office. Few have very dark skin, few wear long or tightly
curled hair, none is a child. A network of this size learns edges and textures within a dozen pixels rather than
faces, which makes that matter less than it would for a generator, not nothing. The files' own JPEG grain is in the
targets too; every other patch is reduced before use, which removes it.

## Training

{steps:,} steps of {threads} processor threads in {minutes:.0f} minutes, shared with other work; batches of 24 patches
of 32 × 32 pixels of the input, two of three for ×4; Adam with a rate that falls from 1e-3 on half a cosine, mean
weights (decay 0.999), convolutions in bfloat16. For the first 35 % of the time there is one network, then one for
each purpose, taking turns. Loss: Charbonnier distance of pixels, L1 distance of luma's gradients, what goes beyond
everything nearby (halos), and for *restore* the strength of gradients in cells of 8 × 8 pixels. No adversary, so
nothing is rewarded for being invented. *restore* is released with seven tenths of its own weights and three tenths of
*faithful*'s: alone it took pores for noise.

## Figures

Means over pictures. PSNR and SSIM of BT.601 luma, four border pixels shaved, without the back-projection of the
service. MS-GMSD is a perceptual distance without a network (Xue et al. 2014; Zhang et al. 2017), smaller is better.
*Degraded* is the random chain of the training on portraits it never saw: mild blur, five resizers, over-sharpening,
noise, JPEG of quality 40 to 95. Overshoot is the 95th percentile over the edges of a photograph, and for *steps*, drawn
at six angles as a sensor would see them, the worst single pixel.
"""

LIMITS = """
## Limits

* What is lost is not found: a lash thinner than a pixel of the input is drawn as a plausible edge or not at all.
* *faithful* takes noise and JPEG blocks for detail and sharpens them; *restore* takes very fine texture for noise.
* Small text and regular fine patterns can come out wrong (aliased input), as with any network of this size.
* Made for enlarging photographs for print and screen. Not evidence: an enlarged face identifies nobody.
"""


@dataclass(frozen=True, slots=True)
class Story:
    """How long the networks were trained: steps, seconds, processor threads."""

    steps: int
    seconds: float
    threads: int


def card(story: Story, figures: Figures) -> str:
    """Return the card as Markdown."""
    head = HEAD.format(steps=story.steps, minutes=story.seconds / 60, threads=story.threads)
    return head + "".join(_table(task, methods) for task, methods in figures.items()) + LIMITS


def _table(task: str, methods: Mapping[str, Mapping[str, float]]) -> str:
    keys = list(next(iter(methods.values())))
    lines = [
        f"\n### {task[0].upper()}{task[1:]}\n",
        "| | " + " | ".join(COLUMNS[key][0] for key in keys) + " |",
        "|---" * (len(keys) + 1) + "|",
        *(_row(name, values) for name, values in methods.items()),
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, values: Mapping[str, float]) -> str:
    return f"| {name} | " + " | ".join(format(value, COLUMNS[key][1]) for key, value in values.items()) + " |"
