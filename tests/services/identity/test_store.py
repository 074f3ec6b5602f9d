"""Keeping profiles, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from atelier_identity.database import KEYS, METADATA, PROFILES, REFERENCES, open_database
from atelier_identity.keys import MasterKeys
from atelier_identity.store import ProfileStore
from atelier_rpc.settings import SettingsError
from atelier_sdk.errors import (
    AtelierError,
    BackendDownError,
    FieldOutOfRangeError,
    ProfileExistsError,
    ProfileSealedError,
    ProfileUnknownError,
    QuotaError,
)
from cryptography.fernet import Fernet
from sqlalchemy import event, func, insert, select, update

from tests.services.identity.people import DAY, new, new_keys, person

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_identity.profile import StoredProfile
    from sqlalchemy import Engine

    from tests.services.identity.people import Clock
    from tests.services.identity.postgresql import PostgreSQL


def rows(database: Engine) -> list[int]:
    """How many profiles and references the tables hold."""
    with database.begin() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (PROFILES, REFERENCES)
        ]


def content(database: Engine) -> bytes:
    """Everything that stands in the tables, one after the other."""
    with database.begin() as connection:
        every = [row for table in (KEYS, PROFILES, REFERENCES) for row in connection.execute(select(table)).all()]
    return b"\n".join(cell if isinstance(cell, bytes) else str(cell).encode() for row in every for cell in row)


def test_a_profile_comes_back_as_it_was_kept(store: ProfileStore, clock: Clock) -> None:
    kept = store.create(new("Ada", references=(b"one", b"two")))
    found = store.get("default", kept.id)
    assert found.profile.to_bytes() == person("Ada").to_bytes()
    assert np.array_equal(found.profile.references.mean, person("Ada").references.mean)
    assert store.references("default", kept.id) == (b"one", b"two")
    assert (found.kept_reference_count, found.expire_time - found.create_time) == (2, DAY)
    assert uuid.UUID(found.id).version == 4
    assert found.create_time <= clock.now


def test_nothing_of_a_person_can_be_read_in_the_tables(store: ProfileStore, database: Engine) -> None:
    profile = store.create(new("Ada Lovelace", references=(b"the cut-out of a face",))).profile
    held = content(database)
    for secret in (b"Lovelace", b"cut-out", b"nose_width", b"mean", profile.references.mean.tobytes()):
        assert secret not in held


def test_a_name_is_given_once_to_a_tenant(store: ProfileStore, database: Engine) -> None:
    store.create(new("Ada"))
    with pytest.raises(ProfileExistsError) as refusal:
        store.create(new("Ada"))
    assert "Ada" not in refusal.value.message
    with pytest.raises(ProfileExistsError):
        store.check_name("default", str(uuid.uuid4()), "Ada")
    store.create(new("Ada", tenant="another"))
    assert rows(database) == [2, 0]


def test_of_many_who_want_a_name_at_once_one_gets_it(store: ProfileStore, database: Engine) -> None:
    gate = threading.Barrier(8)

    def want(number: int) -> StoredProfile | AtelierError:
        gate.wait()
        try:
            return store.create(new("Ada", seed=number))
        except AtelierError as error:
            return error

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(want, range(8)))
    winners = [one for one in outcomes if not isinstance(one, AtelierError)]
    assert len(winners) == 1
    assert {type(one) for one in outcomes if isinstance(one, AtelierError)} == {ProfileExistsError}
    assert store.page("default", 10)[0][0].id == winners[0].id
    assert rows(database) == [1, 0]


def test_a_call_made_again_is_answered_with_what_it_made(store: ProfileStore) -> None:
    call = str(uuid.uuid4())
    first = store.create(new("Ada", request_id=call))
    store.check_name("default", call, "Ada")
    again = store.create(new("Ada", request_id=call, seed=1))
    assert (again.id, again.create_time, again.profile.to_bytes()) == (
        first.id,
        first.create_time,
        first.profile.to_bytes(),
    )


def test_the_same_call_of_another_tenant_makes_another_profile(store: ProfileStore) -> None:
    call = str(uuid.uuid4())
    made = [store.create(new("Ada", request_id=call, tenant=tenant)).id for tenant in ("one", "two")]
    assert made[0] != made[1]


def test_a_tenant_neither_sees_nor_deletes_anothers(store: ProfileStore) -> None:
    mine = store.create(new("Ada", tenant="mine", references=(b"face",)))
    for peek in (store.get, store.references):
        with pytest.raises(ProfileUnknownError):
            peek("yours", mine.id)
    with pytest.raises(ProfileUnknownError):
        store.replace("yours", mine.id, person("Eve"))
    assert store.page("yours", 10) == ((), "")
    store.delete("yours", mine.id)
    assert store.get("mine", mine.id).profile.display_name == "Ada"


def test_a_row_that_is_moved_to_another_tenant_cannot_be_opened(store: ProfileStore, database: Engine) -> None:
    kept = store.create(new("Ada", tenant="mine"))
    with database.begin() as connection:
        connection.execute(update(PROFILES).values(tenant="yours"))
    with pytest.raises(ProfileSealedError):
        store.get("yours", kept.id)


def test_a_deleted_profile_is_gone_with_its_key_and_its_references(store: ProfileStore, database: Engine) -> None:
    kept = store.create(new("Ada", references=(b"face",)))
    store.delete("default", kept.id)
    assert rows(database) == [0, 0]
    with pytest.raises(ProfileUnknownError):
        store.get("default", kept.id)
    store.delete("default", kept.id)


def test_a_deleted_profile_is_overwritten_in_the_file(tmp_path: Path) -> None:
    store = ProfileStore(database := open_database(f"sqlite:///{tmp_path / 'p.sqlite'}"), new_keys())
    kept = store.create(new("Ada", references=(b"face" * 500,)))
    with database.begin() as connection:
        profile = connection.execute(select(PROFILES)).one()
        reference = connection.execute(select(REFERENCES)).one()
    traces = [profile.wrapped_key, profile.sealed[100:140], profile.name_index, reference.sealed[300:340]]

    def found() -> list[bool]:
        files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        return [trace in files for trace in traces]

    assert found() == [True] * 4
    store.delete("default", kept.id)
    assert found() == [False] * 4
    database.dispose()


def test_what_is_past_its_time_is_not_there_and_is_swept(store: ProfileStore, clock: Clock, database: Engine) -> None:
    old, young = store.create(new("Ada", references=(b"face",))), store.create(new("Eve", time_to_live=3 * DAY))
    clock.now += 2 * DAY
    with pytest.raises(ProfileUnknownError):
        store.get("default", old.id)
    assert [one.id for one in store.page("default", 10)[0]] == [young.id]
    assert (store.sweep(), store.sweep()) == (1, 0)
    assert rows(database) == [1, 0]


def test_a_name_past_its_time_can_be_given_again(store: ProfileStore, clock: Clock, database: Engine) -> None:
    call = str(uuid.uuid4())
    old = store.create(new("Ada", request_id=call, references=(b"face",)))
    clock.now += 2 * DAY
    store.check_name("default", call, "Ada")
    fresh = store.create(new("Ada", request_id=call))
    assert (fresh.id, fresh.create_time > old.create_time) == (old.id, True)
    assert rows(database) == [1, 0]


def test_a_thousand_profiles_are_listed_page_by_page(database: Engine, clock: Clock) -> None:
    store = ProfileStore(database, new_keys(), clock=clock, quota=1000)
    store.create(new("0"))
    with database.begin() as connection:  # The first 999 as rows, so that this takes no minute.
        pattern = dict(connection.execute(select(PROFILES)).mappings().one())
        connection.execute(insert(PROFILES), [row_like(store, pattern, number) for number in range(1, 999)])
    store.create(new("999"))
    names: list[str] = []
    token, pages = "", 0
    while pages == 0 or token:
        profiles, token = store.page("default", 128, token)
        names += [one.profile.display_name for one in profiles]
        pages += 1
    assert names == [str(number) for number in reversed(range(1000))]
    assert pages == 8
    with pytest.raises(QuotaError):
        store.create(new("one too many"))
    store.create(new("another's first", tenant="another"))
    database.dispose()


def row_like(store: ProfileStore, pattern: dict[str, Any], number: int) -> dict[str, Any]:
    return pattern | store._row(new(str(number)), str(uuid.uuid4()), b"k" * 32)


def test_a_page_that_a_profile_leaves_meanwhile_goes_on_where_it_was(store: ProfileStore) -> None:
    made = [store.create(new(name)) for name in ("a", "b", "c", "d")]
    first, token = store.page("default", 2)
    assert [one.profile.display_name for one in first] == ["d", "c"]
    store.delete("default", made[2].id)
    store.create(new("e"))
    assert [one.profile.display_name for one in store.page("default", 2, token)[0]] == ["b", "a"]


@pytest.mark.parametrize("token", ["nonsense", "MTIz", "YSBi", "é"])
def test_a_token_of_no_page_is_refused(store: ProfileStore, token: str) -> None:
    with pytest.raises(FieldOutOfRangeError):
        store.page("default", 2, token)


def test_with_another_key_nothing_is_read_and_nothing_is_written(store: ProfileStore, database: Engine) -> None:
    kept = store.create(new("Ada"))
    before = content(database)
    stranger = ProfileStore(database, new_keys())
    for attempt in (
        lambda: stranger.get("default", kept.id),
        lambda: stranger.create(new("Eve")),
        lambda: stranger.page("default", 5),
        lambda: stranger.delete("default", kept.id),
        stranger.prepare,
    ):
        with pytest.raises(ProfileSealedError):
            attempt()
    assert content(database) == before


def test_an_old_key_can_be_taken_away_once_every_profile_was_wrapped_anew(database: Engine, clock: Clock) -> None:
    old, fresh = (Fernet.generate_key().decode() for _ in range(2))
    kept = ProfileStore(database, MasterKeys([old]), clock=clock).create(new("Ada", references=(b"face",)))
    both = ProfileStore(database, MasterKeys([fresh, old]), clock=clock)
    assert (both.rewrap(), both.rewrap()) == (2, 0)  # the profile's key and the index's
    alone = ProfileStore(database, MasterKeys([fresh]), clock=clock)
    assert alone.get("default", kept.id).profile.display_name == "Ada"
    assert alone.references("default", kept.id) == (b"face",)
    with pytest.raises(ProfileExistsError):
        alone.create(new("Ada"))


def test_a_profile_in_anothers_place_keeps_name_times_and_references(store: ProfileStore) -> None:
    kept = store.create(new("Ada", references=(b"face",)))
    changed = store.replace("default", kept.id, person("Ada", seed=9))
    assert not np.array_equal(changed.profile.references.mean, kept.profile.references.mean)
    assert (changed.create_time, changed.expire_time) == (kept.create_time, kept.expire_time)
    assert store.references("default", kept.id) == (b"face",)


def test_a_fault_between_two_rows_leaves_neither(store: ProfileStore, database: Engine) -> None:
    store.prepare()

    @event.listens_for(database, "before_cursor_execute")
    def fail(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("INSERT INTO identity_references"):
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        store.create(new("Ada", references=(b"face",)))
    event.remove(database, "before_cursor_execute", fail)
    assert rows(database) == [0, 0]


def test_a_database_that_cannot_be_written_is_away(tmp_path: Path) -> None:
    store = ProfileStore(open_database(f"sqlite:///{tmp_path / 'no folder' / 'p.sqlite'}"), new_keys())
    with pytest.raises(BackendDownError):
        store.create(new("Ada"))


def test_a_file_that_is_no_database_is_away(tmp_path: Path) -> None:
    (tmp_path / "p.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(BackendDownError):
        ProfileStore(open_database(f"sqlite:///{tmp_path / 'p.sqlite'}"), new_keys()).prepare()


def test_a_server_that_goes_away_in_mid_call_leaves_nothing_half_written(server: PostgreSQL) -> None:
    database = open_database(server.url)
    store = ProfileStore(database, new_keys())
    before = store.create(new("Before"))

    @event.listens_for(database, "before_cursor_execute")
    def pull_the_plug(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("INSERT INTO identity_references"):
            server.stop()

    with pytest.raises(BackendDownError):
        store.create(new("Ada", references=(b"face",)))
    event.remove(database, "before_cursor_execute", pull_the_plug)
    with pytest.raises(BackendDownError):
        store.get("default", before.id)
    server.start()
    assert [one.profile.display_name for one in store.page("default", 10)[0]] == ["Before"]
    assert store.create(new("Ada")).profile.display_name == "Ada"
    METADATA.drop_all(database)
    database.dispose()


def test_processes_that_make_the_tables_at_once_do_not_meet(database: Engine) -> None:
    master = new_keys()
    gate = threading.Barrier(6)

    def make(_: int) -> str:
        gate.wait()
        return ProfileStore(database, master).create(new("Ada", tenant=f"tenant{_}")).id

    with ThreadPoolExecutor(6) as threads:
        assert len(set(threads.map(make, range(6)))) == 6


@pytest.mark.parametrize("url", ["mysql://host/name", "no url", "sqlite+aiosqlite:///x"])
def test_another_kind_of_database_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="ATELIER_IDENTITY_DATABASE"):
        open_database(url)
