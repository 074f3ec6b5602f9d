"""Calibrate a face encoder: `python -m atelier_training_identity PORTRAITS --write ENCODER.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import cv2
import numpy as np
from atelier_imaging.identity import DEFAULT_ENCODER, load_encoder, similarity_of_rate
from atelier_models.home import default_home
from rich.progress import track

from atelier_training_identity import curves
from atelier_training_identity.gathering import Sitter, gather, in_process
from atelier_training_identity.variations import VARIATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

# The rate that verification uses unless it is told another one.
USUAL_RATE = 1e-3


def calibration(sitters: Sequence[Sitter]) -> dict[str, Any]:
    """Return the curves and figures of an encoder, as its file holds them. Nothing in it is about a single person."""
    strangers, names = curves.between_people(np.stack([one.embedding for one in sitters])), list(VARIATIONS)
    same = curves.within_people(sitters, names)
    threshold = float(np.quantile(strangers, USUAL_RATE))
    error, error_distance = curves.equal_error_rate(strangers, same)
    return {
        "people": len(sitters),
        "pairs": len(strangers),
        "false_accepts": curves.false_accepts(strangers),
        "same_person_pairs": len(same),
        "false_rejects": curves.false_rejects(same),
        "equal_error_rate": error,
        "equal_error_distance": round(error_distance, 5),
        "accuracy_at_equal_error": round(curves.accuracy(strangers, same, error_distance), 6),
        "usual_rate": USUAL_RATE,
        "usual_distance": round(threshold, 5),
        "usual_similarity": round(similarity_of_rate(USUAL_RATE), 4),
        "by_variation": {name: _of_variation(sitters, name, threshold) for name in names},
        "by_skin": _of_groups(curves.by_skin(sitters), threshold),
        "by_sex": _of_groups(curves.by_sex(sitters), threshold),
    }


def _of_groups(groups: dict[str, list[Sitter]], threshold: float) -> dict[str, dict[str, float]]:
    """Return the figures of each group that has varied people in it."""
    names = list(VARIATIONS)
    varied = {name: those for name, those in groups.items() if len(those) > 1 and any(one.variations for one in those)}
    return {name: curves.of_group(those, names, threshold) for name, those in varied.items()}


def _of_variation(sitters: Sequence[Sitter], name: str, threshold: float) -> dict[str, float]:
    """Return how far a variation is from its portrait, and how often varied strangers are taken for the person."""
    same = curves.within_people(sitters, [name])
    varied = curves.between_people(np.stack([one.variations[name] for one in sitters if name in one.variations]))
    return {
        "pairs": len(same),
        "median_distance": round(float(np.median(same)), 4),
        "distance_of_1_in_100": round(float(np.quantile(same, 0.99)), 4),
        "false_reject_rate": round(float((same > threshold).mean()), 6),
        "false_accept_rate_among_varied": round(float((varied <= threshold).mean()), 6),
    }


@click.command()
@click.argument("portraits", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--encoder", default=DEFAULT_ENCODER, help="Name of an encoder, or the file that describes it.")
@click.option("--vary-every", default=2, show_default=True, help="Vary every so-manieth portrait.")
@click.option("--write", required=True, type=click.Path(path_type=Path), help="File that describes the encoder.")
def main(portraits: Path, encoder: str, vary_every: int, write: Path) -> None:
    """Calibrate a face encoder on PORTRAITS, a folder of JPEGs that show one person each, all of them different.

    Nothing of a single person is written: curves and means only. Takes some ten minutes for 760 portraits.
    """
    cv2.setNumThreads(1)
    chosen = load_encoder(encoder)
    paths = sorted(portraits.glob("*.jpg"))
    models = in_process(default_home() / "models")
    sitters = list(track(gather(paths, models, chosen, vary_every), "Embedding …", total=len(paths)))
    described = {
        "model": chosen.model,
        "size": chosen.size,
        "normalise": chosen.normalise,
        "alignment": [
            {"mesh": point, "at": [round(x, 6), round(y, 6)]}
            for point, (x, y) in zip(chosen.mesh_points, chosen.template.tolist(), strict=True)
        ],
        "calibration": calibration(sitters),
    }
    write.write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
