"""Run all experiments and write their figures into `docs/91-scale.md`: `python -m atelier_simulation docs`."""

from __future__ import annotations

import sys
from pathlib import Path

from atelier_simulation.page import write

if __name__ == "__main__":
    docs = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    write(docs / "91-scale.md", docs / "images")
