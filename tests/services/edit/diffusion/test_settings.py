"""What the environment says of the backend."""

from __future__ import annotations

from pathlib import Path

import pytest
from atelier_edit.diffusion.settings import DiffusionSettings, read_settings
from atelier_rpc.settings import SettingsError, table

PAGE = Path(__file__).parents[4] / "docs" / "71-edit.md"


def test_the_page_has_the_settings_as_they_are() -> None:
    assert table(DiffusionSettings) in PAGE.read_text(encoding="utf-8")


def test_light_is_computed_without_a_network_unless_one_is_asked_for() -> None:
    assert DiffusionSettings().family is None


def test_a_family_and_its_folder_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATELIER_EDIT_BACKEND", "flux2-klein-4b")
    monkeypatch.setenv("ATELIER_HOME", "/srv/atelier")
    settings = read_settings()
    assert settings.family is not None
    assert settings.family.title == "FLUX.2 klein 4B"
    assert settings.folder == Path("/srv/atelier/checkpoints/flux2-klein-4b")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ATELIER_EDIT_BACKEND", "midjourney", "classical, flux2-klein-4b"),
        ("ATELIER_EDIT_SIDE", "20", "between 64 and 4096"),
        ("ATELIER_EDIT_OFFLOAD", "perhaps", "neither true nor false"),
    ],
)
def test_a_wrong_value_stops_the_start_and_is_named(
    variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"{variable}.*{said}"):
        read_settings()
