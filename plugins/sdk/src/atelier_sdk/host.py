"""The host of plugins: loads them, asks their hooks, and keeps what is wrong with one away from all others.

    host = PluginHost()
    host.load(manifests=folder)
    for plugin, capability in host.collect("atelier_capabilities", Capability): …
    generation = host.fold("atelier_prepare_generation", "generation", generation)

Nothing that a plugin does makes `load` or `collect` raise: a plugin that does not import, was written for another API,
raises or hangs is named in the log and in `statuses`, and left out.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pluggy

from atelier_sdk import hookspecs
from atelier_sdk.api import why_not
from atelier_sdk.bounded import TookTooLongError
from atelier_sdk.discovery import Found, found
from atelier_sdk.errors import PolicyFailedError, PolicyRefusedError
from atelier_sdk.markers import PROJECT
from atelier_sdk.plugin import Plugin, PluginState, PluginStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

Value = TypeVar("Value")

HOOKS: Final = tuple(name for name in vars(hookspecs) if name.startswith("atelier_"))
"""The names of all hooks, in call order."""
NONE: Final = "none"
"""Allows no plugin at all, where the names of those that are allowed stand."""

log = logging.getLogger(__name__)


class HookFailedError(Exception):
    """A transform hook raised, hung or answered what it may not; the message names the plugin and says which."""

    def __init__(self, plugin: Plugin, hook: str, why: str) -> None:
        super().__init__(f"{hook} of the plugin {plugin} {why}")
        self.plugin = plugin


class PluginHost:
    """The plugins of one process.

    `import_seconds` bounds an import, `register_seconds` each register hook, both with room for a machine that is busy
    with its start, and `call_seconds` each transform hook. `trace` writes a line to standard error for each hook that
    was asked: which, whose, how long, how it ended; never what was said.
    """

    def __init__(
        self,
        *,
        import_seconds: float = 20.0,
        register_seconds: float = 10.0,
        call_seconds: float = 1.0,
        trace: bool = False,
    ) -> None:
        self._import_seconds = import_seconds
        self._register_seconds = register_seconds
        self._call_seconds = call_seconds
        self._trace = trace
        self._plugins: dict[str, Plugin] = {}
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._lock = threading.Lock()
        self._required: frozenset[str] = frozenset()

    def load(
        self, *, allowed: Collection[str] = (), required: Collection[str] = (), manifests: Path | None = None
    ) -> None:
        """Load all plugins that are installed, or those that are named; `none` allows none.

        While one of those that are `required` is not in use, every policy is lacking. `manifests` is a folder with
        files of plugins of other environments.
        """
        for one in found(manifests):
            if allowed and one.name not in allowed:
                self._keep(Plugin(one.name, one.distribution, one.version, state=PluginState.OFF))
            else:
                self.add(one)
        self._required = frozenset(required)
        self.expect(required)

    def expect(self, names: Collection[str]) -> None:
        """Name those that are not installed at all."""
        for name in sorted({*names} - {*self._plugins, NONE}):
            self._fail(self._keep(Plugin(name)), PluginState.BROKEN, "it is not installed")

    def add(self, one: Found) -> None:
        """Load one plugin and take it in, or note down why not."""
        earlier = self._plugins.get(one.name)
        if earlier is not None:
            other = f"{one.distribution} {one.version} has a plugin of that name too, which is left out"
            log.warning("plugin %s of %s: %s", earlier, earlier.distribution, other)
            earlier.detail = earlier.detail or other
            return
        plugin = self._keep(Plugin(one.name, one.distribution, one.version))
        try:
            plugin.module = self._timed(plugin, "import", self._import_seconds, one.load)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            self._fail(plugin, PluginState.BROKEN, f"it does not import: {_told(error)}")
            return
        self._admit(plugin)

    def refuse(self, name: str, why: str) -> None:
        """Leave a plugin out of use: what it registers cannot be."""
        self._fail(self._plugins[name], PluginState.REFUSED, why)

    def statuses(self) -> tuple[PluginStatus, ...]:
        """Tell how each plugin is, by name."""
        return tuple(self._plugins[name].status for name in sorted(self._plugins))

    def users(self, hook: str) -> tuple[Plugin, ...]:
        """List the plugins whose hook is asked, in that order."""
        return tuple(one for one in self._implementing(hook) if one.in_use)

    def lacking(self, hook: str) -> Plugin | None:
        """Return a plugin without which a policy must refuse: it implements it or is required, and is left out."""
        required = [self._plugins[name] for name in sorted(self._required)]
        return next((one for one in (*required, *self._implementing(hook)) if not one.in_use), None)

    def collect(self, hook: str, kind: type[Value]) -> list[tuple[Plugin, Value]]:
        """Ask a register hook and return what each plugin answers, with the plugin.

        A plugin that raises, hangs, or answers anything but values of `kind` is left out as a whole.
        """
        answers: list[tuple[Plugin, Value]] = []
        for plugin in self.users(hook):
            try:
                values = self._timed(plugin, hook, self._register_seconds, partial(self._listed, plugin, hook))
                _check_kinds(values, kind)
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything
                self._fail(plugin, PluginState.BROKEN, f"its hook {hook} failed: {_told(error)}")
            else:
                answers += [(plugin, value) for value in values]
        return answers

    def ask(self, plugin: Plugin, hook: str, **arguments: object) -> Any:
        """Ask a transform hook of one plugin.

        Raises HookFailedError, with the plugin's own error as its cause.
        """
        return self.run(plugin, hook, partial(self._asked, plugin, hook, **arguments), self._call_seconds)

    def run(self, plugin: Plugin, what: str, function: Callable[[], Value], seconds: float) -> Value:
        """Run a function of a plugin within a time; `what` names it.

        Raises HookFailedError, with the plugin's own error as its cause.
        """
        try:
            return self._timed(plugin, what, seconds, function)
        except PolicyRefusedError as refusal:  # The one error that is an answer.
            raise HookFailedError(plugin, what, "refused") from refusal
        except Exception as error:
            why = str(error) if isinstance(error, TookTooLongError) else f"raised {type(error).__name__}"
            raise self.failed(plugin, what, why) from error

    def fold(self, hook: str, parameter: str, value: Value, **others: object) -> Value:
        """Give a value to a transform hook of each plugin in turn, and return what the last one made of it.

        Raises HookFailedError.
        """
        for plugin in self.users(hook):
            answer = self.ask(plugin, hook, **{parameter: value}, **others)
            if not isinstance(answer, type(value)):
                raise self.failed(plugin, hook, f"answered {type(answer).__name__} for {type(value).__name__}")
            value = answer
        return value

    def failed(self, plugin: Plugin, hook: str, why: str) -> HookFailedError:
        """Note down that a transform hook failed, and return the error that says so.

        Only kinds of errors are told, not their words: those could be a caller's.
        """
        if plugin.in_use:
            self._fail(plugin, PluginState.TROUBLED, f"{hook} failed: {why}")
        return HookFailedError(plugin, hook, why)

    def brings(self, name: str, capabilities: Iterable[str]) -> None:
        """Note down which capabilities a plugin brings."""
        self._plugins[name].capabilities = tuple(capabilities)

    def _keep(self, plugin: Plugin) -> Plugin:
        self._plugins[plugin.name] = plugin
        return plugin

    def _admit(self, plugin: Plugin) -> None:
        """Look at what was imported before anything of it is called."""
        api = getattr(plugin.module, "atelier_api", None)
        plugin.api = api if isinstance(api, str) else ""
        marked = [name for name in dir(plugin.module) if _is_marked(getattr(plugin.module, name, None))]
        plugin.hooks = tuple(name for name in HOOKS if name in marked)
        why = why_not(api) or _unknown([name for name in marked if name not in HOOKS])
        try:
            if not why:
                self._manager.register(plugin.module, name=plugin.name)
        except (pluggy.PluginValidationError, ValueError) as error:
            why = f"one of its hooks does not fit: {_told(error)}"
        if why:
            self._fail(plugin, PluginState.REFUSED, why)

    def _implementing(self, hook: str) -> list[Plugin]:
        return [plugin for _, plugin in sorted(self._plugins.items()) if hook in plugin.hooks]

    def _listed(self, plugin: Plugin, hook: str) -> list[Any]:
        return list(self._asked(plugin, hook))

    def _asked(self, plugin: Plugin, hook: str, **arguments: object) -> Any:
        implementations = getattr(self._manager.hook, hook).get_hookimpls()
        implementation = next(one for one in implementations if one.plugin_name == plugin.name)
        return implementation.function(*(arguments[name] for name in implementation.argnames))

    def _timed(self, plugin: Plugin, what: str, seconds: float, function: Callable[[], Value]) -> Value:
        started, ended = time.perf_counter(), "failed"
        try:
            value = plugin.threads.within(seconds, function)
            ended = "ok"
        finally:
            if self._trace:
                milliseconds = 1000 * (time.perf_counter() - started)
                sys.stderr.write(f"plugin {plugin}: {what} {ended} after {milliseconds:.1f} ms\n")
        return value

    def _fail(self, plugin: Plugin, state: PluginState, why: str) -> None:
        with self._lock:
            known = (plugin.state, plugin.detail) == (state, why)
            plugin.state, plugin.detail = state, why
        if not known:  # A hook that fails at each call is told once.
            log.warning("plugin %s is %s: %s", plugin, state, why)


def policy_failed(plugin: Plugin) -> PolicyFailedError:
    """Say that a call is refused because a plugin could not decide."""
    return PolicyFailedError(
        f"The plugin {plugin} could not decide whether this is allowed, so it is refused.",
        metadata={"plugin": plugin.name, "version": plugin.version},
        retry_after_seconds=1.0,
    )


def _is_marked(item: object) -> bool:
    return callable(item) and isinstance(getattr(item, f"{PROJECT}_impl", None), dict)


def _unknown(names: list[str]) -> str:
    return f"it implements {', '.join(names)}, which is no hook" if names else ""


def _check_kinds(values: list[Value], kind: type[Value]) -> None:
    for value in values:
        if not isinstance(value, kind):
            raise TypeError(f"it answered {type(value).__name__} where {kind.__name__} belongs")


def _told(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
