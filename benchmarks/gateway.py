"""What the gateway adds to a call: side by side with a direct call and with nginx, in one interleaved run.

Run `python benchmarks/gateway.py [--json FILE] [--quick]`. Goals for the added median: 1 ms at 1 KB, 3 ms at 1 MB,
30 ms at 8 MB streamed in chunks of 1 MiB; resident memory flat over 10,000 calls and below 150 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.gateway_processes import MIB, OPTIONS, SERVICE, start, start_nginx

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncIterator, Awaitable, Callable

MEGABYTES: Final = 8
MEMORY_CALLS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of call, how often it is made, and what it may cost more than a direct one."""

    name: str
    rounds: int
    goal_ms: float
    call: Callable[[grpc.aio.Channel], Awaitable[None]]


def unary(size: int) -> Callable[[grpc.aio.Channel], Awaitable[None]]:
    """Return a unary call with a message of `size` bytes both ways."""
    content = os.urandom(size)

    async def call(channel: grpc.aio.Channel) -> None:
        ask: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{SERVICE}/Echo")
        if len(await ask(content)) != size:
            raise RuntimeError("the echo is wrong")

    return call


async def upload(channel: grpc.aio.Channel) -> None:
    """Send 8 MiB in chunks of 1 MiB."""
    chunk = bytes(MIB)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(MEGABYTES):
            yield chunk

    ask: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(f"/{SERVICE}/Upload")
    if int(await ask(chunks())) != MEGABYTES * MIB:
        raise RuntimeError("the upload is not whole")


async def download(channel: grpc.aio.Channel) -> None:
    """Fetch 8 MiB in chunks of 1 MiB."""
    ask: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(f"/{SERVICE}/Download")
    if sum([len(chunk) async for chunk in ask(str(MEGABYTES).encode())]) != MEGABYTES * MIB:
        raise RuntimeError("the download is not whole")


CASES: Final = (
    Case("1 KB unary", 1000, 1.0, unary(1024)),
    Case("1 MB unary", 200, 3.0, unary(MIB)),
    Case("8 MB upload", 60, 30.0, upload),
    Case("8 MB download", 60, 30.0, download),
)


async def measured(case: Case, channels: dict[str, grpc.aio.Channel], share: float) -> dict[str, dict[str, float]]:
    """Time a case on all channels in turn; return median and 95th percentile in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in channels}
    rounds = max(10, int(case.rounds * share))
    for number in range(rounds + rounds // 10):
        for name, channel in channels.items():
            began = time.perf_counter()
            await case.call(channel)
            if number >= rounds // 10:  # The first tenth warms up.
                times[name].append(1000 * (time.perf_counter() - began))
    return {
        name: {"p50_ms": statistics.median(each), "p95_ms": statistics.quantiles(each, n=20)[-1]}
        for name, each in times.items()
    }


async def memory(channel: grpc.aio.Channel, pid: int, share: float) -> dict[str, float]:
    """Return the gateway's resident memory in MB after a tenth of 10,000 calls, one in ten of 1 MB, and after all."""
    small, large = unary(1024), unary(MIB)
    total = int(MEMORY_CALLS * share)
    after_tenth = 0.0
    for number in range(total):
        await (large if number % 10 == 0 else small)(channel)
        if number == total // 10:
            after_tenth = resident(pid)
    return {"calls": total, "after_tenth_mb": after_tenth, "after_all_mb": resident(pid)}


def resident(pid: int) -> float:
    """Return a process's resident memory in MB (Linux)."""
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def free_ports(count: int) -> list[int]:
    """Find ports that are free now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


async def run(share: float) -> dict[str, object]:
    """Start everything, measure, stop everything; return the figures."""
    echo_port, gateway_port, nginx_port = free_ports(3)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        echo = start("echo", echo_port, log=Path(folder) / "echo.log")
        gateway = start("gateway", gateway_port, echo_port, log=Path(folder) / "gateway.log")
        nginx = start_nginx(nginx_port, echo_port, Path(folder))
        ports = {"direct": echo_port, "gateway": gateway_port}
        if nginx is not None:
            ports["nginx"] = nginx_port
        for process in (echo, gateway, nginx):
            if process is not None:
                stack.callback(stop, process)
        channels = {name: await connected(port) for name, port in ports.items()}
        figures: dict[str, object] = {case.name: await measured(case, channels, share) for case in CASES}
        figures["memory"] = await memory(channels["gateway"], gateway.pid, share)
        for channel in channels.values():
            await channel.close()
    return figures


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and wait for it."""
    process.terminate()
    process.wait()


async def connected(port: int) -> grpc.aio.Channel:
    """Return a channel on which a call has succeeded."""
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=OPTIONS)
    ask: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{SERVICE}/Echo")
    for _ in range(100):
        try:
            await ask(b"", timeout=5)
        except grpc.aio.AioRpcError:
            await asyncio.sleep(0.1)
        else:
            return channel
    raise RuntimeError(f"nothing answers on port {port}")


def table(figures: dict[str, object]) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| call | to | p50 ms | p95 ms | added p50 ms | ratio | goal |", "|---|---|---|---|---|---|---|"]
    for case in CASES:
        by_name = figures[case.name]
        direct = by_name["direct"]["p50_ms"]  # type: ignore[index]
        for name, each in by_name.items():  # type: ignore[attr-defined]
            median = each["p50_ms"]
            goal = f"≤ {case.goal_ms:g} ms" if name == "gateway" else ""
            lines.append(
                f"| {case.name} | {name} | {median:.2f} | {each['p95_ms']:.2f} | {median - direct:.2f} | "
                f"{median / direct:.2f} | {goal} |"
            )
    kept: dict[str, float] = figures["memory"]  # type: ignore[assignment]
    lines.append(
        f"\nResident memory of the gateway: {kept['after_tenth_mb']:.0f} MB after {kept['calls'] / 10:.0f} calls, "
        f"{kept['after_all_mb']:.0f} MB after {kept['calls']:.0f} (goal: flat, ≤ 150 MB)."
    )
    if "nginx" not in figures[CASES[0].name]:  # type: ignore[operator]
        lines.append("\nnginx is not installed and was left out (`apt-get install nginx-light`).")
    return "\n".join(lines)


def main() -> None:
    """Measure, print a table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--quick", action="store_true", help="a tenth of the calls")
    arguments = parser.parse_args()
    figures = asyncio.run(run(0.1 if arguments.quick else 1.0))
    sys.stdout.write(table(figures) + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
