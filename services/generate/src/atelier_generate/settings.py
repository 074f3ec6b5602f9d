"""Settings of the generate service, read beside those of every service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from atelier_rpc.settings import choice, setting

BASE: Final = "atelier-base"
DIFFUSERS: Final = "diffusers"
TRITON: Final = "triton"


def count(text: str) -> int:
    """Read how many calls may be drawn at once; raise ValueError for less than one or more than a device holds."""
    value = int(text)
    if not 1 <= value <= 64:
        raise ValueError(f"{text} is not between 1 and 64")
    return value


@dataclass(frozen=True, slots=True)
class GenerateSettings:
    """What the environment says to the generate service."""

    generator: str = setting(
        "ATELIER_GENERATOR",
        BASE,
        f"What draws: `{BASE}`, the embedded generator, or a checkpoint of a diffusion model, in this process "
        f"(`{DIFFUSERS}`) or in Triton (`{TRITON}`).",
        parse=choice(BASE, DIFFUSERS, TRITON),
    )
    at_once: int = setting(
        "ATELIER_GENERATOR_AT_ONCE", 1, "Calls that are drawn at once: as many as the device has room for.", parse=count
    )
    identity_address: str = setting(
        "ATELIER_IDENTITY_ADDRESS",
        "",
        "gRPC address of IdentityService, which compares candidates with a profile. Empty: no profiles.",
    )
