"""Generate: from words to a portrait at 4K, one step after the other, and nobody was photographed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_client import Grade, Grain, Relighting, sheet
from rich.table import Table

if TYPE_CHECKING:
    from atelier_client import PictureResult
    from atelier_client.generate import Candidate, Generated

    from atelier_demo.studio import Studio

WORDS = "a man in his forties, dark hair, a smile, 85mm"
CANDIDATES, SEED = 4, 2
PATTERN, GRADE, STOCK = "rembrandt", "portrait_natural", "portra_400"


def run(studio: Studio) -> None:
    """Draw four candidates, take the most natural to light, colour and size, and show each step."""
    client = studio.client
    drawn = client.generate(WORDS, candidates=CANDIDATES, seed=SEED)
    studio.keep("generate", drawn, other=True)
    relit = client.edit.relight(drawn.bytes, Relighting(pattern=PATTERN))
    studio.keep("generate-relit", relit, other=True)
    graded = client.style.apply(relit.bytes, grade=Grade(preset=GRADE), grain=Grain(stock=STOCK), seed=SEED)
    studio.keep("generate-graded", graded, other=True)
    large = client.upscale(graded.bytes, target="4K")
    studio.keep("generate-4k", large, other=True)
    _sheet(studio, drawn, {"relit": relit, "graded": graded, "4K": large})
    studio.tables.append(_table(drawn))


def _sheet(studio: Studio, drawn: Generated, steps: dict[str, PictureResult]) -> None:
    captions = {
        "relit": f"`relight`: {PATTERN}",
        "graded": f"`style`: {GRADE} on {STOCK}",
        "4K": f"`upscale`: {steps['4K'].report.output.width} × {steps['4K'].report.output.height}",
    }
    ranked = [
        sheet.Tile(one.to_pil(), f"{rank}. seed {one.seed}", _realism(one))
        for rank, one in enumerate(drawn.candidates, 1)
    ]
    made = [sheet.Tile(result.to_pil(), name, captions[name]) for name, result in steps.items()]
    page = sheet.contact_sheet(
        [*ranked, sheet.Tile(drawn.to_pil(), "chosen", "as it was drawn"), *made],
        title="Generate",
        subtitle=f'"{WORDS}"',
        columns=CANDIDATES,
        tile_pixels=400,
    )
    sheet.save(page, str(studio.folder / "generate.jpg"))


def _realism(candidate: Candidate) -> str:
    value = candidate.value("realism")
    return "realism not measured" if value is None else f"realism {value:.2f}"


def _table(drawn: Generated) -> Table:
    """Lay out the candidates from the most natural."""
    names = [measure.name for measure in drawn.candidates[0].measures]
    table = Table("rank", "seed", *(name.replace("_", " ") for name in names), title="From words to candidates")
    for rank, one in enumerate(drawn.candidates, 1):
        values = (one.value(name) for name in names)
        table.add_row(str(rank), str(one.seed), *("-" if value is None else f"{value:.3g}" for value in values))
    return table
