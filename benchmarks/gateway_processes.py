"""The processes that the gateway's benchmark measures: an echo service, the gateway, and nginx where it is installed.

`python benchmarks/gateway_processes.py echo PORT` and `… gateway PORT ECHO_PORT` run one each.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import grpc
from atelier_gateway.__main__ import serve
from atelier_gateway.settings import GatewaySettings
from atelier_rpc.logs import configure
from atelier_rpc.memory import keep_freed_memory
from atelier_rpc.settings import read
from atelier_sdk import Capability, Limits, hookimpl
from atelier_sdk.discovery import Found
from atelier_sdk.host import PluginHost
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

SERVICE: Final = "bench.v1.EchoService"
MIB: Final = 1024 * 1024
OPTIONS: Final = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))

NGINX: Final = """
worker_processes 1;
daemon off;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.log;
    client_max_body_size 0;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream echo {{ server 127.0.0.1:{echo}; keepalive 16; keepalive_requests 1000000; }}
    server {{
        listen 127.0.0.1:{port} http2;
        grpc_buffer_size 64k;
        grpc_socket_keepalive on;
        location / {{ grpc_pass grpc://echo; }}
    }}
}}
"""


def echo_capability() -> Capability:
    """Declare the echo service as a plugin would."""
    file = FileDescriptorProto(name="bench/v1/echo.proto", package="bench.v1", syntax="proto3")
    file.message_type.add(name="Blob")
    service = file.service.add(name="EchoService")
    for name, up, down in (("Echo", False, False), ("Upload", True, False), ("Download", False, True)):
        service.method.add(
            name=name,
            input_type=".bench.v1.Blob",
            output_type=".bench.v1.Blob",
            client_streaming=up,
            server_streaming=down,
        )
    return Capability(
        name="echo",
        service=SERVICE,
        description="Gives back what it gets.",
        descriptors=FileDescriptorSet(file=[file]).SerializeToString(),
        command=(sys.executable, __file__, "echo", "0"),
        limits=Limits(max_concurrency=64),
    )


async def serve_echo(port: int) -> None:
    """Serve Echo (gives back), Upload (takes chunks, gives their size) and Download (gives as many MiB as asked)."""

    async def echo(request: bytes, _: object) -> bytes:
        return request

    async def upload(requests: AsyncIterator[bytes], _: object) -> bytes:
        return str(sum([len(chunk) async for chunk in requests])).encode()

    async def download(request: bytes, _: object) -> AsyncIterator[bytes]:
        chunk = bytes(MIB)
        for _number in range(int(request)):
            yield chunk

    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Echo": grpc.unary_unary_rpc_method_handler(echo),
        "Upload": grpc.stream_unary_rpc_method_handler(upload),
        "Download": grpc.unary_stream_rpc_method_handler(download),
    }
    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


class _EchoPlugin:
    """A plugin whose only capability is the echo service."""

    atelier_api = "1.0"

    @hookimpl
    def atelier_capabilities(self) -> Iterable[Capability]:
        return [echo_capability()]


def serve_gateway(port: int, echo_port: int) -> None:
    """Run the gateway as it runs in earnest, access log included, with the echo service as its only capability."""
    settings = read(
        GatewaySettings,
        {
            "ATELIER_LISTEN": f"127.0.0.1:{port}",
            "ATELIER_METRICS_LISTEN": "127.0.0.1:0",
            "ATELIER_ENDPOINTS": f"echo=127.0.0.1:{echo_port}",
            "ATELIER_ARTIFACTS_URL": "memory:///",
        },
    )
    configure(service="gateway", style="json")
    keep_freed_memory()
    plugins = PluginHost()
    plugins.add(Found("echo", "echo", "1.0", _EchoPlugin))
    asyncio.run(serve(settings, plugins))


def start(role: str, *ports: int, log: Path) -> subprocess.Popen[bytes]:
    """Start one of this file's processes."""
    command = [sys.executable, __file__, role, *map(str, ports)]
    with log.open("wb") as stream:
        return subprocess.Popen(command, stderr=stream)


def start_nginx(port: int, echo_port: int, folder: Path) -> subprocess.Popen[bytes] | None:
    """Start nginx with `grpc_pass`; None where it is not installed."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        return None
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, echo=echo_port))
    return subprocess.Popen([nginx, "-p", str(folder), "-c", str(config)], stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    if sys.argv[1] == "echo":
        asyncio.run(serve_echo(int(sys.argv[2])))
    else:
        serve_gateway(int(sys.argv[2]), int(sys.argv[3]))
