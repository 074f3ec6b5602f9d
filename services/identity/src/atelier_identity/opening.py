"""The servicer as the environment wants it."""

from __future__ import annotations

import os

from atelier_rpc.logs import Log
from atelier_rpc.places import state_folder
from atelier_rpc.settings import SettingsError, read
from atelier_sdk.errors import BackendDownError, ProfileSealedError
from atelier_service.settings import ServiceSettings

from atelier_identity.database import open_database
from atelier_identity.servicer import IdentityServicer
from atelier_identity.settings import IdentitySettings
from atelier_identity.store import ProfileStore

log = Log(__name__)


def open_servicer() -> IdentityServicer:
    """Open the store that the environment names, with its keys.

    A database that is away now is waited for: until it answers, the service says that it is not well. Keys that an
    older master key wrapped are wrapped anew. Raises SettingsError.
    """
    settings, service = read(IdentitySettings, os.environ), read(ServiceSettings, os.environ)
    folder = state_folder(service.state, service.home) / "identity"
    store = ProfileStore(
        open_database(settings.database_url(folder)), settings.master_keys(folder), quota=settings.quota
    )
    try:
        store.prepare()
        if changed := store.rewrap():
            log.info("keys were wrapped with the newest master key", keys=changed)
    except BackendDownError:
        log.info("the store of profiles does not answer yet")
    except ProfileSealedError:
        raise SettingsError("ATELIER_IDENTITY_KEYS: the database was encrypted with other keys") from None
    return IdentityServicer(store, default_time=settings.default_time, longest_time=settings.longest_time)
