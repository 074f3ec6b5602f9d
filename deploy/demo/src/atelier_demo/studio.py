"""What every step of the demo is given, and what it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_client import Atelier, PictureResult
    from atelier_client.report import Report
    from PIL.Image import Image as PilImage


@dataclass(slots=True)
class Studio:
    """A client of the running stack, the portrait to work on, and the folder that pictures go to.

    Each step adds the report of what it did under a name; all end in `report.json` and in the table of measures.
    """

    client: Atelier
    portrait: bytes
    folder: Path
    reports: dict[str, Report] = field(default_factory=dict)

    def keep(self, name: str, result: PictureResult) -> PilImage:
        """Write a result as `NAME.png`, remember its report and return its picture."""
        result.save(self.folder / f"{name}.png")
        self.reports[name] = result.report
        return result.to_pil()

    def to_dict(self) -> dict[str, Any]:
        """Give all reports as values of JSON."""
        return {name: report.to_dict() for name, report in self.reports.items()}
