"""Where profiles are kept: each call is one transaction, and a tenant's calls see that tenant's rows alone."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from atelier_sdk.errors import (
    ProfileExistsError,
    ProfileUnknownError,
    QuotaError,
)
from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from atelier_identity import keys
from atelier_identity.database import KEYS, PROFILES, REFERENCES, make_tables, reaching
from atelier_identity.paging import microseconds, moment, place, token
from atelier_identity.profile import Profile, StoredProfile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine, Row

    from atelier_identity.keys import MasterKeys
    from atelier_identity.profile import NewProfile

_INDEX_KEY: Final = "index"


class ProfileStore:
    """Keep profiles, encrypted, each tenant's apart. Safe to be used from several threads and processes.

    Every call raises BackendDownError where the database does not answer, and ProfileSealedError where the master keys
    are not the ones that the database was written with.
    """

    def __init__(
        self,
        engine: Engine,
        master: MasterKeys,
        *,
        quota: int = 10_000,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Use a database, whose tables may be missing. `quota` is how many profiles a tenant may have."""
        self._engine = engine
        self._master = master
        self._quota = quota
        self._clock = clock
        self._index_key: bytes | None = None

    def check_name(self, tenant: str, request_id: str, name: str) -> None:
        """Refuse a name that a call would not get, before it does any work. Raises ProfileExistsError."""
        with self._transaction() as connection:
            row = connection.execute(
                select(PROFILES.c.id).where(*self._named(tenant, name), PROFILES.c.expire_time > self._now())
            ).one_or_none()
        if row is not None and row.id != self._id(tenant, request_id):
            raise _taken()

    def create(self, new: NewProfile) -> StoredProfile:
        """Keep a profile. The same call made again is answered with the profile that it made.

        Raises ProfileExistsError where the tenant has one of that name, and QuotaError.
        """
        identifier = self._id(new.tenant, new.request_id)
        try:
            with self._transaction() as connection:
                self._make_room(connection, new, identifier)
                connection.execute(insert(PROFILES).values(self._row(new, identifier, data_key := _data_key())))
                for position, content in enumerate(new.references):
                    sealed = keys.seal(data_key, content, _purpose(new.tenant, identifier, f"reference {position}"))
                    connection.execute(insert(REFERENCES).values(profile=identifier, position=position, sealed=sealed))
        except IntegrityError:
            try:
                return self.get(new.tenant, identifier)
            except ProfileUnknownError:
                raise _taken() from None
        return self.get(new.tenant, identifier)

    def get(self, tenant: str, identifier: str) -> StoredProfile:
        """Return a tenant's profile. Raises ProfileUnknownError."""
        with self._transaction() as connection:
            return self._open(self._find(connection, tenant, identifier), tenant)

    def page(self, tenant: str, size: int, after: str = "") -> tuple[tuple[StoredProfile, ...], str]:
        """Return a tenant's profiles, the newest first, and the token of the next page, empty where there is none.

        Raises FieldOutOfRangeError for a token that no page gave.
        """
        query = _with_counts().where(PROFILES.c.tenant == tenant, PROFILES.c.expire_time > self._now())
        if after:
            query = query.where(tuple_(PROFILES.c.create_time, PROFILES.c.id) < tuple_(*place(after)))
        query = query.order_by(PROFILES.c.create_time.desc(), PROFILES.c.id.desc()).limit(size + 1)
        with self._transaction() as connection:
            rows = connection.execute(query).all()
        profiles = tuple(self._open(row, tenant) for row in rows[:size])
        return profiles, token(rows[size - 1].create_time, rows[size - 1].id) if len(rows) > size else ""

    def references(self, tenant: str, identifier: str) -> tuple[bytes, ...]:
        """Return the cut-outs of the references that were kept, in their order. Raises ProfileUnknownError."""
        with self._transaction() as connection:
            row = self._find(connection, tenant, identifier)
            kept = connection.execute(
                select(REFERENCES).where(REFERENCES.c.profile == identifier).order_by(REFERENCES.c.position)
            ).all()
        key = self._master.unwrap(row.wrapped_key)
        return tuple(
            keys.unseal(key, one.sealed, _purpose(tenant, identifier, f"reference {one.position}")) for one in kept
        )

    def replace(self, tenant: str, identifier: str, profile: Profile) -> StoredProfile:
        """Put another profile in a profile's place; its name and times stay. Raises ProfileUnknownError."""
        with self._transaction() as connection:
            row = self._find(connection, tenant, identifier)
            sealed = keys.seal(
                self._master.unwrap(row.wrapped_key), profile.to_bytes(), _purpose(tenant, identifier, "profile")
            )
            connection.execute(update(PROFILES).where(PROFILES.c.id == identifier).values(sealed=sealed))
        return self.get(tenant, identifier)

    def delete(self, tenant: str, identifier: str) -> None:
        """Delete a tenant's profile, its key and its references; one that is not there is no error."""
        with self._transaction() as connection:
            self._remove(connection, (PROFILES.c.tenant == tenant) & (PROFILES.c.id == identifier))

    def sweep(self) -> int:
        """Delete the profiles whose time is over, of all tenants, and return how many there were."""
        with self._transaction() as connection:
            return self._remove(connection, PROFILES.c.expire_time <= self._now())

    def rewrap(self) -> int:
        """Wrap every key with the newest master key that an older one wrapped, and return how many there were."""
        changed = 0
        with self._transaction() as connection:
            for table, column in ((KEYS, KEYS.c.wrapped), (PROFILES, PROFILES.c.wrapped_key)):
                (own,) = table.primary_key.columns
                for row in connection.execute(select(own.label("own"), column.label("wrapped"))).all():
                    if not self._master.is_newest(row.wrapped):
                        fresh = {column.name: self._master.rewrap(row.wrapped)}
                        connection.execute(update(table).where(own == row.own).values(fresh))
                        changed += 1
        return changed

    def prepare(self) -> bytes:
        """Make what is missing of the database, see that it can be read, and return the key of its blind index."""
        with reaching(), self._engine.begin() as connection:
            if self._index_key is None:
                make_tables(connection)
            row = connection.execute(select(KEYS.c.wrapped).where(KEYS.c.name == _INDEX_KEY)).one_or_none()
            if row is None:
                wrapped = self._master.wrap(os.urandom(keys.KEY_BYTES))
                connection.execute(insert(KEYS).values(name=_INDEX_KEY, wrapped=wrapped))
        self._index_key = self._master.unwrap(wrapped if row is None else row.wrapped)
        return self._index_key

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Begin a transaction of a prepared database; it is committed as a whole or not at all."""
        if self._index_key is None:
            self.prepare()
        with reaching(), self._engine.begin() as connection:
            yield connection

    def _now(self) -> int:
        return microseconds(self._clock())

    def _key_of_names(self) -> bytes:
        return self._index_key or self.prepare()

    def _id(self, tenant: str, request_id: str) -> str:
        return str(keys.blind_uuid(self._key_of_names(), "profile", tenant, request_id))

    def _named(self, tenant: str, name: str) -> tuple[Any, ...]:
        """Give the conditions of a tenant's profile of that name. Any: SQLAlchemy's expressions."""
        blind = keys.blind(self._key_of_names(), "name", tenant, name)
        return (PROFILES.c.tenant == tenant, PROFILES.c.name_index == blind)

    def _make_room(self, connection: Connection, new: NewProfile, identifier: str) -> None:
        """Remove what expired and would be in the way; refuse a tenant that has all it may have."""
        tenant, name_index = self._named(new.tenant, new.profile.display_name)
        in_the_way = (tenant & name_index) | (PROFILES.c.id == identifier)
        self._remove(connection, in_the_way & (PROFILES.c.expire_time <= self._now()))
        count = connection.execute(select(func.count()).select_from(PROFILES).where(tenant)).scalar_one()
        if count >= self._quota:
            raise QuotaError(
                f"There are {count} profiles and {self._quota} are allowed; delete some first.",
                metadata={"profiles": str(count), "limit": str(self._quota)},
            )

    def _row(self, new: NewProfile, identifier: str, data_key: bytes) -> dict[str, object]:
        created = self._clock()
        return {
            "id": identifier,
            "tenant": new.tenant,
            "name_index": keys.blind(self._key_of_names(), "name", new.tenant, new.profile.display_name),
            "create_time": microseconds(created),
            "expire_time": microseconds(created + new.time_to_live),
            "wrapped_key": self._master.wrap(data_key),
            "sealed": keys.seal(data_key, new.profile.to_bytes(), _purpose(new.tenant, identifier, "profile")),
        }

    def _find(self, connection: Connection, tenant: str, identifier: str) -> Row[Any]:
        """Find a row. Any: SQLAlchemy's rows know their columns by name only."""
        query = _with_counts().where(
            PROFILES.c.tenant == tenant, PROFILES.c.id == identifier.lower(), PROFILES.c.expire_time > self._now()
        )
        row = connection.execute(query).one_or_none()
        if row is None:
            raise ProfileUnknownError(
                "There is no such profile: it was never made, was deleted, or is past its time.",
                metadata={"profile": identifier},
            )
        return row

    def _open(self, row: Row[Any], tenant: str) -> StoredProfile:
        content = keys.unseal(self._master.unwrap(row.wrapped_key), row.sealed, _purpose(tenant, row.id, "profile"))
        return StoredProfile(
            id=row.id,
            profile=Profile.from_bytes(content),
            kept_reference_count=row.kept,
            create_time=moment(row.create_time),
            expire_time=moment(row.expire_time),
        )

    def _remove(self, connection: Connection, which: Any) -> int:
        """Delete profiles with all that hangs on them. Any: an expression of SQLAlchemy's."""
        theirs = select(PROFILES.c.id).where(which)
        connection.execute(delete(REFERENCES).where(REFERENCES.c.profile.in_(theirs)))
        return int(connection.execute(delete(PROFILES).where(which)).rowcount)


def _with_counts() -> Any:
    """Select profiles with the number of their kept references. Any: a query of SQLAlchemy's."""
    kept = select(func.count()).select_from(REFERENCES).where(REFERENCES.c.profile == PROFILES.c.id).scalar_subquery()
    return select(PROFILES, kept.label("kept"))


def _data_key() -> bytes:
    return os.urandom(keys.KEY_BYTES)


def _purpose(tenant: str, identifier: str, what: str) -> str:
    return f"{tenant}/{identifier}/{what}"


def _taken() -> ProfileExistsError:
    # The name is the caller's own, and may be a person's: it stands in no error.
    return ProfileExistsError("There is a profile of that name; delete it first, or choose another name.")
