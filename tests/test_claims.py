"""A test makes a claim that can fail; code that only runs proves that it does not raise, and says so nowhere."""

from __future__ import annotations

import ast
from pathlib import Path

HERE = Path(__file__).parent
FAILING = {"raises", "fail", "warns"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def claimless(source: str) -> list[str]:
    """Return the tests of a module that claim nothing, neither themselves nor by a function of the same module."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, Function)]
    claiming = {function.name for function in functions if claims(function)}
    return [
        function.name
        for function in functions
        if function.name.startswith("test_") and not claims(function) and not called(function) & claiming
    ]


def claims(function: Function) -> bool:
    asserts = any(isinstance(node, ast.Assert) for node in ast.walk(function))
    return asserts or any(name in FAILING or name.startswith("assert_") for name in called(function))


def called(function: Function) -> set[str]:
    """Return the last names of what a function calls: `pytest.raises` is `raises`."""
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    methods = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    return methods | {call.id for call in calls if isinstance(call, ast.Name)}


def test_every_test_makes_a_claim() -> None:
    modules = sorted(HERE.rglob("test_*.py"))
    assert len(modules) > 100
    found = {str(path.relative_to(HERE)): claimless(path.read_text("utf-8")) for path in modules}
    assert {path: names for path, names in found.items() if names} == {}


def test_a_test_that_only_runs_is_found() -> None:
    source = """
def held(value):
    assert value

def test_runs():
    open("file")

def test_claims():
    assert 1

def test_claims_elsewhere():
    held(1)

def test_claims_a_refusal():
    with pytest.raises(ValueError):
        int("x")
"""
    assert claimless(source) == ["test_runs"]
