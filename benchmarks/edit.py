"""Edit: relighting against rendered truth, the light found back, gates by skin, detail by control, speed and memory.

`python benchmarks/edit.py [--json FILE] [--portraits FOLDER] [--quick]`. The folder holds JPEGs of portraits, one
person each (default: $ATELIER_PORTRAITS, or `shared/portraits` beside the repository); without one, only speed and
memory are measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks import edit_portraits, edit_speed, edit_truth
from tests.services.edit.truth.sitters import models

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "portraits"
SITTERS, PORTRAITS = 24, 36


def of_portraits(folder: Path, share: float) -> list[str]:
    """Measure what needs portraits."""
    paths, runner = sorted(folder.glob("*.jpg")), models()
    if not paths:
        return [f"No portraits are in {folder.name}: nothing was measured on faces. Set ATELIER_PORTRAITS.", ""]
    truth = edit_truth.measure(paths, max(2, round(share * SITTERS)), runner)
    few = edit_portraits.chosen(paths, max(6, round(share * PORTRAITS)), runner)
    light = edit_portraits.measure_light(few, runner)
    detail = edit_portraits.measure_detail(few[::2], runner)
    return [
        *edit_truth.tables(truth),
        *edit_portraits.light_tables(light),
        *edit_portraits.detail_tables(detail),
    ]


def main() -> None:
    """Measure, print Markdown, and write the figures of speed as JSON where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures of speed to FILE as well")
    default = Path(os.environ.get("ATELIER_PORTRAITS", FOLDER))
    parser.add_argument("--portraits", type=Path, default=default, metavar="FOLDER", help="JPEGs of one person each")
    parser.add_argument("--quick", action="store_true", help="a sixth of the portraits")
    asked = parser.parse_args()
    figures = edit_speed.measure()
    lines = edit_speed.tables(figures) + of_portraits(asked.portraits, 1 / 6 if asked.quick else 1.0)
    sys.stdout.write("\n".join(lines).rstrip() + "\n")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
