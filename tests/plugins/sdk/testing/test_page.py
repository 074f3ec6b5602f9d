"""The page about the contract lists what there is, and its code runs."""

from __future__ import annotations

import re
import sys
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from atelier_sdk import CallInfo, Refusal, hookimpl
from atelier_sdk.testing import Edit
from atelier_sdk.testing.contract import EditContract
from atelier_sdk.testing.editing import MAX_SHIFT_PIXELS
from atelier_sdk.testing.refusing import MAX_DETAILS_BYTES
from atelier_sdk.testing.stopping import STOPPED_SHARE, TOO_QUICK_SECONDS

ROOT: Final = Path(__file__).resolve().parents[4]
PAGE: Final = (ROOT / "docs/plugins/conformance.md").read_text("utf-8")


def rows(title: str) -> list[str]:
    """The first column of the table below a title."""
    section = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_every_rule_is_listed_in_its_order() -> None:
    parts = reversed(EditContract.__mro__)  # the order in which pytest runs them
    rules = [name.removeprefix("test_") for part in parts for name in vars(part) if name.startswith("test_")]
    assert rows("The rules") == rules


def test_every_field_of_an_edit_is_explained() -> None:
    assert rows("Declaring a control") == [field.name for field in fields(Edit)]


@pytest.mark.parametrize(
    "said",
    [
        f"at most {MAX_SHIFT_PIXELS} px",
        f"at most {STOPPED_SHARE:.0%} of".replace("%", " %"),
        f"within {TOO_QUICK_SECONDS} s",
        f"below {MAX_DETAILS_BYTES} bytes",
    ],
)
def test_its_numbers_are_those_of_the_kit(said: str) -> None:
    assert said in PAGE


def test_the_example_of_a_hooks_test_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    @hookimpl
    def atelier_admit(call: CallInfo) -> Refusal | None:
        return Refusal("Closed.", "OUT_OF_HOURS") if call.tenant == "studio" else None

    package, plugin = ModuleType("office_hours"), ModuleType("office_hours.plugin")
    monkeypatch.setattr(plugin, "atelier_admit", atelier_admit, raising=False)
    monkeypatch.setattr(package, "plugin", plugin, raising=False)
    monkeypatch.setitem(sys.modules, "office_hours", package)
    names: dict[str, object] = {}
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "FakeHost" in block]
    exec(code, names)  # noqa: S102 (our own page)
    test = names["test_nobody_is_let_in_at_night"]
    assert callable(test)
    test()
