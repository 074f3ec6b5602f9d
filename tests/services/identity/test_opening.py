"""How the service opens its store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from atelier_identity.database import open_database
from atelier_identity.keys import MasterKeys
from atelier_identity.opening import open_servicer
from atelier_identity.store import ProfileStore
from atelier_rpc.settings import SettingsError
from atelier_sdk.errors import BackendDownError, ProfileSealedError
from cryptography.fernet import Fernet

from tests.services.identity.people import new

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.identity.postgresql import PostgreSQL


def test_a_store_that_was_written_with_other_keys_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATELIER_STATE", str(tmp_path))
    open_servicer()
    (tmp_path / "identity" / "keys").unlink()
    with pytest.raises(SettingsError, match="ATELIER_IDENTITY_KEYS: the database was encrypted with other keys"):
        open_servicer()


def test_a_database_that_is_away_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: PostgreSQL
) -> None:
    monkeypatch.setenv("ATELIER_IDENTITY_DATABASE", f"postgresql://tester@/postgres?host={tmp_path}")
    monkeypatch.setenv("ATELIER_IDENTITY_KEYS", Fernet.generate_key().decode())
    servicer = open_servicer()
    with pytest.raises(BackendDownError):
        servicer._store.prepare()


def test_a_new_key_in_front_wraps_all_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, fresh = (Fernet.generate_key().decode() for _ in range(2))
    url = f"sqlite:///{tmp_path / 'p.sqlite'}"
    kept = ProfileStore(open_database(url), MasterKeys([old])).create(new("Ada"))
    monkeypatch.setenv("ATELIER_IDENTITY_DATABASE", url)
    monkeypatch.setenv("ATELIER_IDENTITY_KEYS", f"{fresh},{old}")
    open_servicer()
    assert ProfileStore(open_database(url), MasterKeys([fresh])).get("default", kept.id).profile.display_name == "Ada"
    with pytest.raises(ProfileSealedError):
        ProfileStore(open_database(url), MasterKeys([old])).get("default", kept.id)
