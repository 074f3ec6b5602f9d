"""Identity: whether all that was made of the portrait still shows the same person."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageEnhance
from rich.table import Table

if TYPE_CHECKING:
    from atelier_client import Verification
    from atelier_client.pictures import PictureSource

    from atelier_demo.studio import Studio


def run(studio: Studio) -> None:
    """Enrol the person by three variations of the portrait, verify every picture of the demo, delete the profile."""
    portrait = Image.open(io.BytesIO(studio.portrait)).convert("RGB")
    pictures: dict[str, PictureSource] = {"the portrait": portrait}
    pictures |= {name: studio.picture_of(name) for name in studio.reports if name not in studio.others}
    table = Table(
        *("picture", "similarity", "strangers as alike, at most", "verdict", "confidence"),
        title="Still the same person?",
    )
    identity = studio.client.identity
    profile = identity.create_profile("demo", _references(portrait))
    for name, picture in pictures.items():
        table.add_row(name, *_cells(identity.verify(profile.id, picture)))
    identity.delete_profile(profile.id)
    studio.tables.append(table)


def _references(portrait: Image.Image) -> list[Image.Image]:
    """Vary a portrait as pictures of one person vary in light and framing."""
    width, height = portrait.size
    crop = portrait.crop((width // 16, 0, width, 15 * height // 16))
    return [portrait, crop, ImageEnhance.Brightness(portrait).enhance(0.8)]


def _cells(found: Verification) -> tuple[str, ...]:
    likeness = found.likeness
    if likeness.similarity is None or likeness.false_accept_rate is None or found.confidence is None:
        return ("-", "-", likeness.explanation, "-")
    colour = "green" if found.passed else "bold red"
    return (
        f"{likeness.similarity:.3f}",
        f"1 in {1 / likeness.false_accept_rate:,.0f}",
        f"[{colour}]{likeness.verdict.name.lower()}[/]",
        f"{found.confidence:.4f}",
    )
