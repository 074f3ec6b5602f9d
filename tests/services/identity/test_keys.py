"""Keys: what is encrypted, what opens it, how a key comes into the world."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from atelier_identity import keys
from atelier_identity.keys import MasterKeys
from atelier_identity.settings import IdentitySettings
from atelier_rpc.settings import SettingsError, read, table
from atelier_sdk.errors import ProfileSealedError
from cryptography.fernet import Fernet

from tests.services.identity.people import new_keys

DATA_KEY = bytes(range(32))


def test_what_was_sealed_opens_for_the_same_purpose_only() -> None:
    sealed = keys.seal(DATA_KEY, b"a face", "tenant/profile")
    assert keys.unseal(DATA_KEY, sealed, "tenant/profile") == b"a face"
    for key, content, purpose in (
        (DATA_KEY, sealed, "another/profile"),
        (DATA_KEY[::-1], sealed, "tenant/profile"),
        (DATA_KEY, sealed[:-1] + bytes([sealed[-1] ^ 1]), "tenant/profile"),
    ):
        with pytest.raises(ProfileSealedError):
            keys.unseal(key, content, purpose)


def test_the_same_content_is_sealed_differently_each_time() -> None:
    assert keys.seal(DATA_KEY, b"a face", "p") != keys.seal(DATA_KEY, b"a face", "p")


def test_blind_words_are_found_by_equal_words_only() -> None:
    assert keys.blind(DATA_KEY, "name", "Ada") == keys.blind(DATA_KEY, "name", "Ada")
    different = [("name", "Eve"), ("nam", "eAda"), ("nameAda",), ("name", "Ada", "")]
    assert keys.blind(DATA_KEY, "name", "Ada") not in [keys.blind(DATA_KEY, *words) for words in different]


def test_every_master_key_opens_and_the_newest_wraps() -> None:
    old, fresh = (Fernet.generate_key().decode() for _ in range(2))
    wrapped = MasterKeys([old]).wrap(DATA_KEY)
    both = MasterKeys([fresh, old])
    assert both.unwrap(wrapped) == DATA_KEY
    assert (both.is_newest(wrapped), both.is_newest(both.rewrap(wrapped))) == (False, True)
    assert MasterKeys([fresh]).unwrap(both.rewrap(wrapped)) == DATA_KEY


def test_a_stranger_opens_nothing() -> None:
    wrapped = new_keys().wrap(DATA_KEY)
    for attempt in (new_keys().unwrap, new_keys().rewrap):
        with pytest.raises(ProfileSealedError) as refusal:
            attempt(wrapped)
        assert refusal.value.metadata == {"setting": "ATELIER_IDENTITY_KEYS"}


def test_a_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "identity" / "keys"
    with ThreadPoolExecutor(6) as threads:
        found = set(threads.map(lambda _: keys.read_or_make(file), range(6)))
    assert len(found) == 1
    assert (stat.S_IMODE(file.stat().st_mode), [path.name for path in file.parent.iterdir()]) == (0o600, ["keys"])


def settings(**variables: str) -> IdentitySettings:
    return read(IdentitySettings, variables)


def test_without_settings_database_and_key_lie_in_the_folder_of_the_service(tmp_path: Path) -> None:
    chosen = settings()
    wrapped = chosen.master_keys(tmp_path).wrap(DATA_KEY)
    assert chosen.database_url(tmp_path) == f"sqlite:///{tmp_path}/profiles.sqlite"
    assert settings().master_keys(tmp_path).unwrap(wrapped) == DATA_KEY


def test_keys_come_from_the_variable_or_a_file(tmp_path: Path) -> None:
    one, two = (Fernet.generate_key().decode() for _ in range(2))
    (tmp_path / "keys").write_text(f"{one}\n{two}\n")
    wrapped = MasterKeys([two]).wrap(DATA_KEY)
    for chosen in (
        settings(ATELIER_IDENTITY_KEYS=f"{one},{two}"),
        settings(ATELIER_IDENTITY_KEY_FILE=str(tmp_path / "keys")),
    ):
        assert chosen.master_keys(tmp_path).unwrap(wrapped) == DATA_KEY
        assert not chosen.master_keys(tmp_path).is_newest(wrapped)


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"ATELIER_IDENTITY_KEYS": "too short"}, "ATELIER_IDENTITY_KEYS"),
        ({"ATELIER_IDENTITY_KEY_FILE": "/no/such/file"}, "ATELIER_IDENTITY_KEY_FILE"),
        ({"ATELIER_IDENTITY_DATABASE": "postgresql://host/name"}, "ATELIER_IDENTITY_KEYS"),
    ],
)
def test_keys_that_cannot_be_used_stop_the_start(tmp_path: Path, variables: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named) as refusal:
        settings(**variables).master_keys(tmp_path)
    assert "too short" not in str(refusal.value)


def test_keys_and_passwords_stand_in_no_representation(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    chosen = settings(ATELIER_IDENTITY_KEYS=key, ATELIER_IDENTITY_DATABASE="postgresql://u:secret@host/name")
    assert key not in repr(chosen)
    assert "secret" not in repr(chosen)


def test_the_page_has_the_settings_as_they_are() -> None:
    page = Path(__file__).parents[3] / "docs/74-identity.md"
    assert table(IdentitySettings) in page.read_text(encoding="utf-8")
