"""A profile: what is known of a person's face, as values, and as the bytes that are encrypted."""

from __future__ import annotations

import base64
import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Proportion:
    """One proportion of a face in units of the distance between the pupils.

    `deviation` is the standard deviation over the references, None where there is only one.
    """

    feature: str
    value: float
    deviation: float | None = None


@dataclass(frozen=True, slots=True)
class EncoderId:
    """The encoder that an embedding is of: its name, version and the SHA-256 of its weights."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """What an encoder made of a person's references.

    `mean` is the mean of their embeddings, float32 (D,), read-only; `spread` their root-mean-square distance to it, in
    the encoder's own unit; `agreement` the mean similarity of each to all, None where there is only one.
    """

    encoder: EncoderId
    mean: NDArray[np.float32]
    spread: float
    agreement: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """A person, as several portraits show them.

    `ita_degrees` is the mean typology angle of the skin, None where no reference shows it.
    """

    display_name: str
    reference_count: int
    references: References
    proportions: tuple[Proportion, ...]
    ita_degrees: float | None

    def proportion(self, feature: str) -> Proportion | None:
        """Return the proportion of that name."""
        return next((one for one in self.proportions if one.feature == feature), None)

    def to_bytes(self) -> bytes:
        """Write the profile as JSON."""
        references = self.references
        return json.dumps(
            {
                "display_name": self.display_name,
                "reference_count": self.reference_count,
                "encoder": dataclasses.asdict(references.encoder),
                "mean": base64.b64encode(references.mean.astype("<f4").tobytes()).decode(),
                "spread": references.spread,
                "agreement": references.agreement,
                "proportions": [dataclasses.asdict(one) for one in self.proportions],
                "ita_degrees": self.ita_degrees,
            }
        ).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Profile:
        """Read what `to_bytes` wrote."""
        known: dict[str, Any] = json.loads(content)
        mean = np.frombuffer(base64.b64decode(known["mean"]), "<f4").astype(np.float32)
        mean.flags.writeable = False
        return cls(
            display_name=known["display_name"],
            reference_count=known["reference_count"],
            references=References(EncoderId(**known["encoder"]), mean, known["spread"], known["agreement"]),
            proportions=tuple(Proportion(**one) for one in known["proportions"]),
            ita_degrees=known["ita_degrees"],
        )


@dataclass(frozen=True, slots=True, eq=False)
class StoredProfile:
    """A profile in the store: its identifier, how many cut-outs of references are kept, its beginning and end."""

    id: str
    profile: Profile
    kept_reference_count: int
    create_time: datetime
    expire_time: datetime


@dataclass(frozen=True, slots=True, eq=False)
class NewProfile:
    """A profile that is to be kept: for whom, by which call, for how long, with which cut-outs of its references."""

    tenant: str
    request_id: str
    profile: Profile
    time_to_live: timedelta
    references: Sequence[bytes] = ()
