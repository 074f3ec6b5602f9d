"""How a face moves with its expression, measured on a folder of portraits: writes `fields.npz`.

`python services/expression/measure_fields.py PORTRAITS`. Every portrait's mesh is laid onto the mean head, and every
point's place is explained by four things measured on the same mesh: smile, opening of the mouth, opening of the eyes
and height of the brows. What a point moves for each of them, the other three held, is its field. Meshes count twice, as
they are and mirrored, so that the fields are symmetric. Slopes over hundreds of people are kept, and nothing of any one
of them.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.decode import decode
from atelier_imaging.portrait import Portrait
from atelier_imaging.pose import head_frame
from atelier_imaging.topology import FACE_POINTS, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from atelier_models.home import default_home
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from numpy.typing import NDArray

OUT: Final = Path(__file__).parent / "src" / "atelier_expression" / "fields.npz"
NAMES: Final = ("smile", "jaw", "eyes", "brows")
BROWS: Final = (105, 66, 334, 296)
# Turned heads are measured less well.
MAX_YAW_DEGREES, MAX_PITCH_DEGREES = 12.0, 10.0


def faces(folder: Path) -> list[Face]:
    """Analyse every portrait of a folder and return the faces that look into the lens."""
    backend = InProcessModels(default_home() / "models")
    models = CallModels(backend, cancellation=Cancellation(), deadline=time.monotonic() + 3600)
    found = [Portrait(decode(path.read_bytes()), models).faces for path in sorted(folder.glob("*.jpg"))]
    firsts = [each[0] for each in found if each]
    return [
        face
        for face in firsts
        if abs(face.pose.yaw_degrees) < MAX_YAW_DEGREES and abs(face.pose.pitch_degrees) < MAX_PITCH_DEGREES
    ]


def mirrored(mean: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the index of every point's mirror point, found as the one nearest to its mirror image."""
    _, index = cKDTree(mean).query(mean * (-1, 1, 1))
    return np.asarray(index)


def brow_height(head: NDArray[np.float64]) -> float:
    """Return how far the brows are above the eye corners."""
    return float(head[list(BROWS), 1].mean() - head[[*LEFT_EYE_CORNERS, *RIGHT_EYE_CORNERS], 1].mean())


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("portraits", type=Path)
    found = faces(parser.parse_args().portraits)
    heads = np.stack([head_frame(face.mesh).to_head(face.mesh)[:FACE_POINTS] for face in found])
    measured = np.array(
        [
            (
                face.expression.smile,
                face.expression.mouth_open,
                (face.expression.left_eye_open + face.expression.right_eye_open) / 2,
                brow_height(head),
            )
            for face, head in zip(found, heads, strict=True)
        ]
    )
    index = mirrored(heads.mean(axis=0))
    both = np.concatenate([heads, heads[:, index] * (-1, 1, 1)])
    causes = np.concatenate([measured, measured]) - measured.mean(axis=0)
    slopes, *_ = np.linalg.lstsq(causes, (both - both.mean(axis=0)).reshape(len(both), -1))
    fields = slopes.reshape(len(NAMES), FACE_POINTS, 3)
    fields = (fields + fields[:, index] * (-1, 1, 1)) / 2
    np.savez_compressed(OUT, **dict(zip(NAMES, fields.astype(np.float16), strict=True)))
    print(f"{len(found)} faces, {OUT.stat().st_size} bytes")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
