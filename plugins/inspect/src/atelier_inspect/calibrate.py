"""Calibrate the critic: `python -m atelier_inspect.calibrate PORTRAITS [--most N] [--write FILE]`.

Measures real portraits and writes the quantiles of every measure, of all and by classes of people. Portraits whose
name's SHA-256 is divisible by 9 are left out: the critic is tested on them. With `--most`, so many of the others are
measured, in the order of their names' MD5, for a trial.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.decode import decode
from atelier_imaging.portrait import Portrait
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels
from atelier_service.settings import ServiceSettings

from atelier_inspect.calibration import ALL, ENDS, FEWEST_IN_CLASS, SHARES
from atelier_inspect.catalogue import NATURAL_COLOUR, SPECS
from atelier_inspect.measures.tones import colours
from atelier_inspect.people import classes_of
from atelier_inspect.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

    # Classes of people, what was measured, and the colours of the skin where there are any.
    Row = tuple[tuple[str, ...], Mapping[str, float], NDArray[np.float64] | None]

HELD_OUT_ONE_IN: Final = 9
# Tails of a few hundred portraits are known to fewer digits than this.
_DIGITS: Final = 3


def is_held_out(path: Path) -> bool:
    """Say whether a portrait is kept from calibration, by its name alone."""
    return int(hashlib.sha256(path.name.encode()).hexdigest(), 16) % HELD_OUT_ONE_IN == 0


def taken(path: Path, models: ModelRunner) -> Row | None:
    """Return a portrait's classes of people, what was measured of it, and its colours; None where it has no face."""
    portrait = Portrait(decode(path.read_bytes()), models)
    if not portrait.faces:
        return None
    scene = Scene(portrait)
    samples = {spec.name: spec.take(scene).value for spec in SPECS if spec.take}
    return classes_of(scene), {name: value for name, value in samples.items() if value is not None}, colours(scene)


def calibrated(rows: Iterable[Row]) -> dict[str, object]:
    """Return the calibration, ready for JSON, of what was measured of real portraits."""
    known = list(rows)
    coloured = np.array([found for _, _, found in known if found is not None])
    mean, inverse = coloured.mean(axis=0), np.linalg.inv(np.cov(coloured.T))
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for people, samples, found in known:
        each = dict(samples)
        if found is not None:
            each[NATURAL_COLOUR] = float(np.sqrt((found - mean) @ inverse @ (found - mean)))
        for name, value in each.items():
            for each_class in (ALL, *people):
                values[name][each_class].append(value)
    return {
        "portraits": len(known),
        "classes": dict(sorted(Counter(name for people, _, _ in known for name in people).items())),
        "shares": list(SHARES),
        "shares_of_classes": list(ENDS),
        "colour": {"mean": _rounded(mean), "inverse_covariance": [_rounded(row) for row in inverse]},
        "quantiles": {
            spec.name: {
                name: _rounded(np.quantile(found, SHARES if name == ALL else ENDS))
                for name, found in sorted(values[spec.name].items())
                if name == ALL or len(found) >= FEWEST_IN_CLASS
            }
            for spec in SPECS
        },
    }


def _order(path: Path) -> str:
    """Return what portraits are ordered by: as good as chance, and the same everywhere."""
    return hashlib.md5(path.name.encode(), usedforsecurity=False).hexdigest()


def _rounded(values: Sequence[float] | NDArray[np.float64]) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values]


def main() -> None:
    """Measure, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", type=Path)
    parser.add_argument("--most", type=int, help="Measure so many portraits. Default: all.")
    parser.add_argument("--write", type=Path, default=Path(__file__).with_name("calibration.json"))
    parser.add_argument("--models", type=Path, default=ServiceSettings().models_folder)
    asked = parser.parse_args()
    paths = sorted((path for path in asked.portraits.glob("*.jp*g") if not is_held_out(path)), key=_order)[: asked.most]
    models = CallModels(InProcessModels(asked.models), cancellation=Cancellation(), deadline=math.inf)
    document = calibrated(row for path in paths if (row := taken(path, models)) is not None)
    asked.write.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    sys.stdout.write(f"{document['portraits']} portraits: {asked.write}\n")


if __name__ == "__main__":
    main()
