"""Certificates from a folder that somebody renews, such as a mounted Secret: taken up without a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from atelier_rpc.logs import Log
from atelier_rpc.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

log = Log(__name__)


class Certificate:
    """The certificate of a folder, `tls.crt` and `tls.key`."""

    def __init__(self, folder: Path | None) -> None:
        """Read it. Raises SettingsError when there is none."""
        if folder is None:
            raise SettingsError("ATELIER_TLS_FOLDER: it must be given with ATELIER_TLS_LISTEN")
        self._folder = folder
        try:
            self._pair = self._read()
        except OSError as error:
            raise SettingsError(f"ATELIER_TLS_FOLDER: {error.filename} cannot be read") from None

    def credentials(self) -> grpc.ServerCredentials:
        """Return credentials that follow the folder."""
        return grpc.dynamic_ssl_server_credentials(
            _configuration(self._pair),
            self._renewed,  # type: ignore[arg-type]  # None says that nothing has changed; the stubs do not know.
        )

    def _renewed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return the folder's certificate when it is another one; asked by gRPC for every new connection."""
        try:
            pair = self._read()
        except OSError as error:
            log.error("the certificate cannot be read; the last one stays", error)  # noqa: TRY400 (our own log)
            return None
        if pair == self._pair:
            return None
        self._pair = pair
        log.info("the certificate was renewed")
        return _configuration(pair)

    def _read(self) -> tuple[bytes, bytes]:
        return (self._folder / "tls.key").read_bytes(), (self._folder / "tls.crt").read_bytes()


def _configuration(pair: tuple[bytes, bytes]) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([pair])
