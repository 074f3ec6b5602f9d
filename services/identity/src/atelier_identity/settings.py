"""Settings of the identity service, besides those of every service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from atelier_rpc.settings import SettingsError, number, setting

from atelier_identity.keys import MasterKeys, read_or_make

_A_MINUTE = 1 / (24 * 60)  # in days


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """What the environment says of the store of profiles."""

    database: str = setting(
        "ATELIER_IDENTITY_DATABASE",
        "",
        "`sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`. Empty: `identity/profiles.sqlite` in "
        "`ATELIER_STATE`.",
        secret=True,
    )
    keys: tuple[str, ...] = setting(
        "ATELIER_IDENTITY_KEYS",
        (),
        "Master keys, comma-separated, the newest first; each 32 random bytes in URL-safe base64. Empty: those of "
        "`ATELIER_IDENTITY_KEY_FILE`.",
        secret=True,
    )
    key_file: Path | None = setting(  # noqa: RUF009 (it makes a dataclass field)
        "ATELIER_IDENTITY_KEY_FILE",
        None,
        "File of master keys, one a line, the newest first. Empty: `identity/keys` in `ATELIER_STATE`, made with a new "
        "key where it is missing; a database given by URL needs keys of its own.",
        parse=Path,
    )
    default_days: float = setting(
        "ATELIER_IDENTITY_DAYS",
        30.0,
        "How long a profile is kept where its caller does not say.",
        parse=number(minimum=_A_MINUTE),
    )
    longest_days: float = setting(
        "ATELIER_IDENTITY_LONGEST_DAYS",
        365.0,
        "How long a profile may be kept at most.",
        parse=number(minimum=_A_MINUTE),
    )
    quota: int = setting("ATELIER_IDENTITY_QUOTA", 10_000, "How many profiles a tenant may have.")

    @property
    def default_time(self) -> timedelta:
        """Return how long a profile is kept where its caller does not say, at most the longest time."""
        return timedelta(days=min(self.default_days, self.longest_days))

    @property
    def longest_time(self) -> timedelta:
        """Return how long a profile may be kept."""
        return timedelta(days=self.longest_days)

    def database_url(self, folder: Path) -> str:
        """Return the database's URL, by default that of one in a folder, which is made. Raises SettingsError."""
        if self.database:
            return self.database
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise SettingsError(f"ATELIER_STATE: {error.filename}: {error.strerror}") from None
        return f"sqlite:///{folder / 'profiles.sqlite'}"

    def master_keys(self, folder: Path) -> MasterKeys:
        """Read the master keys, by default of a file in a folder, made where it is missing. Raises SettingsError."""
        if self.keys:
            return _checked("ATELIER_IDENTITY_KEYS", self.keys)
        if self.database and self.key_file is None:
            raise SettingsError("ATELIER_IDENTITY_KEYS: a database given by URL needs keys that are not made by chance")
        file = self.key_file or folder / "keys"
        try:
            found = read_or_make(file) if self.key_file is None else tuple(file.read_text("ascii").split())
        except (OSError, ValueError) as error:
            raise SettingsError(f"ATELIER_IDENTITY_KEY_FILE: {file} cannot be read: {error}") from None
        return _checked("ATELIER_IDENTITY_KEY_FILE", found)


def _checked(variable: str, found: tuple[str, ...]) -> MasterKeys:
    """Make keys of texts; what is wrong is said without a word of them."""
    try:
        return MasterKeys(found)
    except ValueError as error:
        raise SettingsError(f"{variable}: {error}") from None
