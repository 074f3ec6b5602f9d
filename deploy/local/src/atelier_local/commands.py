"""`atelier up`, `status`, `logs` and `down`: the local stack from the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from atelier_models.progress import OnConsole
from atelier_sdk.errors import AtelierError
from rich.console import Console
from rich.live import Live

from atelier_local import paths, view
from atelier_local.errors import StackError, StackRunningError, SupervisorGoneError
from atelier_local.plan import PlanOptions
from atelier_local.stack import Stack, end_of_log, prepared, stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from atelier_local.plan import Plan

_LOOK_SECONDS = 1.0
NOT_RUNNING, NOT_READY = 1, 2
"""Exit codes of `atelier status`."""


class SaysWhy(click.Command):
    """A command that ends with a sentence, not with a traceback, where we know what is wrong."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except StackError as error:
            raise click.ClickException(str(error)) from error
        except AtelierError as error:
            raise click.ClickException(error.message) from error


@click.command(cls=SaysWhy)
@click.option("-d", "--detach", is_flag=True, help="Return when all is ready; `atelier down` stops it.")
@click.option("--only", metavar="NAME,…", default="", help="Start these capabilities alone, and what they need.")
@click.option("--port", type=click.IntRange(1, 65535), help="The gateway's port.  [default: 8610, or a free one]")
@click.option("--no-triton", is_flag=True, help="Run the models inside the services, without Triton.")
@click.option("--json", "as_json", is_flag=True, help="Print the stack as JSON on stdout when it is ready.")
def up(*, detach: bool, only: str, port: int | None, no_triton: bool, as_json: bool) -> None:
    """Start the local stack: Triton, every installed capability, the gateway.

    What is missing (models, Triton) is fetched and converted first; that happens once. A process counts as ready when
    it has answered a real question: a capability, when its self-test has passed; the gateway, when it has listed them.

    \b
    Examples:
      atelier up                     stay, show how it is; Ctrl-C stops everything
      atelier up --detach            return when ready
      atelier up -d --only style     one capability
      ATELIER_STATE=/tmp/two atelier up -d --port 8700      a second stack beside the first
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    console, state_dir = Console(stderr=True), paths.state().resolve()
    names = tuple(name.strip() for name in only.split(",") if name.strip())
    running = Stack.find(state_dir)
    if running:
        _check_suits(running, names, port)
        console.print(f"already running in {state_dir}", highlight=False)
        _show(running, as_json=as_json)
        return
    options = PlanOptions(paths.home(), state_dir, names, port, triton=not no_triton)
    with _terminated_like_interrupted():
        try:
            stack = _start(prepared(options, OnConsole(console)), options, console, detach=detach)
            if detach:
                _show(stack, as_json=as_json)
            else:
                _attend(stack, console, as_json=as_json)
        except StackRunningError as error:  # somebody else started it meanwhile
            _show(error.stack, as_json=as_json)


@click.command(cls=SaysWhy)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def status(ctx: click.Context, /, *, as_json: bool) -> None:
    """Show how each process of the stack is.

    Exit status: 0 all ready, 1 no stack runs, 2 something is not ready.
    """
    stack = Stack.find(paths.state().resolve())
    if stack is None:
        if as_json:
            click.echo(json.dumps({"running": False}))
        else:
            click.echo(f"no stack is running in {paths.state()}; `atelier up` starts one", err=True)
        ctx.exit(NOT_RUNNING)
    ctx.exit(0 if _show(stack, as_json=as_json) else NOT_READY)


@click.command(cls=SaysWhy)
def down() -> None:
    """Stop the stack and leave nothing behind: no process, no port, no shared memory."""
    state_dir = paths.state().resolve()
    stopped = stop(state_dir) if state_dir.is_dir() else False
    click.echo("stopped" if stopped else f"no stack is running in {state_dir}", err=True)


@click.command(cls=SaysWhy)
@click.argument("name", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on as lines are written; Ctrl-C ends it.")
@click.option(
    "-n", "--lines", type=click.IntRange(1), default=40, show_default=True, help="How many lines to begin with."
)
def logs(name: str | None, *, follow: bool, lines: int) -> None:
    """Show the log of the process NAME, or of all."""
    folder = paths.logs(paths.state())
    known = {log.stem: log for log in sorted(folder.glob("*.log"))} if folder.is_dir() else {}
    if name is not None and name not in known:
        raise click.ClickException(f"there is no log of {name!r}; there are: {', '.join(known) or 'none'}")
    chosen = [known[name]] if name else [log for log in known.values() if log.stat().st_size]
    if follow and chosen:
        _follow([str(log) for log in chosen], lines)
        return
    for log in chosen:
        if len(chosen) > 1:
            click.secho(f"==> {log.stem} <==", bold=True)
        click.echo(end_of_log(log, lines))


def _follow(files: list[str], lines: int) -> None:
    """Leave following to tail, which knows how logs are turned over."""
    with subprocess.Popen(("tail", "-n", str(lines), "-F", *files)) as tail:
        try:
            tail.wait()
        except KeyboardInterrupt:
            tail.terminate()


def _check_suits(running: Stack, names: tuple[str, ...], port: int | None) -> None:
    """Refuse to pass a running stack off as the one that is asked for. Errors: StackError."""
    lacks = sorted(set(names) - {process.name for process in running.record.processes})
    if lacks or (port and running.address.rpartition(":")[2] != str(port)):
        without = f" and without {', '.join(lacks)}" if lacks else ""
        raise StackError(
            f"another stack is running in {running.state_dir}, at {running.address}{without}; `atelier down` stops it, "
            "and with ATELIER_STATE=FOLDER a second one runs beside it"
        )


def _start(wanted: Plan, options: PlanOptions, console: Console, *, detach: bool) -> Stack:
    with Live(console=console, transient=True, refresh_per_second=4) as live:
        return Stack.start(
            wanted,
            options.state_dir,
            owned=not detach,
            on_change=lambda statuses: live.update(view.table(statuses)),
        )


def _show(stack: Stack, *, as_json: bool) -> bool:
    """Print the stack, and say whether all of it is ready."""
    statuses = stack.statuses()
    described = view.as_json(stack, statuses)
    if as_json:
        click.echo(json.dumps(described, indent=2))
    else:
        Console().print(view.summary(stack, statuses))
    return bool(described["ready"])


def _attend(stack: Stack, console: Console, *, as_json: bool) -> None:
    """Show how the stack is until somebody stops it or it is gone."""
    try:
        _show(stack, as_json=as_json)
        console.print("Ctrl-C stops everything", style="dim")
        with Live(console=console, transient=True, auto_refresh=False) as live:
            while stack.record.supervisor.is_alive():
                live.update(view.table(stack.statuses()), refresh=True)
                time.sleep(_LOOK_SECONDS)
    except KeyboardInterrupt:
        console.print("stopping …")
    except SupervisorGoneError as error:
        console.print(str(error), highlight=False, markup=False)
    finally:
        stack.down()
        console.print("stopped")


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Take SIGTERM and a closed terminal for Ctrl-C, so that they stop the stack in order too."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    signals = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(one, interrupt) for one in signals]
    try:
        yield
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)
