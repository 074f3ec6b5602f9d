"""The README is true: its links lead somewhere, its commands exist, its figures of presets hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from atelier_client.cli import atelier
from click.testing import CliRunner

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_command_of_the_readme_exists() -> None:
    named = set(re.findall(r"^atelier ([a-z]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    answers = {name: CliRunner().invoke(atelier, [name, "--help"]).exit_code for name in named}
    assert answers == dict.fromkeys(named, 0)
    assert named


def test_every_task_of_the_pages_is_in_the_makefile() -> None:
    tasks = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {task for page in PAGES for task in re.findall(r"`make ([a-z]+)", page.read_text())}
    assert named - tasks == set()
