"""Distances between faces, and between a face and a profile."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.decode import decode
from atelier_imaging.identity import embedding_of
from atelier_imaging.portrait import Portrait
from atelier_sdk.errors import ModelNotInstalledError, ProfileOutdatedError

from atelier_identity.enrolment import likeness_of
from atelier_identity.profile import EncoderId

if TYPE_CHECKING:
    from atelier_imaging.identity import Calibration, Encoder
    from atelier_service.call import Call
    from numpy.typing import NDArray

    from atelier_identity.profile import Likeness, StoredProfile
    from atelier_identity.sitter import Sitter
    from atelier_identity.store import ProfileStore


class Comparer:
    """Compare faces by an encoder. Where it is not installed there is no distance, and None is answered."""

    def __init__(self, encoder: Encoder, calibration: Calibration, store: ProfileStore) -> None:
        self.encoder = encoder
        self.calibration = calibration
        self._store = store

    def embed(self, sitter: Sitter, call: Call) -> NDArray[np.float32] | None:
        """Return a face's embedding, None where no encoder is installed."""
        try:
            return sitter.embedding(self.encoder, call)
        except ModelNotInstalledError:
            return None

    def between(self, first: Sitter, second: Sitter, call: Call) -> float | None:
        """Return the distance between two faces."""
        one = self.embed(first, call)
        other = None if one is None else self.embed(second, call)
        return None if one is None or other is None else float(np.linalg.norm(one - other))

    def to_profile(self, sitter: Sitter, stored: StoredProfile, call: Call) -> float | None:
        """Return the distance of a face to a profile: the root mean square of those to its references.

        Raises ProfileOutdatedError where the profile is another encoder's and kept no references.
        """
        embedding = self.embed(sitter, call)
        if embedding is None:
            return None
        known = self._current(stored, call)
        return distance_to_mean(embedding, known.mean, known.spread)

    def identify(self, call: Call) -> EncoderId:
        """Return which encoder this call has used."""
        used = call.used(self.encoder.model)
        if used is None:
            raise ValueError(f"{self.encoder.model} was not used in this call")
        return EncoderId(used.name, used.version, used.sha256)

    def _current(self, stored: StoredProfile, call: Call) -> Likeness:
        """Return what the installed encoder makes of a profile, made again of kept references if it has to be."""
        known, installed = stored.profile.likeness, self.identify(call)
        if known.encoder == installed:
            return known
        if stored.kept_reference_count == 0:
            raise ProfileOutdatedError(
                f"The profile was made by {known.encoder.name} {known.encoder.version}, and "
                f"{installed.name} {installed.version} is installed; make the profile again.",
                metadata={"profile": stored.id, "made_by": known.encoder.name, "installed": installed.name},
            )
        with call.stage("renew"):
            embeddings = [
                self._of_cut_out(content, call) for content in self._store.references(call.identity.tenant, stored.id)
            ]
            renewed = likeness_of(np.stack(embeddings), self.calibration, installed)
            profile = dataclasses.replace(stored.profile, likeness=renewed)
            self._store.replace(call.identity.tenant, stored.id, profile)
        return renewed

    def _of_cut_out(self, content: bytes, call: Call) -> NDArray[np.float32]:
        portrait = Portrait(decode(content), call.models)
        return embedding_of(portrait.picture.pixels, portrait.select(), call.models, self.encoder).vector


def distance_to_mean(embedding: NDArray[np.float32], mean: NDArray[np.float32], spread: float) -> float:
    """Return the root-mean-square distance of an embedding to several, of which mean and spread are known.

    By Steiner's theorem it is sqrt(|x - mean|² + spread²), so it stands on the scale of distances between two pictures,
    which calibration is made on; the distance to the mean alone is shorter for everybody.
    """
    return float(np.hypot(np.linalg.norm(embedding - mean), spread))
