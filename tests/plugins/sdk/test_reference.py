"""The hook reference, and that every hook is in it and is tested."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
import types
from pathlib import Path

import pytest
from atelier_sdk import Refusal, hookspecs
from atelier_sdk.api import version_text, why_not
from atelier_sdk.calls import CallInfo
from atelier_sdk.discovery import Found
from atelier_sdk.host import HOOKS, PluginHost
from atelier_sdk.markers import KIND
from atelier_sdk.reference import reference

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "plugins" / "hooks.md"
TESTS = (ROOT / "tests" / "plugins", ROOT / "tests" / "gateway", ROOT / "tests" / "services", ROOT / "tests" / "deploy")


def test_the_page_is_what_the_specs_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "python -m atelier_sdk.reference > docs/plugins/hooks.md"


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_of_one_of_two_kinds(hook: str) -> None:
    assert getattr(getattr(hookspecs, hook), KIND) in {"register", "transform"}


def test_every_hook_is_implemented_by_a_test() -> None:
    sources = "\n".join(path.read_text("utf-8") for folder in TESTS for path in folder.rglob("test_*.py"))
    assert [hook for hook in HOOKS if len(re.findall(rf"\b{hook}\b", sources)) < 2] == []


def test_the_example_of_the_page_works() -> None:
    (code,) = re.findall(r"```python\n(from atelier_sdk.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    module = types.ModuleType("example")
    exec(code, vars(module))  # noqa: S102 - the page's own code
    host = PluginHost()
    host.add(Found("example", "example", "1.0", lambda: module))
    (plugin,) = host.users("atelier_admit")
    refused = host.ask(
        plugin, "atelier_admit", call=CallInfo("id", "guest", "generate", "atelier.v1.GenerateService", "Generate", 1.0)
    )
    assert refused == Refusal("Guests do not generate.", "NO_GUESTS")
    let_in = CallInfo("id", "studio", "generate", "atelier.v1.GenerateService", "Generate", 1.0)
    assert host.ask(plugin, "atelier_admit", call=let_in) is None


def test_the_sdk_needs_pluggy_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "plugins" / "sdk" / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["dependencies"] == ["pluggy"]


def test_what_a_plugin_imports_needs_nothing_but_pluggy() -> None:
    """The kit, the skeleton writer and the compiler of proto files are extras: nobody else may import them."""
    folder = ROOT / "plugins" / "sdk" / "src" / "atelier_sdk"
    extras = {"stubs.py", "pytest_plugin.py"}
    for path in [path for path in folder.glob("*.py") if path.name not in extras]:
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            tops = {name.partition(".")[0] for name in names}
            assert tops <= {"pluggy", "atelier_sdk", *sys.stdlib_module_names}, path.name
            assert not any(name.startswith(("atelier_sdk.testing", "atelier_sdk.stubs")) for name in names), path.name


def test_the_page_of_versions_says_what_a_host_says() -> None:
    page = PAGE.with_name("versions.md").read_text(encoding="utf-8")
    assert f'atelier_api = "{version_text()}"' in page
    assert f"the plugin mono 0.3.0 is refused: {why_not('1.4')}" in page
