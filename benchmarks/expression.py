"""Expression: speed and memory, and on real portraits whether the result measures what was asked.

`python benchmarks/expression.py [--portraits FOLDER] [--count 210] [--json FILE]`. The folder holds JPEGs of portraits,
one person each (default: $ATELIER_PORTRAITS, or `shared/portraits` beside the repository); without one, only speed and
memory are measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks import expression_portraits, expression_speed

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "portraits"


def of_portraits(folder: Path, count: int) -> list[str]:
    """Measure what needs portraits."""
    if not any(folder.glob("*.jpg")):
        return [f"No portraits are in {folder.name}: nothing was measured on faces. Set ATELIER_PORTRAITS.", ""]
    figures, refused = expression_portraits.measure(folder, count)
    results = sum(way == "atelier" for _, way, _ in figures)
    said = f"{count} portraits, {results} adjustments. Refused: {refused or 'none'}."
    return [said, "", *expression_portraits.tables(figures)]


def main() -> None:
    """Measure, print Markdown, and write the figures of speed as JSON where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("ATELIER_PORTRAITS", FOLDER))
    parser.add_argument("--portraits", type=Path, default=default, metavar="FOLDER", help="JPEGs of one person each")
    parser.add_argument("--count", type=int, default=210, metavar="N", help="how many of them")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures of speed to FILE as well")
    asked = parser.parse_args()
    figures = expression_speed.measure()
    lines = expression_speed.tables(figures) + of_portraits(asked.portraits, asked.count)
    sys.stdout.write("\n".join(lines).rstrip() + "\n")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
