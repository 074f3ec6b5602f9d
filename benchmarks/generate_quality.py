"""Generate, quality: what the embedded generator draws, beside real portraits that it never saw.

`python benchmarks/generate_quality.py [--portraits FOLDER] [--samples N] [--seeds N] [--sheet JPEG]`, or the folder in
ATELIER_PORTRAITS. Samples are those of seeds 0, 1, 2 …, none left out.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "deploy" / "training" / part / "src") for part in ("base", "upscale")]
from atelier_generate.brief import Brief  # noqa: E402 - found by the path above
from atelier_imaging.picture import Picture  # noqa: E402
from atelier_imaging.portrait import Portrait  # noqa: E402
from atelier_inspect.critique import PASS_FROM, criticise  # noqa: E402
from atelier_training_base.album import album  # noqa: E402
from atelier_training_base.evaluate import (  # noqa: E402
    FRAME,
    Response,
    Seen,
    briefs_like,
    drawn,
    kernel_distances,
    likeness,
    low_rank,
    photograph,
    responses,
    seen,
)
from atelier_training_base.studio import models  # noqa: E402
from atelier_training_base.survey import Survey, survey  # noqa: E402
from atelier_training_upscale.photographs import is_held_out, load, portraits  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

MOST_BLURRED = 150
JUDGED = 100
SHEET_COLUMNS, SHEET = 8, 64
TILE = (176, 220)


def surveyed(folder: Path, work: Path, runner: ModelRunner) -> Survey:
    """Return the survey of the portraits, from the training's folder where it has one."""
    if not (work / "survey.npz").is_file():
        work.mkdir(parents=True, exist_ok=True)
        survey([(path.name, load(path)) for path in portraits(folder)], runner).write(work / "survey.npz")
    return Survey.read(work / "survey.npz")


def faces(samples: Seen, people: Survey, folder: Path) -> Iterator[str]:
    """Say whether there are faces, and whose."""
    apart = np.array([is_held_out(folder / str(name)) for name in people.names])
    found = likeness(samples, people.embeddings[~apart], people.embeddings[apart])
    yield f"| {samples.looked_at} samples | measured | goal |"
    yield "|---|---|---|"
    yield f"| a face is found | {samples.found:.1%} | ≥ 99 % |"
    yield f"| median distance between two samples | {found.between_samples:.3f} | people: {found.between_people:.3f} |"
    yield (
        f"| nearest training portrait: least / 1st percentile | {found.nearest[1]:.3f} / {found.nearest[0]:.3f} "
        f"| ≥ {found.line:.3f}, the 1st percentile between people |"
    )
    least, low = found.held_out_nearest[::-1]
    yield f"| the same of people who were held out | {least:.3f} / {low:.3f} | |"
    others = f"people held out: {found.held_out_below:.1%}"
    yield f"| nearer than that line to a training portrait | {found.below:.1%} | {others} |"
    yield ""


def realism(real: Seen, others: dict[str, Seen]) -> Iterator[str]:
    """Say how far each set is from portraits that were held out."""
    yield f"| kernel distance from {len(real.measures)} held-out portraits | by the face encoder | texture and colour |"
    yield "|---|---|---|"
    for name, (by_face, by_texture) in kernel_distances(real, others).items():
        yield f"| {name} | {by_face:.3f} | {by_texture:.3f} |"
    yield ""


def critic(sets: Mapping[str, Sequence[NDArray[np.uint8]]], runner: ModelRunner) -> Iterator[str]:
    """Say what the realism critic makes of each set; pictures without a face do not pass."""
    yield f"| what the critic says | realism, median | passes (≥ {PASS_FROM:g}) | of the real portraits' |"
    yield "|---|---|---|---|"
    scores = {name: np.array([realism_of(each, runner) for each in pictures]) for name, pictures in sets.items()}
    passes = {name: float((found >= PASS_FROM).mean()) for name, found in scores.items()}
    real = next(iter(passes.values()))
    for name, found in scores.items():
        yield f"| {name} | {np.median(found):.2f} | {passes[name]:.0%} | {passes[name] / real:.2f} |"
    yield ""


def realism_of(picture: NDArray[np.uint8], runner: ModelRunner) -> float:
    """Return the critic's score of a picture, 0..1; 0 where it finds no face or cannot tell."""
    portrait = Portrait(Picture.from_array(picture), runner)
    return (criticise(portrait).realism or 0.0) if portrait.faces else 0.0


def controls(found: Sequence[Response]) -> Iterator[str]:
    """Say what each control does."""
    yield "| control | measured by | settings | measured, mean | spread between seeds | monotone |"
    yield "|---|---|---|---|---|---|"
    for each in found:
        rises = bool((np.diff(each.measured) > 0).all())
        means = " · ".join(f"{value:.2f}" for value in each.measured)
        yield (
            f"| {each.control} | `{each.measure}` | {' · '.join(each.settings)} | {means} | {each.spread:.2f} "
            f"| {'yes' if rises else 'no'} |"
        )


def sheet(pictures: Sequence[NDArray[np.uint8]], path: Path) -> None:
    """Write the first pictures, none left out, as one JPEG."""
    small = [cv2.resize(each, TILE, interpolation=cv2.INTER_AREA) for each in pictures[:SHEET]]
    rows = [np.concatenate(small[start : start + SHEET_COLUMNS], axis=1) for start in range(0, SHEET, SHEET_COLUMNS)]
    Image.fromarray(np.concatenate(rows)).save(path, quality=88, subsampling=0)


def said(lines: Iterator[str]) -> None:
    """Print a part as soon as it is known; the whole takes half an hour."""
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portraits", type=Path, default=os.environ.get("ATELIER_PORTRAITS"))
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=5, help="Sitters that each control is tried on.")
    parser.add_argument("--sheet", type=Path, help=f"Write the first {SHEET} samples there, as a JPEG.")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "atelier-generate-quality")
    asked = parser.parse_args()
    if asked.portraits is None:
        raise SystemExit("name a folder of portraits: --portraits, or ATELIER_PORTRAITS")
    runner = models()
    people = surveyed(asked.portraits, asked.work, runner)
    apart, known = album(people, asked.portraits, held_out=True), album(people, asked.portraits).pictures
    half = len(apart.pictures) // 2  # the other half are mirror images
    unseen = [photograph(each) for each in apart.pictures[:half]]
    alike = list(enumerate(2 * briefs_like(apart.attributes[:half])))
    pictures = drawn([(seed, Brief(frame=FRAME)) for seed in range(asked.samples)], runner)
    if asked.sheet is not None:
        sheet(pictures, asked.sheet)
    real, samples = seen(unseen, runner), seen(pictures, runner)
    few = known[: len(known) // 2][:: max(1, len(known) // 2 // MOST_BLURRED)]
    others = {
        "the generator": samples,
        "the generator, asked for the held-out sitters' age, sex and skin": seen(drawn(alike, runner), runner),
        "the statistics alone, without the network": seen([low_rank(seed) for seed in range(MOST_BLURRED)], runner),
        "real portraits that were trained on, blurred": seen([photograph(each, blurred=True) for each in few], runner),
        "real portraits that were trained on": seen([photograph(each) for each in few], runner),
    }
    judged = {"real portraits, held out": unseen, "the generator": pictures[:: max(1, asked.samples // JUDGED)]}
    said(faces(samples, people, asked.portraits))
    said(realism(real, others))
    said(critic(judged, runner))
    said(controls(responses(range(asked.seeds), runner)))


if __name__ == "__main__":
    main()
