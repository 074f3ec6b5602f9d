"""Distances between faces, and between a face and a profile, as one call measures them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.decode import decode
from atelier_imaging.identity import embedding_of
from atelier_imaging.portrait import Portrait
from atelier_sdk.errors import ModelNotInstalledError, ProfileOutdatedError

from atelier_identity.enrolment import summed_up
from atelier_identity.likeness import Likeness, judge, unknown
from atelier_identity.profile import EncoderId

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from atelier_imaging.identity import Calibration
    from atelier_service.call import Call
    from numpy.typing import NDArray

    from atelier_identity.profile import References, StoredProfile
    from atelier_identity.sitter import Sitter
    from atelier_identity.store import ProfileStore


class Comparer:
    """Compare faces by the encoder of a call; each sitter is embedded once."""

    def __init__(self, call: Call, store: ProfileStore) -> None:
        self._call = call
        self._store = store
        self._known: dict[int, tuple[Sitter, NDArray[np.float32]]] = {}

    @property
    def calibration(self) -> Calibration:
        """Return what the encoder's distances mean. Raises ModelNotInstalledError where nobody has calibrated it."""
        encoder = self._call.encoder
        if encoder.calibration is None:
            raise ModelNotInstalledError(
                f"The face encoder {encoder.model} has no calibration; its distances mean nothing.",
                metadata={"model": encoder.model},
            )
        return encoder.calibration

    def embed(self, sitter: Sitter) -> NDArray[np.float32]:
        """Return a face's embedding, float32 (D,), as stage `embed`. Raises ModelNotInstalledError."""
        if id(sitter) not in self._known:
            with self._call.stage("embed"):
                self._known[id(sitter)] = (sitter, self._embedding(sitter.portrait, sitter.face))
        return self._known[id(sitter)][1]

    def between(self, first: Sitter, second: Sitter) -> Likeness:
        """Say how alike two faces are; where no encoder is installed, that it cannot be said."""
        try:
            distance = float(np.linalg.norm(self.embed(first) - self.embed(second)))
            return judge(distance, self.calibration)
        except ModelNotInstalledError as error:
            return unknown(error.message)

    def to_profile(self, sitter: Sitter, stored: StoredProfile, false_accept_rate: float | None = None) -> Likeness:
        """Say how like a profile a face is, by the root mean square of its distances to the references.

        It is judged at a rate of false accepts if one is given. Raises ProfileOutdatedError where the profile is
        another encoder's and kept no references.
        """
        try:
            embedding = self.embed(sitter)
            known = self._current(stored)
            return judge(distance_to_mean(embedding, known.mean, known.spread), self.calibration, false_accept_rate)
        except ModelNotInstalledError as error:
            return unknown(error.message)

    def encoder(self) -> EncoderId:
        """Return which encoder was used. Raises ValueError where none was yet."""
        used = self._call.used(self._call.encoder.model)
        if used is None:
            raise ValueError("no face was embedded in this call")
        return EncoderId(used.name, used.version, used.sha256)

    def _current(self, stored: StoredProfile) -> References:
        """Return what the installed encoder makes of a profile, made again of kept references if it has to be."""
        known, installed = stored.profile.references, self.encoder()
        if known.encoder == installed:
            return known
        if stored.kept_reference_count == 0:
            raise ProfileOutdatedError(
                f"The profile was made by {known.encoder.name} {known.encoder.version}, and "
                f"{installed.name} {installed.version} is installed; make the profile again.",
                metadata={"profile": stored.id, "made_by": known.encoder.name, "installed": installed.name},
            )
        tenant = self._call.identity.tenant
        with self._call.stage("renew"):
            embeddings = [self._of_cut_out(content) for content in self._store.references(tenant, stored.id)]
            renewed = summed_up(np.stack(embeddings), self.calibration, installed)
            self._store.replace(tenant, stored.id, dataclasses.replace(stored.profile, references=renewed))
        return renewed

    def _of_cut_out(self, content: bytes) -> NDArray[np.float32]:
        portrait = Portrait(decode(content), self._call.models)
        return self._embedding(portrait, portrait.select())

    def _embedding(self, portrait: Portrait, face: Face) -> NDArray[np.float32]:
        call = self._call
        return embedding_of(portrait.picture.pixels, face, call.models, call.encoder).vector


def distance_to_mean(embedding: NDArray[np.float32], mean: NDArray[np.float32], spread: float) -> float:
    """Return the root-mean-square distance of an embedding to several, of which mean and spread are known.

    By Steiner's theorem it is sqrt(|x - mean|² + spread²), so it stands on the scale of distances between two pictures,
    which calibration is made on; the distance to the mean alone is shorter for everybody.
    """
    return float(np.hypot(np.linalg.norm(embedding - mean), spread))
