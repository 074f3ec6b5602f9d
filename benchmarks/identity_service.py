"""The identity service: calls of the running stack, and what a lock brings back.

Speed is measured end to end, by a client, on one portrait of 1024 x 1024 pixels. What a lock is worth is measured on
the real portraits of a folder (`ATELIER_PORTRAITS`), enlarged twice: each is distorted by our own mould, every
feature by up to 6 % of the distance between the pupils, and locked to the proportions that it had.
"""

from __future__ import annotations

import io
import os
import statistics
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import grpc
import numpy as np
import skimage.data
from atelier.v1 import identity_pb2, identity_pb2_grpc, image_pb2
from atelier_identity import proportions
from atelier_identity.lock import Wish, lock, warped
from atelier_imaging.decode import decode
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_local.stack import running_stack
from atelier_models.home import default_home
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

ROUNDS, WARM_UP = 40, 5
PROFILES = 1000
PORTRAITS = 60
LARGEST_DISTORTION = 0.06
FEATURES = tuple(feature.name for feature in proportions.FEATURES if feature.can_be_locked)


def speed() -> str:
    """Measure the calls of a running stack."""
    with (
        tempfile.TemporaryDirectory() as state,
        running_stack(Path(state), only=("identity",)) as stack,
        grpc.insecure_channel(stack.address) as channel,
    ):
        stub = identity_pb2_grpc.IdentityServiceStub(channel)
        image = jpeg(np.asarray(cv2.resize(skimage.data.astronaut(), (1024, 1024), interpolation=cv2.INTER_CUBIC)))
        shown = identity_pb2.Portrait(image=image)
        profile = stub.CreateProfile(creation("the astronaut", shown)).profile.id
        locking = identity_pb2.IdentityLock(profile=profile, tolerance_interocular=0.003)
        calls: dict[str, tuple[str, Callable[[], object]]] = {
            "Verify": ("≤ 120 ms", lambda: stub.Verify(identity_pb2.VerifyRequest(profile=profile, portrait=shown))),
            "Compare": ("", lambda: stub.Compare(identity_pb2.CompareRequest(first=shown, second=shown))),
            "Drift": ("", lambda: stub.Drift(identity_pb2.DriftRequest(before=shown, after=shown))),
            "Lock": ("", lambda: stub.Lock(identity_pb2.LockRequest(image=image, lock=locking))),
            "CreateProfile, one reference": ("", lambda: stub.CreateProfile(creation(str(uuid.uuid4()), shown))),
        }
        taken = {name: times(call) for name, (_, call) in calls.items()}
        small = identity_pb2.Portrait(image=jpeg(np.asarray(skimage.data.astronaut()[:300, 80:380])))
        for _ in range(PROFILES - WARM_UP - ROUNDS - 1):
            stub.CreateProfile(creation(str(uuid.uuid4()), small))
        calls[f"ListProfiles, 500 of {PROFILES:,}"] = (
            "",
            lambda: stub.ListProfiles(identity_pb2.ListProfilesRequest(page_size=500)),
        )
        last = list(calls)[-1]
        taken[last] = times(calls[last][1])
    rows = [
        f"| {name} | {min(taken[name]):.0f} | {statistics.median(taken[name]):.0f} | {goal} |"
        for name, (goal, _) in calls.items()
    ]
    return "\n".join(["| 1024² JPEG, end to end | best, ms | median, ms | goal |", "|---|---|---|---|", *rows])


def creation(name: str, shown: identity_pb2.Portrait) -> identity_pb2.CreateProfileRequest:
    """Make the request of a profile of one reference."""
    return identity_pb2.CreateProfileRequest(display_name=name, references=[shown])


def jpeg(pixels: NDArray[np.uint8]) -> image_pb2.Image:
    """Wrap pixels as an inline JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    return image_pb2.Image(content=buffer.getvalue())


def times(call: Callable[[], object]) -> list[float]:
    """Return how many milliseconds each of some calls took, after a few that do not count."""
    taken = []
    for _ in range(WARM_UP + ROUNDS):
        started = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - started))
    return taken[WARM_UP:]


def held(files: Sequence[Path]) -> str:
    """Distort portraits and lock them, and return what is left of the distortion."""
    deadline = time.monotonic() + 3600
    models = CallModels(InProcessModels(default_home() / "models"), cancellation=Cancellation(), deadline=deadline)
    random = np.random.default_rng(1)
    results = [one for file in files if (one := _one(file, models, random)) is not None]
    before, after, warp, left = (np.sqrt(np.mean(np.square(part), axis=0)) for part in zip(*results, strict=True))
    rows = [
        f"| {name} | {before[index]:.4f} | {after[index]:.4f} | {warp[index]:.4f} | {left[index]:.4f} |"
        for index, name in enumerate(FEATURES)
    ]
    return "\n".join(
        [
            f"{len(results)} portraits; root mean square, in distances between the pupils. "
            "Before is what doing nothing leaves.",
            "",
            "| feature | measured before | measured after | warped by | warp left |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


def _one(file: Path, models: ModelRunner, random: np.random.Generator) -> tuple[list[float], ...] | None:
    """Distort one portrait and lock it: measured before and after, by how much it was warped, and what is left."""
    pixels = decode(file.read_bytes()).pixels
    if pixels.dtype != np.uint8:
        return None
    enlarged = np.asarray(cv2.resize(pixels, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)
    portrait = Portrait(Picture.from_array(enlarged), models)
    face = portrait.select()
    own = proportions.measure(face.mesh)
    warp = {name: float(random.uniform(-LARGEST_DISTORTION, LARGEST_DISTORTION)) for name in FEATURES}
    distorted = Portrait(Picture.from_array(np.asarray(warped(portrait, face, warp)[0], np.uint8)), models)
    seen = proportions.measure(distorted.select().mesh)
    targets = {name: own[name] for name in FEATURES}
    done = lock(distorted, distorted.select(), Wish(targets, tolerance=0.0), models)
    return (
        [seen[name] - own[name] for name in FEATURES],
        [done.after[name] - own[name] for name in FEATURES],
        list(warp.values()),
        [warp[name] + done.changes.get(name, 0.0) for name in FEATURES],
    )


def main() -> None:
    """Print the section."""
    print(speed())  # noqa: T201 (a benchmark prints Markdown)
    folder = os.environ.get("ATELIER_PORTRAITS", "")
    files = sorted(Path(folder).glob("*.jpg")) if folder else []
    print()  # noqa: T201
    if files:
        print(held(files[:: max(1, len(files) // PORTRAITS)]))  # noqa: T201
    else:
        print("What a lock brings back was not measured: `ATELIER_PORTRAITS` names no folder of portraits.")  # noqa: T201


if __name__ == "__main__":
    main()
