from __future__ import annotations

import platform
import subprocess
import sys

import pytest


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has mallopt")
def test_freed_memory_is_kept_for_the_next_message() -> None:
    """A megabyte that is allocated again and again must not be mapped afresh each time: page faults tell."""
    code = (
        "import resource, sys\n"
        "from atelier_rpc.memory import keep_freed_memory\n"
        "assert keep_freed_memory()\n"
        "def churn(): \n"
        "    for _ in range(200): bytes(bytearray(1 << 20))\n"
        "churn()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "churn()\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1000  # 200 fresh megabytes would be 51,200 pages


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can trim")
def test_what_a_burst_leaves_behind_is_given_back() -> None:
    """Small pieces with one survivor on top: without trimming, nothing below it would ever be returned."""
    code = (
        "import asyncio\n"
        "from atelier_rpc import memory\n"
        "memory._LOOK_SECONDS = 0.05\n"
        "memory.keep_freed_memory()\n"
        "burst = [bytes(bytearray(100_000)) for _ in range(2000)]\n"
        "last = burst.pop()\n"
        "full = memory._resident_bytes()\n"
        "burst.clear()\n"
        "async def wait():\n"
        "    task = asyncio.create_task(memory.give_back_freed_memory(0))\n"
        "    await asyncio.sleep(1)\n"
        "    task.cancel()\n"
        "asyncio.run(wait())\n"
        "print(full - memory._resident_bytes())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 100_000_000  # of 200 MB, less what the burst's own list and pools keep
