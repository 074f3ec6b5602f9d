"""How long work is shown: one line a step, with a bar where the amount is known."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console


class Step(Protocol):
    """One piece of work that is under way."""

    def at(self, done: int) -> None:
        """Say how much is done, in the unit of the step's total."""


class Reporter(Protocol):
    """Somebody who is told what is being done."""

    def step(self, title: str, total_bytes: int | None = None) -> AbstractContextManager[Step]:
        """Begin a step that ends with the context; `total_bytes` is its size where it is a download."""


class _Unheard:
    def at(self, done: int) -> None:
        """Tell nobody."""


class Silent:
    """Tells nobody."""

    @contextmanager
    def step(self, title: str, total_bytes: int | None = None) -> Iterator[Step]:  # noqa: ARG002 - the protocol's
        """Begin a step that nobody hears of."""
        yield _Unheard()


class _Bar:
    def __init__(self, progress: Progress, title: str, total_bytes: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task(title, total=total_bytes)

    def at(self, done: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done)


class OnConsole:
    """Shows bars on a terminal, and plain lines where the output is a file or a log."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, title: str, total_bytes: int | None = None) -> Iterator[Step]:
        """Begin a step; on success its line stays with the time that it took."""
        if not self._console.is_terminal:
            self._console.print(f"{title} …", highlight=False, soft_wrap=True)
            yield _Unheard()
            return
        size = [DownloadColumn()] if total_bytes else []
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), *size, TimeElapsedColumn())
        with Progress(*columns, console=self._console) as progress:
            bar = _Bar(progress, title, total_bytes)
            yield bar
            if total_bytes:
                bar.at(total_bytes)
