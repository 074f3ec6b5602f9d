"""What marks a function as a hook or as its implementation.

There are two kinds of hooks and no others. *Register*: asked once, the answers of all plugins are put together.
*Transform*: asked for each call, one plugin after the other, each given what the one before made of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable

Hook = TypeVar("Hook", bound="Callable[..., Any]")
Kind = Literal["register", "transform"]

PROJECT: Final = "atelier"
KIND: Final = "atelier_kind"

hookimpl = pluggy.HookimplMarker(PROJECT)
_hookspec = pluggy.HookspecMarker(PROJECT)


def register(hook: Hook) -> Hook:
    """Mark a hook that is asked once, when a process starts."""
    return _marked(hook, "register")


def transform(hook: Hook) -> Hook:
    """Mark a hook that is asked for each call."""
    return _marked(hook, "transform")


def _marked(hook: Hook, kind: Kind) -> Hook:
    setattr(hook, KIND, kind)
    return _hookspec(hook)
