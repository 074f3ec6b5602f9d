"""The hook reference, written from the specs: `python -m atelier_sdk.reference > docs/plugins/hooks.md`."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from typing import TYPE_CHECKING, Final

import atelier_sdk
from atelier_sdk import hookspecs
from atelier_sdk.api import version_text
from atelier_sdk.host import HOOKS
from atelier_sdk.markers import KIND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HEAD: Final = """\
# Hooks

This page is written from `atelier_sdk.hookspecs` by `python -m atelier_sdk.reference`; a test keeps the two equal. It
is the whole surface of the plugin API {version}. How it changes: [versions](versions.md). A first plugin:
[tutorial](tutorial.md). What every edit keeps: [conformance](conformance.md).

```python
from atelier_sdk import Refusal, hookimpl

atelier_api = "{version}"


@hookimpl
def atelier_admit(call):
    if call.tenant == "guest" and call.capability == "generate":
        return Refusal("Guests do not generate.", "NO_GUESTS")
    return None
```

"""
_TAIL: Final = """\
## What an operator sets

| variable | meaning |
|---|---|
| `ATELIER_PLUGINS` | plugins that are used, by name; `none` for none; empty for all that are installed |
| `ATELIER_REQUIRE_PLUGINS` | plugins without which every call is refused: for policies that must not be missing |
| `ATELIER_PLUGIN_MANIFESTS` | folder with plugins of other environments, `plugins.d` in `ATELIER_HOME` by default |
| `ATELIER_TRACE_PLUGINS` | `1` writes a line for each hook that is asked: which, whose, how long, how it ended |

`atelier plugins list` says how each plugin is, `atelier plugins show NAME` what it brings, `atelier plugins check NAME`
whether it can be used. A running gateway says how its plugins are by `atelier.v1.CatalogService.ListPlugins`.

| state | meaning |
|---|---|
| active | it was loaded, and nothing has gone wrong |
| troubled | it is in use, and a hook of it failed since, or no process of its capability is well |
| refused | left out: written for another plugin API, or what it registers cannot be |
| broken | left out: it does not import, or failed or hung while it registered |
| off | installed, and not named by `ATELIER_PLUGINS` |
"""


def reference() -> str:
    """Return the page, in Markdown."""
    hooks = "\n".join(_hook(getattr(hookspecs, name)) for name in HOOKS)
    types = "\n".join(_types())
    intro = inspect.cleandoc(hookspecs.__doc__ or "")
    head = _HEAD.format(version=version_text())
    return f"{head}{intro}\n\n{_table()}\n{hooks}\n## Types\n\n{types}\n{_TAIL}"


def _table() -> str:
    rows = (f"| [`{name}`](#{name}) | {_kind(name)} | {_first_line(getattr(hookspecs, name))} |\n" for name in HOOKS)
    return "| hook | kind | |\n|---|---|---|\n" + "".join(rows)


def _hook(hook: Callable[..., object]) -> str:
    signature = f"def {hook.__name__}{inspect.signature(hook)}".replace("'", "")
    return f"## {hook.__name__}\n\n*{_kind(hook.__name__)}*\n\n```python\n{signature}\n```\n\n{inspect.getdoc(hook)}\n"


def _types() -> Iterator[str]:
    for name in sorted(atelier_sdk.__all__):
        kind = getattr(atelier_sdk, name)
        if inspect.isclass(kind) and dataclasses.is_dataclass(kind):
            fields = "\n".join(_field(field) for field in dataclasses.fields(kind))
            yield f"### {name}\n\n{inspect.getdoc(kind)}\n\n```python\n{fields}\n```\n"


def _field(field: dataclasses.Field[object]) -> str:
    if field.default is not dataclasses.MISSING:
        return f"{field.name}: {field.type} = {field.default!r}"
    made = field.default_factory is not dataclasses.MISSING
    return f"{field.name}: {field.type} = {{}}" if made else f"{field.name}: {field.type}"


def _kind(name: str) -> str:
    kind: str = getattr(getattr(hookspecs, name), KIND)
    return kind


def _first_line(hook: Callable[..., object]) -> str:
    return (inspect.getdoc(hook) or "").splitlines()[0]


if __name__ == "__main__":
    sys.stdout.write(reference())
