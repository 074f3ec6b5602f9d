from __future__ import annotations

import ast
import inspect
import typing
from typing import TYPE_CHECKING

import pluggy
import pytest
from atelier_sdk import Capability, hookimpl, hookspecs

if TYPE_CHECKING:
    from collections.abc import Callable


def specs() -> list[Callable[..., object]]:
    functions = [item for _, item in inspect.getmembers(hookspecs, inspect.isfunction)]
    return [function for function in functions if function.__module__ == hookspecs.__name__]


@pytest.fixture
def manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager("atelier")
    manager.add_hookspecs(hookspecs)
    return manager


def test_every_function_of_the_module_is_a_hook() -> None:
    assert [function.__name__ for function in specs() if not hasattr(function, "atelier_spec")] == []
    assert len(specs()) > 0


@pytest.mark.parametrize("hook", specs(), ids=lambda hook: hook.__name__)
def test_a_hook_is_named_typed_and_documented(hook: Callable[..., object]) -> None:
    """The docstring says when it is called, what becomes of the answer, what an exception does, and each parameter."""
    said = inspect.getdoc(hook) or ""
    assert hook.__name__.startswith("atelier_")
    assert "Called" in said
    assert "answer" in said
    assert "exception" in said
    signature = inspect.signature(hook)
    assert [name for name in signature.parameters if f"`{name}`" not in said] == []
    assert signature.return_annotation is not inspect.Signature.empty
    assert [p.name for p in signature.parameters.values() if p.annotation is p.empty] == []


@pytest.mark.parametrize("hook", specs(), ids=lambda hook: hook.__name__)
def test_the_body_of_a_hook_is_its_docstring(hook: Callable[..., object]) -> None:
    (function,) = ast.parse(inspect.getsource(hook)).body
    assert isinstance(function, ast.FunctionDef)
    assert [type(statement) for statement in function.body] == [ast.Expr]


def test_the_capabilities_of_all_plugins_are_asked_for(manager: pluggy.PluginManager) -> None:
    class One:
        @hookimpl
        def atelier_capabilities(self) -> typing.Iterable[Capability]:
            return [Capability("one", "example.v1.OneService", "One.", b"", ("one",))]

    class Two:
        @hookimpl
        def atelier_capabilities(self) -> typing.Iterable[Capability]:
            return [Capability("two", "example.v1.TwoService", "Two.", b"", ("two",))]

    manager.register(One())
    manager.register(Two())
    manager.check_pending()
    answers = manager.hook.atelier_capabilities()
    assert sorted(capability.name for answer in answers for capability in answer) == ["one", "two"]


def test_an_implementation_with_a_parameter_that_the_hook_lacks_is_refused(manager: pluggy.PluginManager) -> None:
    class Wrong:
        @hookimpl
        def atelier_capabilities(self, surprise: str) -> typing.Iterable[Capability]:
            return [Capability(surprise, "example.v1.OneService", "One.", b"", ("one",))]

    with pytest.raises(pluggy.PluginValidationError, match="surprise"):
        manager.register(Wrong())
