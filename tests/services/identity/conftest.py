from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import skimage.data
from atelier_identity.database import METADATA, open_database
from atelier_identity.store import ProfileStore

from tests.services.identity import postgresql
from tests.services.identity.people import Clock, new_keys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from sqlalchemy import Engine


@pytest.fixture(scope="session")
def astronaut() -> NDArray[np.uint8]:
    """A real portrait, 512 × 512, sRGB; public domain, comes with scikit-image."""
    return np.asarray(skimage.data.astronaut(), dtype=np.uint8)


@pytest.fixture(scope="session")
def server() -> Iterator[postgresql.PostgreSQL]:
    """A real PostgreSQL, or the reason why there is none."""
    try:
        made = postgresql.make()
    except postgresql.UnavailableError as error:
        pytest.skip(str(error))
    try:
        made.start()
        yield made
        made.stop()
    finally:
        shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Either database, empty."""
    if request.param == "sqlite":
        engine = open_database(f"sqlite:///{tmp_path / 'profiles.sqlite'}")
    else:
        engine = open_database(request.getfixturevalue("server").url)
    yield engine
    METADATA.drop_all(engine)
    engine.dispose()


@pytest.fixture
def store(database: Engine, clock: Clock) -> ProfileStore:
    return ProfileStore(database, new_keys(), clock=clock)
