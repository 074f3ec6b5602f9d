"""The families of checkpoints are data, and what the pull command knows fits them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from atelier_generate.diffusion.families import families
from atelier_generate.director import direct
from atelier_models import checkpoints

PAGE = Path(__file__).parents[4] / "docs" / "75-generate.md"


@pytest.mark.parametrize(
    ("name", "steps", "call"),
    [
        ("flux2-klein-4b", 4, {"guidance_scale": 1.0}),
        ("flux1-schnell", 4, {"guidance_scale": 0.0, "max_sequence_length": 256}),
        ("z-image-turbo", 8, {"guidance_scale": 0.0}),
        ("qwen-image", 50, {"true_cfg_scale": 4.0}),
        ("qwen-image-edit-2509", 40, {"true_cfg_scale": 4.0}),
        ("sdxl", 30, {"guidance_scale": 5.0}),
        ("unconditional", 1000, {}),
    ],
)
def test_each_is_called_as_it_was_trained(name: str, steps: int, call: dict[str, float]) -> None:
    assert (families()[name].steps, dict(families()[name].call)) == (steps, call)


@pytest.mark.parametrize("name", ["qwen-image", "qwen-image-edit-2509"])
def test_an_adapter_for_few_steps_turns_guidance_off(name: str) -> None:
    lightning = families()[name].lightning
    assert lightning is not None
    assert (lightning.steps, lightning.call) == (4, {"true_cfg_scale": 1.0})
    assert lightning.scheduler["max_shift"] == pytest.approx(1.0986, abs=1e-4)


def test_what_can_be_pulled_is_the_same_pipeline_under_the_same_licence() -> None:
    pulled = checkpoints.load()
    for name, family in families().items():
        if family.pullable:
            assert (pulled[name].pipeline, pulled[name].licence) == (family.pipeline, family.licence)
    assert [name for name, family in families().items() if not family.pullable] == ["unconditional", "other"]


def test_each_family_is_spoken_to_in_words_that_the_director_has() -> None:
    from atelier.v1 import generate_pb2

    for family in families().values():
        composed = direct(generate_pb2.Direction(mood="calm"), family.words, frozenset())
        assert "calm" in composed.prompt.lower(), family.name


def test_every_pipeline_is_one_of_diffusers() -> None:
    diffusers = pytest.importorskip("diffusers")
    assert [one.pipeline for one in families().values() if one.pipeline and not hasattr(diffusers, one.pipeline)] == []


def test_the_page_says_of_each_family_its_licence_and_its_figures() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for family in families().values():
        assert f"| `{family.name}` | {family.licence} | {family.steps} |" in page


def test_the_data_is_in_the_package() -> None:
    assert files("atelier_generate.diffusion").joinpath("families.toml").is_file()
