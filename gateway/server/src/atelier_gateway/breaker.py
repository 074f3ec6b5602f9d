"""A circuit breaker: a capability that keeps failing is left alone for a while, and costs nobody any time.

It opens after so many failures in a row. While it is open, calls are refused at once; whenever its pause is over, one
call is let through as a trial, and the first that succeeds closes it. Each failed trial doubles the pause.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from atelier_sdk.errors import BackendDownError

if TYPE_CHECKING:
    from collections.abc import Callable

FAILURES: Final = 5
PAUSE_SECONDS: Final = (1.0, 30.0)


class Breaker:
    """The breaker of one capability, on a clock in seconds."""

    def __init__(self, name: str, now: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._now = now
        self._failures = 0
        self._pause = PAUSE_SECONDS[0]
        self._trial_at = 0.0
        self._trying = False

    @property
    def is_open(self) -> bool:
        """Say whether calls are refused."""
        return self._failures >= FAILURES

    @property
    def detail(self) -> str:
        """Say in a sentence why calls are refused; empty where they are not."""
        return f"its last {self._failures} calls failed; one is tried now and then" if self.is_open else ""

    def enter(self) -> None:
        """Let a call through, as a trial where the pause is over. Raises BackendDownError."""
        if not self.is_open:
            return
        left = self._trial_at - self._now()
        if left > 0.0:
            raise BackendDownError(
                f"{self._name} keeps failing and is left alone for a while.",
                metadata={"capability": self._name, "failures": str(self._failures)},
                retry_after_seconds=round(left, 3),
            )
        self._trial_at, self._trying = self._now() + self._pause, True

    def try_soon(self) -> None:
        """Let the next call through as a trial: a process says that it is well again."""
        self._trial_at = self._now()

    def succeeded(self) -> None:
        """Close it: a call was answered."""
        self._failures, self._pause, self._trying = 0, PAUSE_SECONDS[0], False

    def failed(self) -> None:
        """Count a call that its process did not answer."""
        if self._trying:  # and not one of those that were on their way when it opened
            self._pause, self._trying = min(2 * self._pause, PAUSE_SECONDS[1]), False
        self._failures += 1
        if self.is_open:
            self._trial_at = self._now() + self._pause
