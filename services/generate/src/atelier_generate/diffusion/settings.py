"""Settings of the backend `diffusers`, read beside those of the service."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from atelier_rpc.places import home_folder
from atelier_rpc.settings import SettingsError, choice, number, setting

from atelier_generate.diffusion.families import DrawingFamily, families
from atelier_generate.settings import BASE

NOTHING: Final = "none"
MODELS: Final = "models"
LAYERS: Final = "layers"


def side(text: str) -> int:
    """Read a side in pixels; raise ValueError for one that no checkpoint takes."""
    value = int(text)
    if not 64 <= value <= 4096:
        raise ValueError(f"{text} is not between 64 and 4096")
    return value


@dataclass(frozen=True, slots=True)
class DiffusersSettings:
    """What the environment says to the generate service where a checkpoint draws."""

    family_name: str = setting(
        "ATELIER_GENERATOR_FAMILY",
        "flux2-klein-4b",
        f"The checkpoint's family: {', '.join(f'`{name}`' for name in families())}.",
        parse=choice(*families()),
    )
    checkpoint: str = setting(
        "ATELIER_GENERATOR_CHECKPOINT",
        "",
        "The checkpoint: a folder, or `OWNER/NAME@REVISION` of a model hub's cache. Empty: the folder "
        "`checkpoints/<family>` in `ATELIER_HOME`, where `atelier models pull` puts it.",
    )
    device: str = setting(
        "ATELIER_GENERATOR_DEVICE", "", "PyTorch's device. Empty: `cuda` where there is one, else `cpu`."
    )
    precision: str = setting(
        "ATELIER_GENERATOR_PRECISION",
        "",
        "`bfloat16`, `float16` or `float32`. Empty: `float32` on a processor, else `bfloat16`.",
        parse=choice("bfloat16", "float16", "float32"),
    )
    side: int = setting(
        "ATELIER_GENERATOR_SIDE",
        1024,
        "A portrait is drawn with at most this many pixels, squared; a larger one is enlarged.",
        parse=side,
    )
    offload: str = setting(
        "ATELIER_GENERATOR_OFFLOAD",
        NOTHING,
        f"What waits in the host's memory: `{NOTHING}`, `{MODELS}` that are not at work, or all but the `{LAYERS}` at "
        "work, which is slow.",
        parse=choice(NOTHING, MODELS, LAYERS),
    )
    tiles: bool = setting(
        "ATELIER_GENERATOR_TILES", False, "Decode pictures in tiles: less memory, and seams that may show."
    )
    attention: str = setting(
        "ATELIER_GENERATOR_ATTENTION",
        "",
        "How attention is computed, as diffusers names it, such as `flash` or `sage`. Empty: PyTorch's own.",
    )
    compiles: bool = setting(
        "ATELIER_GENERATOR_COMPILE",
        False,
        "Compile the denoiser: minutes at the first portrait of each size.",
    )
    base: str = setting(
        "ATELIER_GENERATOR_BASE",
        NOTHING,
        f"What a portrait begins from: `{NOTHING}`, or a portrait that `{BASE}` draws from the same seed.",
        parse=choice(NOTHING, BASE),
    )
    strength: float = setting(
        "ATELIER_GENERATOR_STRENGTH",
        0.6,
        "How far a portrait leaves what it begins from, 0.05 to 1.",
        parse=number(minimum=0.05, maximum=1.0),
    )
    home: Path | None = setting(  # noqa: RUF009 (it makes a dataclass field)
        "ATELIER_HOME", None, "Folder with `checkpoints/`. Empty: the user's data folder of `atelier`.", parse=Path
    )

    def __post_init__(self) -> None:
        """Raise SettingsError where the family cannot begin from anything, and is to."""
        if self.begins_from_base and not self.family.ground:
            raise SettingsError(f"ATELIER_GENERATOR_BASE: {self.family.title} begins from nothing but chance")

    @property
    def family(self) -> DrawingFamily:
        """Return the family of the checkpoint."""
        return families()[self.family_name]

    @property
    def folder(self) -> Path:
        """Return where `atelier models pull` puts the checkpoint."""
        return home_folder(self.home) / "checkpoints" / self.family_name

    @property
    def begins_from_base(self) -> bool:
        """Say whether portraits begin from one that the embedded generator draws."""
        return self.base == BASE
