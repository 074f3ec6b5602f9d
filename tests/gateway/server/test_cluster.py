"""What a cluster asks of a gateway: certificates that are renewed, connections of limited age, machines that vanish."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
from typing import TYPE_CHECKING

import grpc
import pytest
from atelier_gateway import endpoints
from atelier_gateway.settings import GatewaySettings
from atelier_gateway.tls import Certificate
from atelier_rpc.settings import SettingsError, read
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.gateway.server.toy import SERVICE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.gateway.server.conftest import OpenHouse, StartToy

    Killable = Callable[[int], Awaitable[asyncio.subprocess.Process]]


def write_certificate(folder: Path) -> bytes:
    """Write a new certificate for localhost and return it."""
    folder.mkdir(exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    text = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "tls.crt").write_bytes(text)
    (folder / "tls.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return text


async def call_with(certificate: bytes, port: int) -> bytes:
    async with grpc.aio.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials(certificate)) as channel:
        echo: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{SERVICE}/Echo")
        return await echo(b"hello", timeout=10)


async def test_callers_may_come_with_tls(open_house: OpenHouse, start_toy: StartToy, tmp_path: Path) -> None:
    toy = await start_toy()
    certificate = write_certificate(tmp_path / "tls")
    house = await open_house(toy.address, ATELIER_TLS_LISTEN="127.0.0.1:0", ATELIER_TLS_FOLDER=str(tmp_path / "tls"))
    assert await call_with(certificate, house.gateway.tls_port) == b"hello"
    assert await house.unary()(b"plain") == b"plain"


async def test_a_renewed_certificate_is_taken_up(open_house: OpenHouse, start_toy: StartToy, tmp_path: Path) -> None:
    toy = await start_toy()
    old = write_certificate(tmp_path / "tls")
    house = await open_house(toy.address, ATELIER_TLS_LISTEN="127.0.0.1:0", ATELIER_TLS_FOLDER=str(tmp_path / "tls"))
    new = write_certificate(tmp_path / "tls")
    assert await call_with(new, house.gateway.tls_port) == b"hello"
    with pytest.raises(grpc.aio.AioRpcError):
        await call_with(old, house.gateway.tls_port)
    (tmp_path / "tls" / "tls.key").unlink()
    assert await call_with(new, house.gateway.tls_port) == b"hello"


@pytest.mark.parametrize("given", [True, False])
def test_a_certificate_that_is_missing_stops_the_start(tmp_path: Path, *, given: bool) -> None:
    with pytest.raises(SettingsError, match=r"^ATELIER_TLS_FOLDER: "):
        Certificate(tmp_path if given else None)


async def test_connections_end_at_their_age_and_calls_do_not(open_house: OpenHouse, start_toy: StartToy) -> None:
    toy = await start_toy()
    house = await open_house(toy.address, ATELIER_CONNECTION_AGE_SECONDS="0.2")
    states: list[grpc.ChannelConnectivity] = []
    house.channel.get_state(try_to_connect=True)
    slow = house.unary()(b"slow", metadata=(("toy-do", "sleep"), ("toy-seconds", "1")))
    watching = asyncio.create_task(_watch(house.channel, states))
    assert await slow == b"slow"
    watching.cancel()
    assert grpc.ChannelConnectivity.IDLE in states  # told to leave, while the call went on
    assert await house.unary()(b"again") == b"again"


async def _watch(channel: grpc.aio.Channel, states: list[grpc.ChannelConnectivity]) -> None:
    while True:
        state = channel.get_state()
        states.append(state)
        await channel.wait_for_state_change(state)


def test_connections_live_for_ever_unless_told() -> None:
    assert read(GatewaySettings, {}).connection_age_seconds == 0


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the gateway ask after half a second whether the other side is there, instead of after ten."""
    quick = {"grpc.keepalive_time_ms": 500, "grpc.keepalive_timeout_ms": 500, "grpc.http2.ping_timeout_ms": 500}
    assert quick.keys() <= dict(endpoints.CHANNEL_OPTIONS).keys()
    monkeypatch.setattr(endpoints, "CHANNEL_OPTIONS", tuple({**dict(endpoints.CHANNEL_OPTIONS), **quick}.items()))


@pytest.mark.usefixtures("impatient")
async def test_calls_to_a_machine_that_vanished_end_long_before_their_deadline(
    open_house: OpenHouse, killable: Killable, free_port: int
) -> None:
    """A stopped process holds its connections and says nothing, as a machine without power does."""
    lost = await killable(free_port)
    house = await open_house(f"127.0.0.1:{free_port}")
    metadata = (("x-request-id", "one"), ("toy-do", "sleep"), ("toy-seconds", "50"))
    call = house.unary()(b"hello", timeout=60, metadata=metadata)
    await house.settled(lambda: house.gateway.backends["toy"].endpoints[0].in_flight == 1)
    lost.send_signal(signal.SIGSTOP)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.usefixtures("impatient")
async def test_a_server_that_allows_few_pings_is_content(open_house: OpenHouse, start_toy: StartToy) -> None:
    """The toy has gRPC's defaults: more than two pings without data in between would end the connection."""
    toy = await start_toy()
    house = await open_house(toy.address)
    metadata = (("toy-do", "sleep"), ("toy-seconds", "4"))
    assert await house.unary()(b"slow", timeout=30, metadata=metadata) == b"slow"
