"""What `atelier models list` shows."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Column, Table

from atelier_models import installed, parity

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_models.catalogue import Catalogue, Model


@dataclass(frozen=True, slots=True)
class Row:
    """One model; what is measured is absent until it is installed. Sizes in bytes, times in milliseconds a picture."""

    name: str
    version: str
    title: str
    license: str
    source: str
    precision: str
    installed: bool
    path: str
    size: int | None
    executor: str | None
    milliseconds: dict[str, float]
    largest_difference: float | None

    def as_json(self) -> dict[str, object]:
        """Return the row for `json.dumps`."""
        return dataclasses.asdict(self)


def rows(catalogue: Catalogue, home: Path) -> list[Row]:
    """Return a row for every model of the catalogue."""
    return [_row(model, catalogue, home) for model in catalogue.models.values()]


def table(shown: list[Row]) -> Table:
    """Return the rows as a table for the terminal."""
    name = Column("model", no_wrap=True, overflow="fold")  # it is what the other commands take
    made = Table(name, "what it is", "licence", "state", "executor", "differs by", box=None, pad_edge=False)
    for row in shown:
        times = ", ".join(f"{name} {value:.1f} ms" for name, value in row.milliseconds.items() if name == row.executor)
        differs = "" if row.largest_difference is None else f"{row.largest_difference:.1g}"
        state = f"{(row.size or 0) / 1e6:.1f} MB" if row.installed else "missing"
        made.add_row(row.name, row.title, row.license, state, times, differs)
    return made


def _row(model: Model, catalogue: Catalogue, home: Path) -> Row:
    place = installed.find(model, home)
    source = catalogue.sources[model.source]
    return Row(
        name=model.name,
        version=model.version,
        title=model.title,
        license=model.license,
        source=f"{source.package} {source.version} ({source.registry})",
        precision=model.precision,
        installed=place is not None,
        path=str(installed.folder_of(model, home)),
        size=place.graph.stat().st_size if place else None,
        executor=place.contract["executor"] if place else None,
        milliseconds=place.contract["trial"]["milliseconds"] if place else {},
        largest_difference=_difference(place.folder) if place else None,
    )


def _difference(folder: Path) -> float | None:
    """Return the largest difference that parity.json states, if it is there."""
    try:
        return parity.largest(json.loads((folder / installed.PARITY).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
