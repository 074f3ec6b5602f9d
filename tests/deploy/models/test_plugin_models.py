"""Models that plugins bring."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest
from atelier_models import catalogue
from atelier_models.downloads import present, pull
from atelier_models.plugin_models import plugin_catalogues, with_plugins
from atelier_models.progress import Silent

from tests.plugins.distributions import write

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"weights of a plugin"
SOURCE = f"""
[[source]]
name = "opticians"
registry = "committed"
package = "atelier-glasses"
version = "0.1.0"
file = "glasses.zip"
size = {len(CONTENT)}
sha256 = "{hashlib.sha256(CONTENT).hexdigest()}"
license = "MIT"
homepage = "https://example.org"
"""


def iris_as(name: str) -> str:
    """The entry of our iris model, under another name and out of the plugin's source."""
    (entry,) = re.findall(r'\[\[model\]\]\nname = "iris"\n.*?(?=\n\[\[|\Z)', catalogue.own_text(), re.DOTALL)
    return re.sub(r'source = ".*?"', 'source = "opticians"', entry.replace('"iris"', f'"{name}"', 1), count=1)


@pytest.fixture
def own() -> catalogue.Catalogue:
    return catalogue.parse(catalogue.own_text())


def brought(folder: Path, text: str) -> Path:
    path = folder / "catalogue.toml"
    (folder / "weights").mkdir()
    (folder / "weights" / "glasses.zip").write_bytes(CONTENT)
    path.write_text(text, encoding="utf-8")
    return path


def test_models_of_plugins_stand_beside_ours(own: catalogue.Catalogue, tmp_path: Path) -> None:
    path = brought(tmp_path, SOURCE + iris_as("glasses"))
    both = with_plugins(own, [("optics 1.0", path)])
    assert {*both.models} - {*own.models} == {"glasses"}
    assert both.models["glasses"].shapes == own.models["iris"].shapes
    assert both.models["glasses"].triton.max_batch == own.models["iris"].triton.max_batch


def test_weights_that_come_with_a_plugin_are_found_beside_its_file(own: catalogue.Catalogue, tmp_path: Path) -> None:
    path = brought(tmp_path, SOURCE + iris_as("glasses"))
    source = with_plugins(own, [("optics 1.0", path)]).sources["opticians"]
    assert present(source, tmp_path / "home")
    assert pull(source, tmp_path / "home", Silent()).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (SOURCE + iris_as("face_mesh"), "face_mesh: there is one of that name"),
        (SOURCE.replace("license", "licence") + iris_as("glasses"), "missing or unknown key"),
        ("this is no TOML", "not TOML"),
        ("", "source"),
    ],
)
def test_a_file_that_cannot_be_used_is_left_out_and_its_plugin_is_named(
    own: catalogue.Catalogue, tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, why: str
) -> None:
    assert with_plugins(own, [("optics 1.0", brought(tmp_path, text)), ("gone 2.0", tmp_path / "not-there")]) == own
    assert "models of the plugin optics 1.0 are left out" in caplog.text
    assert why in caplog.text
    assert "models of the plugin gone 2.0 are left out" in caplog.text


def test_the_catalogue_asks_installed_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = brought(tmp_path, SOURCE + iris_as("glasses"))
    source = f"from pathlib import Path\n@hookimpl\ndef atelier_models():\n    yield ModelSource(Path({str(path)!r}))"
    write(tmp_path / "site", "optics", source)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    plugin_catalogues.cache_clear()
    try:
        assert "glasses" in catalogue.load().models
    finally:
        plugin_catalogues.cache_clear()
