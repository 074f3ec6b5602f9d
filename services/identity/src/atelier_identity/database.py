"""The database of profiles: its tables, how it is opened, what its failures are called.

All that says something of a person is encrypted (`keys.py`); in the clear lie the tenant, a random identifier, two
times and a blind index, by which a tenant's second profile of one name is found.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from atelier_rpc.settings import SettingsError
from atelier_sdk.errors import BackendDownError
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.schema import CreateIndex, CreateTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Connection as SqliteConnection

    from sqlalchemy import Connection, Engine

_PATIENCE_SECONDS: Final = 5
_STATEMENT_SECONDS: Final = 10
# Any number, the same in every process: whoever makes the tables holds this lock of PostgreSQL's meanwhile.
_MAKING_TABLES: Final = 0x61746C69

METADATA: Final = MetaData()

# Keys of the whole store: `index`, by which names are found without being readable, wrapped by the master keys.
KEYS: Final = Table(
    "identity_keys",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)
# Times are microseconds since 1970, in UTC.
PROFILES: Final = Table(
    "identity_profiles",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(63), nullable=False),
    Column("name_index", LargeBinary(32), nullable=False),
    Column("create_time", BigInteger, nullable=False),
    Column("expire_time", BigInteger, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("tenant", "name_index", name="identity_profiles_one_of_a_name"),
    Index("identity_profiles_newest", "tenant", "create_time", "id"),
    Index("identity_profiles_expiry", "expire_time"),
)
# Cut-outs of references, where they were to be kept, sealed with the key of their profile.
REFERENCES: Final = Table(
    "identity_references",
    METADATA,
    Column("profile", String(36), ForeignKey(PROFILES.c.id, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)


def open_database(address: str) -> Engine:
    """Open a database by its URL, `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`; ask nothing of it yet.

    Raises SettingsError.
    """
    try:
        url = make_url(address)
    except ArgumentError:
        raise SettingsError("ATELIER_IDENTITY_DATABASE: is no URL of a database") from None
    if url.drivername == "sqlite":
        return _sqlite(url)
    if url.drivername in {"postgresql", "postgresql+psycopg"}:
        return _postgresql(url.set(drivername="postgresql+psycopg"))
    raise SettingsError(f"ATELIER_IDENTITY_DATABASE: {url.drivername} is neither sqlite nor postgresql")


def make_tables(connection: Connection) -> None:
    """Make the tables that are missing. Processes that do it at once wait for each other."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MAKING_TABLES})
    for table in METADATA.sorted_tables:
        connection.execute(CreateTable(table, if_not_exists=True))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(CreateIndex(index, if_not_exists=True))


@contextmanager
def reaching() -> Iterator[None]:
    """Turn a database that is away, full, locked or broken into BackendDownError. Nothing of a row stands in it."""
    try:
        yield
    except (IntegrityError, ProgrammingError, DataError):
        raise
    except (DBAPIError, PoolTimeoutError):
        raise BackendDownError(
            "The store of identity profiles does not answer; nothing is half-written.",
            metadata={"backend": "identity store"},
        ) from None


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _PATIENCE_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: SqliteConnection, _: object) -> None:
        # sqlite3 begins transactions by rules of its own; this leaves it to `begin` below.
        connection.isolation_level = None
        for pragma in (
            "foreign_keys = ON",
            "secure_delete = ON",  # What is deleted is overwritten with zeros.
            "journal_mode = DELETE",  # A write-ahead log would keep deleted rows until it is folded in.
            "synchronous = FULL",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # Writers wait for each other from the start, instead of failing halfway.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL) -> Engine:
    arguments: dict[str, Any] = {
        "connect_timeout": _PATIENCE_SECONDS,
        "options": f"-c statement_timeout={_STATEMENT_SECONDS}s -c lock_timeout={_PATIENCE_SECONDS}s",
        "tcp_user_timeout": 1000 * _STATEMENT_SECONDS,
    }
    return create_engine(
        url, hide_parameters=True, connect_args=arguments, pool_pre_ping=True, pool_timeout=_PATIENCE_SECONDS
    )
