"""Profiles of invented people, and what the tests of their keeping share."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import numpy as np
from atelier_identity.keys import MasterKeys
from atelier_identity.profile import EncoderId, NewProfile, Profile, Proportion, References
from cryptography.fernet import Fernet

ENCODER = EncoderId("an_encoder", "1", "ab" * 32)
DAY = timedelta(days=1)


class Clock:
    """A clock that goes when it is told to, by a microsecond each time that it is looked at."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


def new_keys(count: int = 1) -> MasterKeys:
    return MasterKeys([Fernet.generate_key().decode() for _ in range(count)])


def person(name: str = "Ada", seed: int = 0) -> Profile:
    mean = np.random.default_rng(seed).normal(0, 0.1, 128).astype(np.float32)
    return Profile(
        display_name=name,
        reference_count=3,
        references=References(ENCODER, mean, 0.25, 0.8),
        proportions=(Proportion("nose_width", 0.55, 0.01), Proportion("jaw_width", 1.9, None)),
        ita_degrees=31.5,
    )


def new(
    name: str = "Ada",
    *,
    tenant: str = "default",
    request_id: str | None = None,
    references: tuple[bytes, ...] = (),
    seed: int = 0,
    time_to_live: timedelta = DAY,
) -> NewProfile:
    return NewProfile(tenant, request_id or str(uuid.uuid4()), person(name, seed), time_to_live, references)
