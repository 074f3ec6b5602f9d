"""What every step of the demo is given, and what it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_client import Atelier, PictureResult
    from atelier_client.report import Report
    from PIL.Image import Image as PilImage
    from rich.table import Table


@dataclass(slots=True)
class Studio:
    """A client of the running stack, the portrait to work on, and the folder that pictures go to.

    Each step adds the report of what it did under a name; all end in `report.json` and in the table of measures.
    `others` names the pictures that show somebody else than the portrait. What else a step has to say in figures is
    printed as a table of its own.
    """

    client: Atelier
    portrait: bytes
    folder: Path
    reports: dict[str, Report] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    tables: list[Table] = field(default_factory=list)

    def keep(self, name: str, result: PictureResult, *, other: bool = False) -> PilImage:
        """Write a result as `NAME.png`, remember its report and return its picture; `other` shows somebody else."""
        result.save(self.picture_of(name))
        if other:
            self.others.add(name)
        self.reports[name] = result.report
        return result.to_pil()

    def picture_of(self, name: str) -> Path:
        """Return where the result of that name was written."""
        return self.folder / f"{name}.png"

    def to_dict(self) -> dict[str, Any]:
        """Give all reports as values of JSON."""
        return {name: report.to_dict() for name, report in self.reports.items()}
