"""What the environment says of the backend."""

from __future__ import annotations

from pathlib import Path

import pytest
from atelier_generate.backends import open_backend
from atelier_generate.diffusion.backend import DiffusersBackend
from atelier_generate.diffusion.settings import DiffusersSettings
from atelier_rpc.settings import SettingsError, read, table

PAGE = Path(__file__).parents[4] / "docs" / "75-generate.md"


def test_the_page_has_the_settings_as_they_are() -> None:
    assert table(DiffusersSettings) in PAGE.read_text(encoding="utf-8")


def test_the_default_may_be_used_for_anything() -> None:
    assert DiffusersSettings().family.licence == "Apache-2.0"


def test_a_family_and_its_folder_come_from_the_environment() -> None:
    settings = read(DiffusersSettings, {"ATELIER_GENERATOR_FAMILY": "z-image-turbo", "ATELIER_HOME": "/srv/atelier"})
    assert (settings.family.title, settings.folder) == (
        "Z-Image-Turbo",
        Path("/srv/atelier/checkpoints/z-image-turbo"),
    )


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ATELIER_GENERATOR_FAMILY", "flux3", "flux2-klein-4b, flux1-schnell"),
        ("ATELIER_GENERATOR_PRECISION", "int4", "bfloat16, float16, float32"),
        ("ATELIER_GENERATOR_SIDE", "20", "between 64 and 4096"),
        ("ATELIER_GENERATOR_OFFLOAD", "all", "none, models, layers"),
        ("ATELIER_GENERATOR_BASE", "photograph", "none, atelier-base"),
        ("ATELIER_GENERATOR_STRENGTH", "0", "between 0.05 and 1"),
        ("ATELIER_GENERATOR_TILES", "perhaps", "neither true nor false"),
    ],
)
def test_a_wrong_value_stops_the_start_and_is_named(variable: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=f"{variable}.*{said}"):
        read(DiffusersSettings, {variable: value})


def test_a_base_is_refused_where_the_family_cannot_begin_from_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ATELIER_GENERATOR_FAMILY", "unconditional")
    monkeypatch.setenv("ATELIER_GENERATOR_BASE", "atelier-base")
    monkeypatch.setattr("sys.argv", ["atelier-generate"])
    with pytest.raises(SystemExit) as stopped:
        open_backend("diffusers")
    assert stopped.value.code == 2
    assert "ATELIER_GENERATOR_BASE" in capsys.readouterr().err


def test_the_service_makes_the_backend_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATELIER_GENERATOR_FAMILY", "sdxl")
    monkeypatch.setattr("sys.argv", ["atelier-generate"])
    made = open_backend("diffusers")
    assert isinstance(made, DiffusersBackend)
    assert (made.name, made.family, made.takes_references) == ("diffusers", "tags", False)
