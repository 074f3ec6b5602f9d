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
